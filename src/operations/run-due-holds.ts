/**
 * The scheduler's work: holds whose time has come begin, those whose time is over end, overrides that ran out lapse.
 *
 * Any number of processes may run it at once; each takes other holds.
 */
import { type OperationContext, SCHEDULER, reader } from '#operations/context.ts';
import { perform } from '#operations/perform.ts';
import { lapseOverrides } from '#operations/put-profile.ts';
import { type DueHold, activateDue, expireDue } from '#store/hold.ts';
import { listLapsedOverrides } from '#store/profile.ts';
import type { Transaction } from '#store/transaction.ts';

/** As many changes as one transaction commits at once, so that the counter of revisions is not held for long. */
const BATCH = 1_000;

export interface DueRun {
  readonly activated: number;
  readonly expired: number;
}

/** Does all that is due now, in batches. */
export async function runDueHolds(context: OperationContext, signal?: AbortSignal): Promise<DueRun> {
  const expired = await inBatches(context, expireDue, 'hold.expired', signal);
  const activated = await inBatches(context, activateDue, 'hold.activated', signal);
  const lapsed = await listLapsedOverrides(reader(context), context.clock());
  if (lapsed.length > 0) await perform(context, SCHEDULER, { lock: 'none' }, (work) => lapseOverrides(work, lapsed));
  return { activated, expired };
}

async function inBatches(
  context: OperationContext,
  claim: (transaction: Transaction, limit: number) => Promise<DueHold[]>,
  kind: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  let count = 0;
  while (!signal?.aborted) {
    const { value } = await perform(context, SCHEDULER, { lock: 'none' }, async ({ transaction }) => {
      const due = await claim(transaction, BATCH);
      for (const hold of due)
        transaction.record({
          kind,
          entityId: hold.entity_id,
          facts: { hold: hold.uuid, profile: hold.profile, dueAt: hold.due_at.toISOString() },
          touched: [hold.entity_id],
        });
      return due.length;
    });
    count += value;
    if (value < BATCH) break;
  }
  return count;
}
