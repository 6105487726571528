/**
 * Names of entities: who has one now, and who had it before.
 */
import { createHash } from 'node:crypto';

import { sql } from 'kysely';

import type { Identifier } from '#core/identifier.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface NameHolder {
  readonly scheme: string;
  readonly value: string;
  readonly entity_id: number;
  readonly uuid: string;
  readonly kind: string;
  /** Since when its holder is closed, by itself or by what contains it; null: it is open. */
  readonly closed_since: Date | null;
  /** Of a telephone number: its country. */
  readonly country: string | null;
  /** Of a closed telephone number: its provider has not confirmed that it took it back. */
  readonly release_pending: boolean;
  /** Everything that reaches its holder: who may know of it. */
  readonly path: number[];
}

/** The longest value that is stored as it is: index entries end at a third of a page. */
const VALUE_MAX = 1000;

/** The stored form of a value: very long ones, such as the keys of long TXT records, by their digest. */
export function storedValue(value: string): string {
  if (value.length <= VALUE_MAX) return value;
  return `${value.slice(0, 300)} sha256:${createHash('sha256').update(value).digest('hex')}`;
}

/** Who has the names now. */
export function findHolders(session: Session, identifiers: readonly Identifier[]): Promise<NameHolder[]> {
  return session.rows(
    sql<NameHolder>`select i.scheme, i.value, i.entity_id, e.uuid, e.kind, closed_since(i.entity_id) as closed_since, path_of(i.entity_id) as path,
        n.country, n.entity_id is not null and closed_since(i.entity_id) is not null and release_pending(i.entity_id) as release_pending
      from unnest(${identifiers.map((i) => i.scheme)}::text[], ${identifiers.map((i) => storedValue(i.value))}::text[]) w (scheme, value)
      join identifier i on i.scheme = w.scheme and i.value = w.value
      join entity e on e.id = i.entity_id
      left join phone_number n on n.entity_id = i.entity_id and i.scheme = 'tel'`,
  );
}

/** Gives names to entities; a name that somebody has is a unique violation. */
export async function insertIdentifiers(
  transaction: Transaction,
  rows: readonly (Identifier & { readonly entityId: number })[],
): Promise<void> {
  if (rows.length === 0) return;
  await transaction.rows(
    sql`insert into identifier (scheme, value, entity_id)
      select * from unnest(${rows.map((row) => row.scheme)}::text[], ${rows.map((row) => storedValue(row.value))}::text[],
        ${rows.map((row) => row.entityId)}::bigint[])`,
  );
}

/** Takes names away from whoever has them; they stay known in the history, but for those of what was erased. */
export async function releaseIdentifiers(transaction: Transaction, identifiers: readonly Identifier[]): Promise<void> {
  if (identifiers.length === 0) return;
  await transaction.rows(
    sql`with released as (
        delete from identifier i
        using unnest(${identifiers.map((i) => i.scheme)}::text[], ${identifiers.map((i) => storedValue(i.value))}::text[]) w (scheme, value)
        where i.scheme = w.scheme and i.value = w.value
        returning i.scheme, i.value, i.entity_id
      )
      insert into identifier_history (scheme, value, entity_id)
      select r.scheme, r.value, r.entity_id from released r join entity e on e.id = r.entity_id where e.erased_at is null`,
  );
}

/** The names of entities, as `scheme:value`. */
export async function identifiersByEntity(
  session: Session,
  ids: readonly number[],
): Promise<Map<number, Identifier[]>> {
  const rows = await session.rows(
    sql<
      Identifier & { entity_id: number }
    >`select entity_id, scheme, value from identifier where entity_id = any (${[...ids]}::bigint[])
      order by entity_id, scheme, value`,
  );
  const byEntity = new Map<number, Identifier[]>();
  for (const { entity_id, scheme, value } of rows) {
    const list = byEntity.get(entity_id);
    if (list === undefined) byEntity.set(entity_id, [{ scheme, value }]);
    else list.push({ scheme, value });
  }
  return byEntity;
}
