/**
 * What every operation is given: where data lives, what time it is, and who asks.
 */
import type pg from 'pg';

import type { Authority } from '#core/authority.ts';
import type { DecisionEngine } from '#decisions/engine.ts';
import type { ChainKey } from '#store/change.ts';
import { Session } from '#store/database.ts';
import type { SealingKey } from '#store/sealing.ts';

export interface OperationSettings {
  /** A hold, a close or an edit of a profile that would change more entities than this needs a plan. */
  readonly guardLimit: number;
  /** How long a closed number rests before it can be used again, in days. */
  readonly numberQuarantineDays: number;
  /** How long a plan may be applied, in milliseconds. */
  readonly planLifeMs: number;
}

export const DEFAULT_SETTINGS: OperationSettings = {
  guardLimit: 1_000,
  // The shortest rest that 47 CFR 52.15(f) allows.
  numberQuarantineDays: 45,
  planLifeMs: 15 * 60_000,
};

export interface OperationContext {
  readonly pool: pg.Pool;
  readonly chainKey: ChainKey;
  /** Seals and opens secrets that must be shown again. */
  readonly sealingKey: SealingKey;
  readonly engine: DecisionEngine;
  readonly settings: OperationSettings;
  readonly clock: () => Date;
}

/** Who asks: a login of an account, or the system itself. `name` is what the change log shows. */
export interface Actor {
  readonly name: string;
  readonly accountId: number;
  readonly authority: Authority;
}

export const SCHEDULER: Actor = { name: 'system:scheduler', accountId: 0, authority: 'platform' };

/** A session for reading outside any transaction. */
export function reader(context: OperationContext): Session {
  return new Session(context.pool);
}
