/**
 * What the verification reads: the spine as it stands, and what two independent computations say of it.
 */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';

export interface WrongChain {
  readonly id: number;
  readonly ancestors: number[];
  readonly expected: number[];
}

export interface SpineRow {
  readonly id: number;
  readonly kind: string;
  readonly parent_id: number | null;
  readonly owner_id: number | null;
  readonly ancestors: number[] | null;
  readonly closed: boolean;
  readonly denied: number;
  readonly intercepted: number;
  readonly effectively_closed: boolean;
  readonly owner_closed: boolean;
}

export interface ForceRow {
  readonly id: number;
  readonly entity_id: number;
  readonly denied: number;
  readonly intercepted: number;
  readonly severity: number;
  readonly authority_rank: number;
  readonly placed_at: Date;
}

/**
 * Accounts whose materialised chain is not that of their parent with themselves at the end. Where none is found every
 * chain is right: the platform's is itself, and each level rests on the one above.
 */
export function listWrongChains(session: Session, limit: number): Promise<WrongChain[]> {
  return session.rows(
    sql<WrongChain>`select e.id, e.ancestors, coalesce(p.ancestors, '{}') || e.id as expected
      from entity e left join entity p on p.id = e.parent_id
      where e.kind = 'account' and e.ancestors is distinct from coalesce(p.ancestors, '{}') || e.id limit ${limit}`,
  );
}

/** A page of the spine with the restrictions that SQL computes. */
export function listSpine(session: Session, after: number, limit: number): Promise<SpineRow[]> {
  return session.rows(
    sql<SpineRow>`select e.id, e.kind, e.parent_id, e.owner_id, e.ancestors, e.closed_at is not null as closed, r.denied, r.intercepted,
        r.closed as effectively_closed, r.owner_closed
      from entity e cross join lateral restrictions(e.id) r where e.id > ${after} order by e.id limit ${limit}`,
  );
}

/** Every hold in force, with its profile's masks. */
export function listForce(session: Session): Promise<ForceRow[]> {
  return session.rows(
    sql<ForceRow>`select h.id, h.entity_id, p.denied, p.intercepted, p.severity, h.authority_rank, h.placed_at
      from hold h join profile p on p.name = h.profile where h.activated_at is not null and h.ended_at is null`,
  );
}

/** How many changes and entities there are to verify. */
export async function countForAudit(
  session: Session,
): Promise<{ changes: number; accounts: number; entities: number }> {
  const row = await session.row(
    sql<{ changes: number; accounts: number; entities: number }>`select (select count(*) from change) as changes,
      (select count(*) from entity where kind = 'account') as accounts, (select count(*) from entity) as entities`,
  );
  return row ?? { changes: 0, accounts: 0, entities: 0 };
}
