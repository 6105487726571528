/**
 * Entities as rows: found, locked, inserted, changed. What may be done with them is judged elsewhere.
 */
import { sql } from 'kysely';

import type { Reference } from '#core/identifier.ts';
import type { Kind } from '#core/kind.ts';
import type { Session } from '#store/database.ts';
import { storedValue } from '#store/identifier.ts';
import type { Transaction } from '#store/transaction.ts';

/** An entity with what reaches it now. */
export interface EntityState {
  readonly id: number;
  readonly uuid: string;
  readonly kind: Kind;
  readonly parent_id: number | null;
  readonly owner_id: number | null;
  readonly ancestors: number[] | null;
  readonly label: string;
  readonly closed_at: Date | null;
  /** Since when nothing personal of it is shown any more. */
  readonly erased_at: Date | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly denied: number;
  readonly intercepted: number;
  /** Closed by itself or by a parent. */
  readonly closed: boolean;
  readonly owner_closed: boolean;
  readonly governing_hold: number | null;
  /** The accounts from the platform down to the one that contains it; an account ends its own line. */
  readonly line: number[];
  /** The same of its owner, where that is another account. */
  readonly owner_line: number[] | null;
}

/** The columns of `EntityState`, from an entity `e` and its restrictions `r`. */
export const entityState = sql`e.id, e.uuid, e.kind, e.parent_id, e.owner_id, e.ancestors, e.label, e.closed_at, e.erased_at,
  e.version, e.created_at, e.updated_at, r.denied, r.intercepted, r.closed, r.owner_closed, r.governing_hold, r.line,
  r.owner_line`;

/** The text under which a reference is found again in the answer of `findEntities`. */
export function referenceKey(reference: Reference): string {
  if (reference.by === 'uuid') return reference.uuid;
  if (reference.by === 'number') return `#${reference.number}`;
  return `${reference.identifier.scheme}:${reference.identifier.value}`;
}

/** Finds many entities at once, each by whichever name was given; what does not exist is absent from the answer. */
export async function findEntities(
  session: Session,
  references: readonly Reference[],
): Promise<Map<string, EntityState>> {
  const found = new Map<string, EntityState>();
  if (references.length === 0) return found;
  const uuids: string[] = [];
  const numbers: number[] = [];
  const schemes: string[] = [];
  const values: string[] = [];
  for (const reference of references) {
    if (reference.by === 'uuid') uuids.push(reference.uuid);
    else if (reference.by === 'number') numbers.push(reference.number);
    else {
      schemes.push(reference.identifier.scheme);
      values.push(reference.identifier.value);
    }
  }
  const rows = await session.rows(
    sql<EntityState & { keys: string[] }>`
      with named (id, key) as (
        ${sql.join(
          [
            ...(uuids.length > 0
              ? [sql`select e.id, e.uuid::text as key from entity e where e.uuid = any (${uuids}::uuid[])`]
              : []),
            ...(numbers.length > 0
              ? [sql`select e.id, '#' || e.id from entity e where e.id = any (${numbers}::bigint[])`]
              : []),
            ...(values.length > 0
              ? [
                  sql`select i.entity_id, i.scheme || ':' || i.value
                      from unnest(${schemes}::text[], ${values}::text[]) w (scheme, value)
                      join identifier i on i.scheme = w.scheme and i.value = w.value`,
                ]
              : []),
          ],
          sql` union `,
        )}
      ), grouped as (
        select id, array_agg(key) as keys from named group by id
      )
      select ${entityState}, g.keys from grouped g (id, keys) join entity e on e.id = g.id cross join lateral restrictions(e.id) r`,
  );
  for (const { keys, ...entity } of rows) for (const key of keys) found.set(key, entity);
  return found;
}

/** Finds one entity by whichever name was given: every operation begins with it, so it asks in the plainest way. */
export function findEntity(session: Session, reference: Reference): Promise<EntityState | null> {
  switch (reference.by) {
    case 'uuid':
      return session.row(
        sql<EntityState>`select ${entityState} from entity e cross join lateral restrictions(e.id) r where e.uuid = ${reference.uuid}`,
      );
    case 'number':
      return session.row(
        sql<EntityState>`select ${entityState} from entity e cross join lateral restrictions(e.id) r where e.id = ${reference.number}`,
      );
    case 'identifier': {
      const { scheme, value } = reference.identifier;
      return session.row(
        sql<EntityState>`select ${entityState} from identifier i join entity e on e.id = i.entity_id cross join lateral restrictions(e.id) r
          where i.scheme = ${scheme} and i.value = ${storedValue(value)}`,
      );
    }
  }
}

/** The entities with the numbers, in no order. */
export function listByNumbers(session: Session, ids: readonly number[]): Promise<EntityState[]> {
  return session.rows(
    sql<EntityState>`select ${entityState} from entity e cross join lateral restrictions(e.id) r where e.id = any (${[...ids]}::bigint[])`,
  );
}

/** An entity that is known to be there, as it is now. */
export async function getState(session: Session, id: number): Promise<EntityState> {
  const [entity] = await listByNumbers(session, [id]);
  if (entity === undefined) throw new Error(`entity ${id} vanished: rows are never deleted`);
  return entity;
}

/** Locks an entity's row until the transaction ends, and answers it as it is now. */
export async function lockEntity(transaction: Transaction, id: number): Promise<EntityState> {
  await transaction.rows(sql`select from entity where id = ${id} for no key update`);
  return getState(transaction, id);
}

/** Reserves numbers for new entities. */
export async function reserveNumbers(transaction: Transaction, count: number): Promise<number[]> {
  const rows = await transaction.rows(
    sql<{ id: number }>`select nextval('entity_id_seq') as id from generate_series(1, ${count}::integer)`,
  );
  return rows.map((row) => row.id);
}

export interface NewEntity {
  readonly id: number;
  readonly uuid: string;
  readonly kind: Kind;
  readonly parent_id: number;
  readonly owner_id: number | null;
  readonly ancestors: number[] | null;
  readonly label: string;
}

/** Inserts entities; parents come before their children. */
export async function insertEntities(transaction: Transaction, entities: readonly NewEntity[]): Promise<void> {
  await transaction.rows(
    sql`insert into entity (id, uuid, kind, parent_id, owner_id, ancestors, label)
      select * from jsonb_to_recordset(${JSON.stringify(entities)}::jsonb)
        as n (id bigint, uuid uuid, kind text, parent_id bigint, owner_id bigint, ancestors bigint[], label text)`,
  );
}

/** Raises the version of an entity, with what else changes on the spine. */
export async function touchEntity(transaction: Transaction, id: number, label: string): Promise<void> {
  await transaction.rows(
    sql`update entity set version = version + 1, updated_at = now(), label = ${label} where id = ${id}`,
  );
}

/** Closes an entity by itself. */
export async function markClosed(transaction: Transaction, id: number): Promise<void> {
  await transaction.rows(
    sql`update entity set closed_at = now(), version = version + 1, updated_at = now() where id = ${id} and closed_at is null`,
  );
}

/** Gives a leaf another owner; null: its container's account. */
export async function setOwner(transaction: Transaction, id: number, ownerId: number | null): Promise<void> {
  await transaction.rows(
    sql`update entity set owner_id = ${ownerId}, version = version + 1, updated_at = now() where id = ${id}`,
  );
}

/** Moves an entity; for an account the chains of its whole subtree are rewritten. */
export async function setParent(
  transaction: Transaction,
  id: number,
  parentId: number,
  chains: { readonly former: readonly number[]; readonly next: readonly number[] } | null,
): Promise<void> {
  await transaction.rows(
    sql`update entity set parent_id = ${parentId}, version = version + 1, updated_at = now() where id = ${id}`,
  );
  if (chains === null) return;
  await transaction.rows(
    sql`update entity set ancestors = ${[...chains.next]}::bigint[] || ancestors[${chains.former.length + 1}::integer:]
      where ancestors @> array[${id}::bigint]`,
  );
}

/** How many entities beneath the node there are, itself included, counted up to the limit. */
export async function countBeneath(session: Session, id: number, limit: number): Promise<number> {
  const row = await session.row(sql<{ count: number }>`select count_beneath(${id}, ${limit}::integer) as count`);
  return row?.count ?? 0;
}

/** UUIDs by number; of a scope other than the platform only those of what lies beneath it or is owned there. */
export async function uuidsOf(session: Session, ids: readonly number[], scope = 0): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map();
  const rows = await session.rows(
    sql<{ id: number; uuid: string }>`select id, uuid from entity where id = any (${[...ids]}::bigint[])
      and (${scope}::bigint = 0 or ${scope}::bigint = any (path_of(id)))`,
  );
  return new Map(rows.map((row) => [row.id, row.uuid]));
}

/** The nearest reseller above each account, itself included; null: none. */
export async function resellersOf(
  session: Session,
  accountIds: readonly number[],
): Promise<Map<number, number | null>> {
  if (accountIds.length === 0) return new Map();
  const rows = await session.rows(
    sql<{ id: number; reseller: number | null }>`select e.id, (
        select u.id from unnest(e.ancestors) with ordinality u (id, depth)
        where (select a.reseller from account a where a.entity_id = u.id) order by u.depth desc limit 1
      ) as reseller
      from entity e where e.id = any (${[...accountIds]}::bigint[])`,
  );
  return new Map(rows.map((row) => [row.id, row.reseller]));
}

/** The account that contains each entity. */
export async function accountsOf(session: Session, ids: readonly number[]): Promise<Map<number, number>> {
  if (ids.length === 0) return new Map();
  const rows = await session.rows(
    sql<{
      id: number;
      account: number;
    }>`select id, account_of(id) as account from unnest(${[...ids]}::bigint[]) a (id)`,
  );
  return new Map(rows.map((row) => [row.id, row.account]));
}

/**
 * How many open records cross the border of a subtree of accounts: inside it by place and outside by owner, or the
 * reverse. Looks through the subtree and what it owns, and at nothing else.
 */
export async function countCrossing(session: Session, accountId: number): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`with recursive account_inside (id) as materialized (
        select id from entity where ancestors @> array[${accountId}::bigint]
      ), inside (id, owner_id) as (
        select id, owner_id from account_inside join entity using (id)
        union all
        select e.id, e.owner_id from inside i join entity e on e.parent_id = i.id where e.kind <> 'account'
      ), crossing (id) as (
        select i.id from inside i
          where i.owner_id is not null and not exists (select from account_inside a where a.id = i.owner_id)
        union all
        select e.id from account_inside a join entity e on e.owner_id = a.id
          where not exists (select from inside i where i.id = e.id)
      )
      select count(*) from crossing where closed_since(id) is null`,
  );
  return row?.count ?? 0;
}

/** How many children of a container have an owner of their own. */
export async function countOwnedChildren(session: Session, containerId: number): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) from entity where parent_id = ${containerId} and owner_id is not null`,
  );
  return row?.count ?? 0;
}
