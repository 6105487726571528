/** Whether this process should be sent requests: database reachable and opened, engine fresh, scheduler on time. */
import { type OperationContext, reader } from '#operations/context.ts';
import { getHead } from '#store/change.ts';
import { sweepLag } from '#store/sweep-log.ts';

import type { Scheduler } from './scheduler.ts';

export interface Readiness {
  readonly ready: boolean;
  readonly checks: {
    readonly database: { readonly ok: boolean };
    readonly engine: { readonly ok: boolean; readonly revision: number; readonly staleForMs: number };
    readonly scheduler: { readonly ok: boolean; readonly lagMs: number | null };
  };
  /** How far targets are behind the log. Systems that do not answer never make a process unready. */
  readonly reconciler: { readonly revisions: number; readonly seconds: number; readonly sweeps: number } | null;
}

/** A mass of holds at midnight may take this long; later than this somebody should look. */
const LAG_MAX_MS = 30_000;

export async function readReadiness(context: OperationContext, scheduler: Scheduler): Promise<Readiness> {
  const { engine } = context;
  // A database that has come back is of no use before the secret key has opened what is sealed in it.
  const isUsable = await getHead(reader(context))
    .then(() => Boolean(context.chainKey))
    .catch(() => false);
  const lagMs = isUsable ? await scheduler.lagMs().catch(() => null) : null;
  const checks = {
    database: { ok: isUsable },
    engine: { ok: engine.ready, revision: engine.revision, staleForMs: engine.staleForMs },
    scheduler: { ok: lagMs !== null && lagMs < LAG_MAX_MS, lagMs },
  };
  const lag = isUsable ? await sweepLag(reader(context)).catch(() => null) : null;
  return { ready: checks.database.ok && checks.engine.ok && checks.scheduler.ok, checks, reconciler: lag };
}
