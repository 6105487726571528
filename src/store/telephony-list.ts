/**
 * What an account has, as the account APIs list it: what lies in the account and is assigned to nobody else, and what others
 * assigned to it. A part of a list is read, and what reaches each row is worked out for that part alone.
 */
import { type RawBuilder, sql } from 'kysely';

import type { Kind } from '#core/kind.ts';
import type { NumberClass } from '#core/number-market.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, entityState } from '#store/entity.ts';

export interface ListPart {
  readonly offset: number;
  readonly limit: number;
}

export interface NumberFilter {
  /** Part of the number; `*` stands for any characters. */
  readonly number?: string | undefined;
  /** Part of the friendly name, case ignored; or all of it. */
  readonly name?: string | undefined;
  readonly isNameWhole?: boolean | undefined;
  /** Local, too, are those of which nobody said what they are. */
  readonly numberClass?: NumberClass | undefined;
  /** Absent: in the order of their creation. */
  readonly sortBy?: 'number' | 'name' | undefined;
  readonly isReverse?: boolean | undefined;
}

/** Entities of a kind that lie right in an account and are its own, or are assigned to it from elsewhere, and are open. */
function openOf(accountId: number, kind: Kind): RawBuilder<unknown> {
  return sql`select e.id from entity e
      where e.parent_id = ${accountId} and e.kind = ${kind} and e.owner_id is null and e.closed_at is null
    union all
    select e.id from entity e where e.owner_id = ${accountId} and e.kind = ${kind} and closed_since(e.id) is null`;
}

/** Of a closed account: the numbers that its providers have not taken back. */
function pendingOf(accountId: number): RawBuilder<unknown> {
  return sql`select e.id from entity e
      where e.parent_id = ${accountId} and e.kind = 'phone_number' and e.closed_at is null and release_pending(e.id)`;
}

/** Whether anything of an account that is itself open or closed is to be found. */
interface Holder {
  readonly id: number;
  readonly closed: boolean;
}

function numbersOf({ id, closed }: Holder): RawBuilder<unknown> {
  return closed ? pendingOf(id) : openOf(id, 'phone_number');
}

function matching({ number, name, isNameWhole, numberClass }: NumberFilter): RawBuilder<unknown> {
  const parts = [sql`true`];
  if (number !== undefined) parts.push(sql`${numberText} like ${`%${likeText(number).replaceAll('*', '%')}%`}`);
  if (name !== undefined && isNameWhole === true) parts.push(sql`${nameText} = ${name}`);
  else if (name !== undefined) parts.push(sql`${nameText} ilike ${`%${likeText(name)}%`}`);
  if (numberClass !== undefined) parts.push(sql`coalesce(n.number_class, 'local') = ${numberClass}`);
  return sql.join(parts, sql` and `);
}

const numberText = sql`coalesce(n.e164, n.sip_number)`;
/** A number without a name of its own goes by itself. */
const nameText = sql`coalesce(n.friendly_name, n.e164, n.sip_number)`;

function likeText(text: string): string {
  return text.replace(/[%_\\]/g, '\\$&');
}

/** A part of the numbers of an account. */
export function listNumbersOf(
  session: Session,
  holder: Holder,
  filter: NumberFilter,
  { offset, limit }: ListPart,
): Promise<EntityState[]> {
  const direction = filter.isReverse === true ? sql`desc` : sql`asc`;
  const key = filter.sortBy === undefined ? sql`n.entity_id` : filter.sortBy === 'number' ? numberText : nameText;
  return session.rows(
    sql<EntityState>`select ${entityState} from (
        select n.entity_id, row_number() over (order by ${key} ${direction}, n.entity_id ${direction}) as place
        from (${numbersOf(holder)}) m join phone_number n on n.entity_id = m.id where ${matching(filter)}
        order by place limit ${limit} offset ${offset}
      ) p join entity e on e.id = p.entity_id cross join lateral restrictions(e.id) r order by p.place`,
  );
}

export async function countNumbersOf(session: Session, holder: Holder, filter: NumberFilter): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) from (${numbersOf(holder)}) m join phone_number n on n.entity_id = m.id
      where ${matching(filter)}`,
  );
  return row?.count ?? 0;
}

/** A part of the applications or clients of an open account, in the order of their creation. */
export function listOf(
  session: Session,
  accountId: number,
  kind: 'application' | 'sip_account',
  { offset, limit }: ListPart,
): Promise<EntityState[]> {
  return session.rows(
    sql<EntityState>`select ${entityState} from (
        select m.id from (${ofKind(accountId, kind)}) m order by m.id limit ${limit} offset ${offset}
      ) p join entity e on e.id = p.id cross join lateral restrictions(e.id) r order by e.id`,
  );
}

export async function countOf(
  session: Session,
  accountId: number,
  kind: 'application' | 'sip_account',
): Promise<number> {
  const row = await session.row(sql<{ count: number }>`select count(*) from (${ofKind(accountId, kind)}) m`);
  return row?.count ?? 0;
}

/** SIP accounts lie in the domains of an account, where they are its own; those in domains of others are assigned to it. */
function ofKind(accountId: number, kind: 'application' | 'sip_account'): RawBuilder<unknown> {
  if (kind === 'application') return openOf(accountId, kind);
  return sql`select e.id from entity d join entity e on e.parent_id = d.id
      where d.parent_id = ${accountId} and d.kind = 'sip_domain' and d.closed_at is null
        and e.kind = 'sip_account' and e.owner_id is null and e.closed_at is null
    union all
    select e.id from entity e where e.owner_id = ${accountId} and e.kind = 'sip_account' and closed_since(e.id) is null`;
}

export interface ApplicationNumberRow {
  readonly id: number;
  readonly uuid: string;
  readonly number: string;
  readonly friendly_name: string | null;
  readonly voice_application: number | null;
  readonly sms_application: number | null;
  readonly ussd_application: number | null;
  readonly refer_application: number | null;
}

/** The numbers of an open account that any of the applications answers, so many at the most. */
export function listNumbersAnsweredBy(
  session: Session,
  accountId: number,
  applications: readonly number[],
  limit: number,
): Promise<ApplicationNumberRow[]> {
  const ids = sql`${[...applications]}::bigint[]`;
  return session.rows(
    sql<ApplicationNumberRow>`select e.id, e.uuid, ${numberText} as number, n.friendly_name, n.voice_application_id as voice_application,
        n.sms_application_id as sms_application, n.ussd_application_id as ussd_application, n.refer_application_id as refer_application
      from (${openOf(accountId, 'phone_number')}) m join phone_number n on n.entity_id = m.id join entity e on e.id = m.id
      where n.voice_application_id = any (${ids}) or n.sms_application_id = any (${ids})
        or n.ussd_application_id = any (${ids}) or n.refer_application_id = any (${ids})
      order by e.id limit ${limit}`,
  );
}

/** Pure SIP numbers of an open account, which lie in a domain that is its organization's, or was. */
export async function listSipNumbers(session: Session, accountId: number): Promise<number[]> {
  const rows = await session.rows(
    sql<{
      id: number;
    }>`select m.id from (${openOf(accountId, 'phone_number')}) m join phone_number n on n.entity_id = m.id
      where n.sip_number is not null order by m.id`,
  );
  return rows.map(({ id }) => id);
}
