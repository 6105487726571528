/** An account and those right beneath it, as one list: itself first, then the others in the order in which they were made. */
import { type RawBuilder, sql } from 'kysely';

import type { Session } from '#store/database.ts';
import { type EntityState, entityState } from '#store/entity.ts';

export interface FamilyFilter {
  /** The whole name. */
  readonly name?: string | undefined;
  /** What an account comes to, by itself and by what is above it. */
  readonly standing?: 'active' | 'suspended' | 'closed' | undefined;
  /** Whether the list ends with the account itself. */
  readonly isAlone: boolean;
}

function family(accountId: number, { name, standing, isAlone }: FamilyFilter): RawBuilder<unknown> {
  const members = isAlone
    ? sql`e.id = ${accountId}`
    : sql`(e.id = ${accountId} or (e.parent_id = ${accountId} and e.kind = 'account'))`;
  const parts = [members];
  if (name !== undefined) parts.push(sql`e.label = ${name}`);
  if (standing === 'closed') parts.push(sql`r.closed`);
  if (standing === 'suspended') parts.push(sql`not r.closed and (r.denied | r.intercepted) <> 0`);
  if (standing === 'active') parts.push(sql`not r.closed and (r.denied | r.intercepted) = 0`);
  // What holds each of them is worked out only where it is asked for: there may be tens of thousands.
  const reach = standing === undefined ? sql`` : sql`cross join lateral restrictions(e.id) r`;
  return sql`entity e ${reach} where ${sql.join(parts, sql` and `)}`;
}

/** A part of the list. */
export function listFamily(
  session: Session,
  accountId: number,
  filter: FamilyFilter,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<EntityState[]> {
  return session.rows(
    sql<EntityState>`select ${entityState} from (
        select e.id from ${family(accountId, filter)} order by e.id <> ${accountId}, e.id limit ${limit} offset ${offset}
      ) p join entity e on e.id = p.id cross join lateral restrictions(e.id) r order by e.id <> ${accountId}, e.id`,
  );
}

/** How many the list has; with `until` how many of them come up to and with that member, in it or not any more. */
export async function countFamily(
  session: Session,
  accountId: number,
  filter: FamilyFilter,
  until?: number,
): Promise<number> {
  const where =
    until === undefined
      ? sql`true`
      : until === accountId
        ? sql`e.id = ${accountId}`
        : sql`(e.id = ${accountId} or e.id <= ${until})`;
  const row = await session.row(sql<{ count: number }>`select count(*) from ${family(accountId, filter)} and ${where}`);
  return row?.count ?? 0;
}
