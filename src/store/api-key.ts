/** Keys with which programs act for a login. */
import { randomUUID } from 'node:crypto';

import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import { type SealingKey, open, seal } from '#store/sealing.ts';
import type { Transaction } from '#store/transaction.ts';

export interface ApiKeyRow {
  readonly id: string;
  readonly login_id: string;
  readonly name: string;
  readonly scopes: string[] | null;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

const columns = sql`id, login_id, name, scopes, created_at, expires_at, last_used_at`;

/** The key with the digest, whether or not it has run out. */
export function findKeyByDigest(session: Session, digest: Buffer): Promise<ApiKeyRow | null> {
  return session.row(sql<ApiKeyRow>`select ${columns} from api_key where digest = ${digest}`);
}

export function findKey(session: Session, id: string): Promise<ApiKeyRow | null> {
  return session.row(sql<ApiKeyRow>`select ${columns} from api_key where id = ${id}::uuid`);
}

export function listKeys(session: Session, loginId: string): Promise<ApiKeyRow[]> {
  return session.rows(
    sql<ApiKeyRow>`select ${columns} from api_key where login_id = ${loginId}::uuid order by created_at, id`,
  );
}

export async function insertKey(
  transaction: Transaction,
  key: {
    readonly loginId: string;
    readonly name: string;
    readonly digest: Buffer;
    readonly scopes: readonly string[] | null;
    readonly expiresAt: Date | null;
  },
): Promise<ApiKeyRow> {
  const row = await transaction.row(
    sql<ApiKeyRow>`insert into api_key (login_id, name, digest, scopes, expires_at)
      values (${key.loginId}::uuid, ${key.name}, ${key.digest}, ${key.scopes === null ? null : [...key.scopes]}::text[], ${key.expiresAt})
      returning ${columns}`,
  );
  if (row === null) throw new Error('insert gave no row');
  return row;
}

/** The auth token of an account's own login, from its row. */
export function openToken(sealing: SealingKey, id: string, sealed: Buffer): string {
  return open(sealing, tokenPlace(id), sealed);
}

/** Gives an account's own login another auth token; the former one counts no more. */
export async function putToken(
  transaction: Transaction,
  sealing: SealingKey,
  {
    loginId,
    name,
    token,
    digest,
  }: { readonly loginId: string; readonly name: string; readonly token: string; readonly digest: Buffer },
): Promise<void> {
  await transaction.rows(sql`delete from api_key where login_id = ${loginId}::uuid and token_sealed is not null`);
  const id = randomUUID();
  await transaction.rows(
    sql`insert into api_key (id, login_id, name, digest, token_sealed)
      values (${id}::uuid, ${loginId}::uuid, ${name}, ${digest}, ${seal(sealing, tokenPlace(id), token)})`,
  );
}

function tokenPlace(id: string) {
  return { table: 'api_key', column: 'token_sealed', row: id };
}

/** Removes a key: it counts no more. */
export async function deleteKey(transaction: Transaction, id: string): Promise<void> {
  await transaction.rows(sql`delete from api_key where id = ${id}::uuid`);
}
