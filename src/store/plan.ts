/**
 * Plans that may still be applied, and what happened to their part of the tree since.
 */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface PlanRow {
  readonly token: string;
  readonly entity_id: number;
  readonly intent: Record<string, unknown>;
  readonly effect: Record<string, unknown>;
  readonly revision: number;
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly applied_at: Date | null;
}

export async function insertPlan(
  transaction: Transaction,
  plan: Pick<PlanRow, 'entity_id' | 'intent' | 'effect' | 'revision' | 'created_by' | 'expires_at'>,
): Promise<PlanRow> {
  const row = await transaction.row(
    sql<PlanRow>`insert into plan (entity_id, intent, effect, revision, created_by, expires_at)
      values (${plan.entity_id}, ${JSON.stringify(plan.intent)}::jsonb, ${JSON.stringify(plan.effect)}::jsonb,
        ${plan.revision}, ${plan.created_by}, ${plan.expires_at}) returning *`,
  );
  if (row === null) throw new Error('insert gave no row');
  return row;
}

export function lockPlan(transaction: Transaction, token: string): Promise<PlanRow | null> {
  return transaction.row(sql<PlanRow>`select * from plan where token = ${token}::uuid for update`);
}

export async function markApplied(transaction: Transaction, token: string): Promise<void> {
  await transaction.rows(sql`update plan set applied_at = now() where token = ${token}::uuid`);
}

/** The kinds of changes that make a plan stale. Creations and edits do not. */
const SHAPING = [
  'entity.moved',
  'entity.transferred',
  'entity.closed',
  'hold.placed',
  'hold.activated',
  'hold.lifted',
  'hold.expired',
];

/**
 * The first change since the revision that shaped the node, its ancestors or its subtree, or changed a profile; and
 * how many entities were created beneath it meanwhile.
 */
export async function changesAround(
  session: Session,
  entityId: number,
  revision: number,
): Promise<{ readonly shaping: { revision: number; kind: string } | null; readonly created: number }> {
  const shaping = await session.row(
    sql<{ revision: number; kind: string }>`select c.revision, c.kind from change c
      where c.revision > ${revision} and (
        c.kind = 'profile.changed'
        or (c.kind = any (${SHAPING}::text[]) and (
          c.entity_id = any (path_of(${entityId}))
          or exists (select from unnest(c.touched) t where ${entityId}::bigint = any (path_of(t)))
        )))
      order by c.revision limit 1`,
  );
  const row = await session.row(
    sql<{ created: number }>`select count(*) as created from change c
      where c.revision > ${revision} and c.kind = 'entity.created' and ${entityId}::bigint = any (path_of(c.entity_id))`,
  );
  return { shaping, created: row?.created ?? 0 };
}

export async function sweepPlans(transaction: Transaction, before: Date): Promise<void> {
  await transaction.rows(sql`delete from plan where expires_at < ${before}`);
}
