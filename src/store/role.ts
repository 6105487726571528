/** Roles of an account's own making. */
import { sql } from 'kysely';

import type { Subject } from '#core/authority.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface RoleRow {
  readonly account_id: number;
  readonly name: string;
  readonly description: string;
  readonly permissions: string[];
  readonly subject: Subject;
  readonly updated_at: Date;
}

/** The roles that count for an account: its own and those of the accounts above; of one name the nearest. */
export function listRoles(session: Session, line: readonly number[]): Promise<RoleRow[]> {
  return session.rows(
    sql<RoleRow>`select distinct on (r.name) r.* from unnest(${[...line]}::bigint[]) with ordinality u (id, depth)
      join role r on r.account_id = u.id order by r.name, u.depth desc`,
  );
}

export async function putRole(
  transaction: Transaction,
  role: Pick<RoleRow, 'account_id' | 'name' | 'description' | 'permissions' | 'subject'>,
): Promise<void> {
  await transaction.rows(
    sql`insert into role (account_id, name, description, permissions, subject)
      values (${role.account_id}, ${role.name}, ${role.description}, ${role.permissions}::text[], ${role.subject})
      on conflict (account_id, name) do update set description = excluded.description, permissions = excluded.permissions,
        subject = excluded.subject, updated_at = now()`,
  );
}

/** Removes a role. */
export async function deleteRole(transaction: Transaction, accountId: number, name: string): Promise<void> {
  await transaction.rows(sql`delete from role where account_id = ${accountId} and name = ${name}`);
}

/** How many logins of the account and beneath it have the role. */
export async function countRoleLogins(session: Session, accountId: number, name: string): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) from login l join entity e on e.id = l.account_id
      where l.role = ${name} and e.ancestors @> array[${accountId}::bigint]`,
  );
  return row?.count ?? 0;
}

/** Levels of accounts. */
export async function levelsOf(session: Session, accounts: readonly number[]): Promise<Map<number, string>> {
  const rows = await session.rows(
    sql<{ id: number; level: string }>`select id, level_of(id) as level from unnest(${[...accounts]}::bigint[]) u (id)`,
  );
  return new Map(rows.map((row) => [row.id, row.level]));
}

/** Whether a reseller among the accounts may not create anything. */
export async function isInactive(session: Session, accounts: readonly number[]): Promise<boolean> {
  const row = await session.row(
    sql<{ inactive: boolean }>`select exists (select from account
      where entity_id = any (${[...accounts]}::bigint[]) and reseller and not reseller_active) as inactive`,
  );
  return row?.inactive ?? false;
}
