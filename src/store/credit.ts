/**
 * Credits as rows: what accounts were granted, what they use, and the refusal of a charge that exceeds a limit.
 */
import { sql } from 'kysely';

import type { Credit, Grants } from '#core/credit.ts';
import { type Problem, problem } from '#core/problem.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

/** The state that `charge` raises when a limit would be exceeded. */
export const OVER_CREDIT = 'AB001';

/** What is known of a charge that was refused. */
interface Excess {
  readonly credit: Credit;
  readonly ancestor: string;
  readonly ancestorLabel: string;
  readonly limit: number;
  readonly used: number;
  readonly wanted: number;
}

/** The refusal that `charge` raised. */
export function overCredit(error: unknown): Problem {
  const { detail } = error as { detail: string }; // An error of the database, with the detail that `charge` gives it.
  const excess = JSON.parse(detail) as Excess; // Built by `charge`.
  const { credit, ancestor, ancestorLabel, limit, used, wanted } = excess;
  return problem(
    'over_credit',
    `${ancestorLabel} has a ${credit} of ${limit} and uses ${used}; there is no room for ${wanted} more.`,
    { facts: { credit, ancestor, ancestorLabel, limit, used, wanted } },
  );
}

export interface UsedBy {
  readonly id: string;
  readonly label: string;
  readonly used: number;
}

export interface CreditRow {
  readonly credit: Credit;
  readonly granted: number | null;
  readonly used: number;
}

/** What an account was granted and uses; a credit of which neither is known is absent. */
export function listCredits(session: Session, accountId: number): Promise<CreditRow[]> {
  return session.rows(
    sql<CreditRow>`select credit, granted, used from credit where account_id = ${accountId} order by credit`,
  );
}

/** Whether the accounts are resellers, as far as the limit that an absent grant means goes. */
export async function isReseller(session: Session, accountId: number): Promise<boolean> {
  const row = await session.row(
    sql<{ reseller: boolean }>`select reseller from account where entity_id = ${accountId}`,
  );
  return row?.reseller ?? false;
}

/** The open accounts right beneath an account that use credits, for each credit those that use most, with their number. */
export function listUsers(
  session: Session,
  accountId: number,
  limit: number,
): Promise<(UsedBy & { readonly credit: Credit; readonly total: number })[]> {
  return session.rows(
    sql<UsedBy & { credit: Credit; total: number }>`select credit, id, label, used, total from (
        select c.credit, e.uuid as id, e.label, c.used, count(*) over (partition by c.credit) as total,
          row_number() over (partition by c.credit order by c.used desc, e.id) as place
        from entity e join credit c on c.account_id = e.id
        where e.parent_id = ${accountId} and e.kind = 'account' and e.closed_at is null and c.used > 0
      ) ranked where place <= ${limit} or place = 1 order by credit, place`,
  );
}

/** Beneath more accounts than this, finding those that use most takes longer than a refusal should. */
const USERS_SEARCHED_MAX = 10_000;

/** Who uses a credit of the account, beneath which the viewer can see; null when it cannot, or there are too many. */
export async function findUsers(
  session: Session,
  ancestor: string,
  credit: Credit,
  viewerId: number,
  limit: number,
): Promise<UsedBy[] | null> {
  const account = await session.row(
    sql<{ id: number }>`select id from entity where uuid = ${ancestor}::uuid and ${viewerId}::bigint = any (ancestors)
      and (select count(*) from (
        select from entity c where c.parent_id = entity.id limit ${USERS_SEARCHED_MAX + 1}
      ) child) <= ${USERS_SEARCHED_MAX}`,
  );
  if (account === null) return null;
  return session.rows(
    sql<UsedBy>`select e.uuid as id, e.label, c.used from entity e join credit c on c.account_id = e.id and c.credit = ${credit}
      where e.parent_id = ${account.id} and e.kind = 'account' and e.closed_at is null and c.used > 0
      order by c.used desc, e.id limit ${limit}`,
  );
}

/** What an account uses, and so gives back or takes along with its subtree. */
export async function usedBeneath(session: Session, accountId: number): Promise<Map<Credit, number>> {
  const rows = await session.rows(
    sql<{
      credit: Credit;
      used: number;
    }>`select credit, used from credit where account_id = ${accountId} and used <> 0`,
  );
  return new Map(rows.map((row) => [row.credit, row.used]));
}

/** What a resource uses together with everything open in it; nothing when it was given back with its container. */
export async function usedInside(session: Session, resourceId: number): Promise<Map<Credit, number>> {
  const rows = await session.rows(
    sql<{ credit: Credit; used: number }>`select credit, used from credit_weight(${resourceId})`,
  );
  return new Map(rows.map((row) => [row.credit, row.used]));
}

/** Writes the grants that are named and leaves the others; the rows are taken in the order of `charge`. */
export async function writeGrants(transaction: Transaction, accountId: number, grants: Grants): Promise<void> {
  await transaction.rows(sql`select lock_credits(array[${accountId}::bigint], false)`);
  await transaction.rows(
    sql`insert into credit (account_id, credit, granted)
      select ${accountId}::bigint, key, (value #>> '{}')::integer from jsonb_each(${JSON.stringify(grants)}::jsonb) order by key
      on conflict (account_id, credit) do update set granted = excluded.granted`,
  );
}

/** The grants of accounts, by number; those without any are absent. */
export async function listGrants(
  session: Session,
  accountIds: readonly number[],
): Promise<Map<number, { readonly granted: Record<string, number>; readonly used: Record<string, number> }>> {
  const rows = await session.rows(
    sql<{ account_id: number; granted: Record<string, number>; used: Record<string, number> }>`
      select account_id, jsonb_object_agg(credit, granted) as granted, jsonb_object_agg(credit, used) as used
      from credit where account_id = any (${[...accountIds]}::bigint[]) and granted is not null group by account_id`,
  );
  return new Map(rows.map((row) => [row.account_id, row]));
}

export interface WrongCredit {
  readonly account_id: number;
  readonly credit: Credit;
  readonly used: number;
  readonly counted: number;
}

/** Accounts whose use is not what a count from scratch gives; in one statement, so of one moment. */
export function listWrongCredits(session: Session, limit: number): Promise<WrongCredit[]> {
  return session.rows(
    sql<WrongCredit>`select account_id, credit, coalesce(c.used, 0) as used, coalesce(r.used, 0) as counted
      from credit c full join recount_credits() r using (account_id, credit)
      where coalesce(c.used, 0) <> coalesce(r.used, 0) order by account_id, credit limit ${limit}`,
  );
}
