/**
 * What the driver must not forget of a resource between two calls: what it sent last, and what it came upon before the
 * first hold. It is stored as what is kept of the target, before anything is sent.
 */
import type { Json } from '#core/field.ts';
import { sameState } from '#core/system-kind.ts';
import {
  type ApsStanding,
  type ApsVerb,
  standingBefore,
  readApsState,
  type ApsState,
} from '#core/systems/aps-state.ts';
import type { Order } from '#systems/system.ts';

export interface Ledger {
  /** The application's own status, and the fingerprint of the properties, as they were before the first hold. */
  readonly status?: string;
  readonly properties?: string;
  /** The request that was sent last. A repeat after a lost reply has the same id, and no other has. */
  readonly sent?: { readonly verb: ApsVerb; readonly id: string };
  /** Where it stood when that was sent, after the first of two calls; good only for the state that was confirmed then. */
  readonly step?: { readonly at: ApsStanding; readonly over: Json };
}

/** What runs at the endpoint. Its body is made anew at each poll: properties may be personal, and are kept nowhere else. */
export interface Task {
  readonly verb: ApsVerb;
  readonly id: string;
  readonly path: string;
  /** ISO 8601. */
  readonly since: string;
  readonly text?: string;
  /** It may have been so before it began. */
  readonly isTolerant?: true;
}

export function readLedger(kept: Json): Ledger {
  return typeof kept === 'object' && kept !== null && !Array.isArray(kept) ? (kept as Ledger) : {}; // Written by this driver alone.
}

/** The task of an order that still runs: one whose request was sent last. */
export function readTask(task: Json, ledger: Ledger): Task | null {
  if (typeof task !== 'object' || task === null || Array.isArray(task) || !('verb' in task)) return null;
  const running = task as unknown as Task; // Written by this driver alone.
  return ledger.sent === undefined || ledger.sent.id === running.id ? running : null;
}

/** Where the resource stands, as far as it was told. */
export function standingOf(order: Order, ledger: Ledger, wanted: ApsState): ApsStanding {
  const { step } = ledger;
  if (step !== undefined && sameState(step.over, order.applied)) return step.at;
  return standingBefore(readApsState(order.applied), wanted);
}

/** The fingerprint of what the endpoint was configured to last; undefined when nobody knows. */
export function propertiesTold(order: Order, ledger: Ledger): string | undefined {
  return ledger.properties ?? readApsState(order.applied)?.properties;
}

export function afterVerb(verb: ApsVerb): ApsStanding {
  return verb === 'disable' ? 'disabled' : verb === 'unprovision' ? 'removed' : 'ready';
}
