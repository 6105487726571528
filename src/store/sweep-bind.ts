/** Who is told of what: foreign resources and numbers by the system that they name, held nodes by every server of the network. */
import { sql } from 'kysely';

import type { Kind } from '#core/kind.ts';
import type { Session } from '#store/database.ts';
import type { Hit } from '#store/sweep-reach.ts';
import type { Transaction } from '#store/transaction.ts';

export interface Naming {
  readonly system_id: number;
  readonly entity_id: number;
  readonly kind: Kind;
  /** How the entity says that it is called there; null when it says nothing. */
  readonly given: string | null;
}

const named = sql`
  select f.entity_id, 'foreign' as kind, f.system as name, f.external_reference as given from "foreign" f
  union all
  select p.entity_id, 'phone_number', p.provider, coalesce(p.provider_reference, p.e164) from phone_number p where p.provider is not null`;

/** Which of the systems some entities name. */
export function listNamings(
  session: Session,
  entities: readonly number[],
  systems: readonly number[],
): Promise<Naming[]> {
  return session.rows(
    sql<Naming>`select s.id as system_id, n.entity_id, n.kind, n.given
      from unnest(${[...entities]}::bigint[]) u (id) cross join lateral (select * from (${named}) n where n.entity_id = u.id) n
        join system s on s.name = n.name
      where s.id = any (${[...systems]}::bigint[])`,
  );
}

/** What names one system, by entity, after the given one. */
export function listNamers(session: Session, systemId: number, after: number, limit: number): Promise<Naming[]> {
  return session.rows(
    sql<Naming>`select ${systemId}::bigint as system_id, n.entity_id, n.kind, n.given
      from (select name from system where id = ${systemId}) s cross join lateral (
        (select f.entity_id, 'foreign' as kind, f.external_reference as given from "foreign" f
          where f.system = s.name and f.entity_id > ${after} order by f.entity_id limit ${limit})
        union all
        (select p.entity_id, 'phone_number', coalesce(p.provider_reference, p.e164) from phone_number p
          where p.provider = s.name and p.entity_id > ${after} order by p.entity_id limit ${limit})
      ) n order by n.entity_id limit ${limit}`,
  );
}

export interface NodeRow {
  readonly id: number;
  readonly kind: Kind;
}

/** Nodes with holds in force, after the given one. */
export function listHeldAfter(session: Session, after: number, limit: number): Promise<NodeRow[]> {
  return session.rows(
    sql<NodeRow>`select e.id, e.kind from (
        select distinct entity_id from hold where activated_at is not null and ended_at is null and entity_id > ${after}
        order by entity_id limit ${limit}
      ) h join entity e on e.id = h.entity_id order by e.id`,
  );
}

export function listKinds(session: Session, entities: readonly number[]): Promise<NodeRow[]> {
  return session.rows(sql<NodeRow>`select id, kind from entity where id = any (${[...entities]}::bigint[])`);
}

export interface OwnTarget {
  readonly system_id: number;
  readonly entity_id: number;
  readonly generation_first: number;
}

/** The targets that entities are themselves, as bound ones. */
export function listOwnTargets(session: Session, entities: readonly number[]): Promise<OwnTarget[]> {
  return session.rows(
    sql<OwnTarget>`select system_id, entity_id, generation_first from target
      where entity_id = any (${[...entities]}::bigint[]) and not is_node order by system_id, entity_id`,
  );
}

/** The targets of one system, after the given entity. */
export function listTargetsAfter(
  session: Session,
  systemId: number,
  after: number,
  limit: number,
): Promise<OwnTarget[]> {
  return session.rows(
    sql<OwnTarget>`select system_id, entity_id, generation_first from target
      where system_id = ${systemId} and entity_id > ${after} order by entity_id limit ${limit}`,
  );
}

/** A binding by hand begins at its own revision, which was not known when it was written. Answers whether it was a new one. */
export async function beginBinding(transaction: Transaction, hit: Hit): Promise<boolean> {
  const row = await transaction.row(
    sql`update target set generation_first = ${hit.revision}, generation_desired = ${hit.revision}, due_at = now()
      where system_id = ${hit.systemId} and entity_id = ${hit.entityId} and generation_first = 0
      returning entity_id`,
  );
  return row !== null;
}

/** Forgets the targets of entities that name another system by now. The receipts that count them go on adding up. */
export async function forgetUnnamed(transaction: Transaction, entities: readonly number[]): Promise<void> {
  await transaction.rows(
    sql`with gone as (
        delete from target t using system s
        where t.entity_id = any (${[...entities]}::bigint[]) and not t.is_node and not t.is_bound_by_hand and s.id = t.system_id
          and not exists (select from "foreign" f where f.entity_id = t.entity_id and f.system = s.name)
          and not exists (select from phone_number p where p.entity_id = t.entity_id and p.provider = s.name)
        returning t.system_id, t.generation_desired, t.generation_applied >= t.generation_desired as is_confirmed
      ), summed as (
        select system_id, generation_desired, count(*) filter (where is_confirmed) as confirmed,
          count(*) filter (where not is_confirmed) as open
        from gone group by 1, 2
      )
      update sweep_count c set passed_confirmed = c.passed_confirmed + s.confirmed, passed_open = c.passed_open + s.open
      from summed s where c.revision = s.generation_desired and c.system_id = s.system_id`,
  );
}
