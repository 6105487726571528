/** Logins as rows: who signs in for an account. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface LoginRow {
  readonly id: string;
  readonly account_id: number;
  readonly account_uuid: string;
  readonly name: string;
  readonly role: string;
  readonly password_hash: string | null;
  /** The account's own: by its SID or e-mail on the account APIs. Its hash is of the MD5 of the password. */
  readonly is_account: boolean;
  readonly enabled: boolean;
  /** How many entities one request on an account API may change; null: as many as the installation says. */
  readonly guard_limit: number | null;
  readonly version: number;
  readonly created_at: Date;
  readonly password_changed_at: Date | null;
  readonly last_used_at: Date | null;
}

const columns = sql`l.id, l.account_id, e.uuid as account_uuid, l.name, l.role, l.password_hash, l.is_account, l.enabled, l.guard_limit,
  l.version,
  l.created_at, l.password_changed_at, l.last_used_at`;

export function findLoginByName(session: Session, name: string): Promise<LoginRow | null> {
  return session.row(
    sql<LoginRow>`select ${columns} from login l join entity e on e.id = l.account_id where l.name = ${name}`,
  );
}

/** The login of the account itself; null where it was never given one. */
export function findAccountLogin(session: Session, accountUuid: string): Promise<LoginRow | null> {
  return session.row(
    sql<LoginRow>`select ${columns} from entity e join login l on l.account_id = e.id and l.is_account
      where e.uuid = ${accountUuid}::uuid`,
  );
}

export function findLogin(session: Session, id: string): Promise<LoginRow | null> {
  return session.row(
    sql<LoginRow>`select ${columns} from login l join entity e on e.id = l.account_id where l.id = ${id}::uuid`,
  );
}

/** Locks a login until the transaction ends. */
export function lockLogin(transaction: Transaction, id: string): Promise<LoginRow | null> {
  return transaction.row(
    sql<LoginRow>`select ${columns} from login l join entity e on e.id = l.account_id where l.id = ${id}::uuid
      for no key update of l`,
  );
}

export interface LoginFilter {
  readonly accountId: number;
  /** Logins of the accounts beneath, too. */
  readonly isBeneath: boolean;
  /** The name after which to go on. */
  readonly after: string;
  readonly limit: number;
}

/** A page of the logins of an account, by name. */
export function listLogins(session: Session, filter: LoginFilter): Promise<LoginRow[]> {
  const within = filter.isBeneath
    ? sql`e.ancestors @> array[${filter.accountId}::bigint]`
    : sql`l.account_id = ${filter.accountId}`;
  return session.rows(
    sql<LoginRow>`select ${columns} from login l join entity e on e.id = l.account_id
      where ${within} and l.name > ${filter.after} order by l.name limit ${filter.limit}`,
  );
}

/** Inserts a login; null when the name is taken. */
export function insertLogin(
  transaction: Transaction,
  login: Pick<LoginRow, 'account_id' | 'name' | 'role' | 'password_hash' | 'enabled'> & {
    readonly is_account?: boolean;
  },
): Promise<{ id: string } | null> {
  return transaction.row(
    sql<{ id: string }>`insert into login (account_id, name, role, password_hash, enabled, is_account,
        password_changed_at)
      values (${login.account_id}, ${login.name}, ${login.role}, ${login.password_hash}, ${login.enabled},
        ${login.is_account ?? false}, case when ${login.password_hash}::text is not null then now() end)
      on conflict (name) do nothing returning id`,
  );
}

export interface LoginChanges {
  readonly name: string;
  readonly role: string;
  readonly enabled: boolean;
  /** Undefined: stays as it is. */
  readonly passwordHash: string | null | undefined;
  /** Undefined: stays as it is. */
  readonly guardLimit?: number | null | undefined;
}

/** Writes a login as its next version: what was verified before does not count any more. */
export async function updateLogin(transaction: Transaction, id: string, changes: LoginChanges): Promise<void> {
  const { name, role, enabled, passwordHash, guardLimit } = changes;
  const password =
    passwordHash === undefined ? sql`` : sql`, password_hash = ${passwordHash}, password_changed_at = now()`;
  const guard = guardLimit === undefined ? sql`` : sql`, guard_limit = ${guardLimit}`;
  await transaction.rows(
    sql`update login set name = ${name}, role = ${role}, enabled = ${enabled}, version = version + 1${password}${guard}
      where id = ${id}::uuid`,
  );
}

/** How many entities one request of a login on an account API may change; null: as many as the installation says. */
export async function guardLimitOf(session: Session, id: string): Promise<number | null> {
  const row = await session.row(
    sql<{ guard_limit: number | null }>`select guard_limit from login where id = ${id}::uuid`,
  );
  return row?.guard_limit ?? null;
}

/** Removes a login with its keys and sessions. */
export async function deleteLogin(transaction: Transaction, id: string): Promise<void> {
  await transaction.rows(sql`delete from login where id = ${id}::uuid`);
}

/** How many enabled logins of an account have the role. */
export async function countLogins(session: Session, accountId: number, role: string): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) from login where account_id = ${accountId} and role = ${role} and enabled`,
  );
  return row?.count ?? 0;
}

/** Notes that credentials were used; nothing waits for it and nothing is lost when it fails. */
export async function noteUse(
  session: Session,
  logins: readonly string[],
  keys: readonly string[],
  sessions: readonly string[],
): Promise<void> {
  if (logins.length > 0)
    await session.rows(sql`update login set last_used_at = now() where id = any (${[...logins]}::uuid[])`);
  if (keys.length > 0)
    await session.rows(sql`update api_key set last_used_at = now() where id = any (${[...keys]}::uuid[])`);
  if (sessions.length > 0)
    await session.rows(sql`update session set last_seen_at = now() where id = any (${[...sessions]}::uuid[])`);
}
