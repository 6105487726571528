/** What the account APIs of Restcomm and Twilio show of accounts, read in a few queries whatever their number. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import { type EntityState, entityState } from '#store/entity.ts';
import type { Transaction } from '#store/transaction.ts';

export interface TelephonyRow {
  readonly id: number;
  readonly login_id: string | null;
  /** The name of the account's own login; null where it has none. */
  readonly login_name: string | null;
  readonly login_role: string | null;
  readonly token_id: string | null;
  readonly token_sealed: Buffer | null;
  readonly organization_uuid: string | null;
  readonly organization_domain: string | null;
  /** Profiles of the holds in force on the account itself. */
  readonly own_profiles: string[];
  readonly is_held_above: boolean;
}

/** By number; the order is that of the numbers. */
export function readTelephonyRows(session: Session, ids: readonly number[]): Promise<TelephonyRow[]> {
  return session.rows(
    sql<TelephonyRow>`select e.id, l.id as login_id, l.name as login_name, l.role as login_role, k.id as token_id, k.token_sealed,
        o.uuid as organization_uuid, d.domain as organization_domain,
        array(select h.profile from hold h where h.entity_id = e.id and h.activated_at is not null and h.ended_at is null
          order by h.profile) as own_profiles,
        exists (select from hold h where h.entity_id = any (e.ancestors[:array_length(e.ancestors, 1) - 1])
          and h.activated_at is not null and h.ended_at is null) as is_held_above
      from entity e join account a on a.entity_id = e.id
      left join login l on l.account_id = e.id and l.is_account
      left join api_key k on k.login_id = l.id and k.token_sealed is not null
      left join entity o on o.id = a.organization_id left join sip_domain d on d.entity_id = o.id
      where e.id = any (${[...ids]}::bigint[]) order by e.id`,
  );
}

/** The number of the account that an e-mail names; null when it names none. */
export async function findAccountByEmail(session: Session, email: string): Promise<number | null> {
  const row = await session.row(
    sql<{ account_id: number }>`select account_id from login where name = ${email} and is_account`,
  );
  return row?.account_id ?? null;
}

/** The number of the SIP domain in which an account makes its clients; null where it has none. */
export async function organizationOf(session: Session, accountId: number): Promise<number | null> {
  const row = await session.row(
    sql<{ organization_id: number | null }>`select organization_id from account where entity_id = ${accountId}`,
  );
  return row?.organization_id ?? null;
}

/** The accounts right beneath another one, closed ones included, in the order in which they were made. */
export function listSubaccounts(session: Session, parentId: number, limit: number): Promise<EntityState[]> {
  return session.rows(
    sql<EntityState>`select ${entityState} from entity e cross join lateral restrictions(e.id) r
      where e.parent_id = ${parentId} and e.kind = 'account' order by e.id limit ${limit}`,
  );
}

/** The accounts of an organization, closed ones included, in the order in which they were made. */
export function listOrganizationAccounts(
  session: Session,
  organizationId: number,
  limit: number,
): Promise<EntityState[]> {
  return session.rows(
    sql<EntityState>`select ${entityState} from account a join entity e on e.id = a.entity_id
      cross join lateral restrictions(e.id) r where a.organization_id = ${organizationId} order by e.id limit ${limit}`,
  );
}

/** SIP domains, closed ones included, in the order in which they were made. */
export function listOrganizations(session: Session, limit: number): Promise<EntityState[]> {
  return session.rows(
    sql<EntityState>`select ${entityState} from sip_domain d join entity e on e.id = d.entity_id
      cross join lateral restrictions(e.id) r order by e.id limit ${limit}`,
  );
}

/** The accounts of a subtree that have another organization or none, itself among them, by number. */
export function listOutside(
  session: Session,
  accountId: number,
  organizationId: number,
): Promise<{ readonly id: number; readonly organization_id: number | null }[]> {
  return session.rows(
    sql<{ id: number; organization_id: number | null }>`select e.id, a.organization_id from entity e
      join account a on a.entity_id = e.id
      where e.ancestors @> array[${accountId}::bigint] and a.organization_id is distinct from ${organizationId}
      order by e.id`,
  );
}

/** Gives accounts another organization. */
export async function setOrganization(
  transaction: Transaction,
  ids: readonly number[],
  organizationId: number,
): Promise<void> {
  await transaction.rows(
    sql`update account set organization_id = ${organizationId} where entity_id = any (${[...ids]}::bigint[])`,
  );
  await transaction.rows(
    sql`update entity set version = version + 1, updated_at = now() where id = any (${[...ids]}::bigint[])`,
  );
}
