/**
 * Answers kept by idempotency key, so that a request sent twice is done once.
 */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface IdempotencyKey {
  readonly actor: string;
  readonly key: string;
  readonly route: string;
  /** SHA-256 of the request's body. */
  readonly digest: Buffer;
}

export interface KeptAnswer {
  readonly route: string;
  readonly digest: Buffer;
  readonly answer: unknown;
}

/** Claims the key for this transaction; false when an earlier request has it. Waits while one is under way. */
export async function claimKey(transaction: Transaction, key: IdempotencyKey): Promise<boolean> {
  const row = await transaction.row(
    sql<{ key: string }>`insert into idempotency (actor, key, route, digest)
      values (${key.actor}, ${key.key}, ${key.route}, ${key.digest}) on conflict do nothing returning key`,
  );
  return row !== null;
}

export function findAnswer(session: Session, key: Pick<IdempotencyKey, 'actor' | 'key'>): Promise<KeptAnswer | null> {
  return session.row(
    sql<KeptAnswer>`select route, digest, answer from idempotency where actor = ${key.actor} and key = ${key.key}`,
  );
}

export async function keepAnswer(transaction: Transaction, key: IdempotencyKey, answer: unknown): Promise<void> {
  await transaction.rows(
    sql`update idempotency set answer = ${JSON.stringify(answer)}::jsonb where actor = ${key.actor} and key = ${key.key}`,
  );
}

/** The outcomes that an earlier run of the same bulk request left for the items from the position on; null: none. */
export async function findOutcomes(session: Session, key: IdempotencyKey, position: number): Promise<unknown[] | null> {
  const row = await session.row(
    sql<{ outcomes: unknown[] }>`select outcomes from bulk_outcome
      where actor = ${key.actor} and key = ${key.key} and position = ${position}`,
  );
  return row?.outcomes ?? null;
}

/** Keeps the outcomes of items that one transaction did, the first of which stands at the position. */
export async function keepOutcomes(
  transaction: Transaction,
  key: IdempotencyKey,
  position: number,
  outcomes: readonly unknown[],
): Promise<void> {
  await transaction.rows(
    sql`insert into bulk_outcome (actor, key, position, outcomes)
      values (${key.actor}, ${key.key}, ${position}, ${JSON.stringify(outcomes)}::jsonb)`,
  );
}

export async function sweepKeys(transaction: Transaction, before: Date): Promise<void> {
  await transaction.rows(sql`delete from idempotency where created_at < ${before}`);
}

/** Makes requests with the same key take turns until the transaction ends. */
export async function lockKey(transaction: Transaction, key: IdempotencyKey): Promise<void> {
  await transaction.rows(sql`select from idempotency where actor = ${key.actor} and key = ${key.key} for update`);
}
