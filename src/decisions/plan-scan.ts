/**
 * What a planned change would do to everything beneath a node, counted without doing it.
 *
 * One pass over all entities; what an account or container passes down is computed once and kept for the pass. The
 * count belongs to one revision: when the picture moves meanwhile, the pass is begun again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

import { ALL_ACTIONS, ALL_BUT_EMERGENCY, type ActionMask } from '#core/action.ts';
import type { Kind } from '#core/kind.ts';
import { standingOf } from '#core/restrictions.ts';
import { BENEATH, BROKEN, CLOSED_NOW, CLOSED_THEN, Descent } from './descent.ts';
import type { Picture } from './picture.ts';

/** A change to one node, or to a profile wherever it holds. */
export type PlannedChange =
  | { readonly type: 'hold'; readonly denied: ActionMask; readonly intercepted: ActionMask }
  | { readonly type: 'lift'; readonly holds: readonly string[] }
  | { readonly type: 'close' }
  | { readonly type: 'profile'; readonly name: string; readonly denied: ActionMask; readonly intercepted: ActionMask };

export interface PlanCounts {
  /** The node itself included, and what is owned beneath it. */
  beneath: number;
  /** Would get another word for their standing. */
  standingChanges: number;
  /** Would get other masks, or become closed. */
  changes: number;
  /** Are not active now. */
  heldAlready: number;
  untouched: number;
}

export interface PlanScan {
  readonly revision: number;
  readonly epoch: string;
  readonly total: PlanCounts;
  readonly byKind: Partial<Record<Kind, PlanCounts>>;
}

/** How many entities are looked at before others get their turn: some ten milliseconds. */
const CHUNK = 50_000;
/** After so many passes overtaken by changes, one is made without a pause. */
const ATTEMPTS_MAX = 3;

/** Counts what the change on the node would do to all that lies beneath it. Null when the node is not known. */
export async function planScan(picture: Picture, node: number, change: PlannedChange): Promise<PlanScan | null> {
  if (!picture.entities.has(node)) return null;
  for (let attempt = 1; ; attempt++) {
    const { version, revision, epoch } = picture;
    const scan = new Scan(picture, node, change);
    for (let from = 0; from < picture.entities.size && picture.version === version; from += CHUNK) {
      scan.count(from, Math.min(from + CHUNK, picture.entities.size));
      if (attempt <= ATTEMPTS_MAX) await nextTurn();
    }
    if (picture.version === version) return { revision, epoch, ...scan.result() };
  }
}

const noCounts = (): PlanCounts => ({ beneath: 0, standingChanges: 0, changes: 0, heldAlready: 0, untouched: 0 });

/** Masks and lifecycle of one entity as the pass goes, now or then. */
class Side {
  denied = 0;
  intercepted = 0;
  closed = false;
  ownerClosed = false;

  /** The same merge as `mergeHolds`, from packed masks. */
  set(packed: number, closed: boolean, ownerClosed: boolean): void {
    this.denied = packed >>> 16;
    if (ownerClosed) this.denied |= ALL_BUT_EMERGENCY;
    if (closed) this.denied |= ALL_ACTIONS;
    this.intercepted = packed & 0xffff & ~this.denied;
    this.closed = closed;
    this.ownerClosed = ownerClosed;
  }

  equals(other: Side): boolean {
    return (
      this.denied === other.denied &&
      this.intercepted === other.intercepted &&
      this.closed === other.closed &&
      this.ownerClosed === other.ownerClosed
    );
  }
}

class Scan {
  readonly #picture: Picture;
  readonly #descent: Descent;
  readonly #byKind: Partial<Record<Kind, PlanCounts>> = {};
  readonly #now = new Side();
  readonly #then = new Side();

  constructor(picture: Picture, node: number, change: PlannedChange) {
    this.#picture = picture;
    this.#descent = new Descent(picture, node, change);
  }

  count(from: number, to: number): void {
    const { entities } = this.#picture;
    const descent = this.#descent;
    for (let id = from; id < to; id++) {
      if (!entities.has(id)) continue;
      const state = descent.resolve(id);
      const owner = entities.ownerOf(id);
      const ownerState = owner < 0 ? 0 : descent.resolve(owner);
      if (((state | ownerState) & BENEATH) === 0 || ((state | ownerState) & BROKEN) !== 0) continue;
      let now = descent.nowOf(id);
      let then = descent.thenOf(id);
      if (owner >= 0) {
        now |= descent.nowOf(owner);
        then |= descent.thenOf(owner);
      }
      this.#now.set(now, (state & CLOSED_NOW) !== 0, (ownerState & CLOSED_NOW) !== 0);
      this.#then.set(then, (state & CLOSED_THEN) !== 0, (ownerState & CLOSED_THEN) !== 0);
      this.#add((this.#byKind[entities.kindOf(id)] ??= noCounts()));
    }
  }

  #add(counts: PlanCounts): void {
    const standing = standingOf(this.#now);
    counts.beneath++;
    if (standing !== 'active') counts.heldAlready++;
    if (this.#now.equals(this.#then)) counts.untouched++;
    else {
      counts.changes++;
      if (standingOf(this.#then) !== standing) counts.standingChanges++;
    }
  }

  result(): { total: PlanCounts; byKind: Partial<Record<Kind, PlanCounts>> } {
    const total = noCounts();
    for (const counts of Object.values(this.#byKind))
      for (const name of Object.keys(total) as (keyof PlanCounts)[]) total[name] += counts[name];
    return { total, byKind: this.#byKind };
  }
}
