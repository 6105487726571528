/**
 * What reaches an entity: all that sits on the chain of its parents, and on the chain of its owner's where it has
 * another owner. The same law as `mergeHolds` of core, computed in one pass over the links without making anything.
 */
import { ALL_ACTIONS, ALL_BUT_EMERGENCY } from '#core/action.ts';
import { ACCOUNT_DEPTH_MAX, RESOURCE_DEPTH_MAX } from '#core/kind.ts';
import type { Restrictions } from '#core/restrictions.ts';
import { CELL_SHIFT, CLOSED, FLAGS, HELD, OWNER, PARENT, TARGET } from './entity-table.ts';
import type { Picture } from './picture.ts';

/** No chain is longer; one that is runs in a circle. */
const CHAIN_MAX = ACCOUNT_DEPTH_MAX + RESOURCE_DEPTH_MAX + 2;
/** How many numbers and aliases may lead on to one another. More is a loop that no call would survive. */
export const TARGETS_MAX = 16;

/** Adds up the restrictions of one entity, or of all that a call to it passes. Used again and again. */
export class Walk implements Restrictions {
  denied = 0;
  intercepted = 0;
  closed = false;
  ownerClosed = false;

  /**
   * Measures one entity, and with `onward` all that its target leads to. False when a chain does not end at the
   * platform: such an entity is not known well enough to answer for it.
   */
  measure(picture: Picture, entity: number, onward: boolean): boolean {
    this.denied = 0;
    this.intercepted = 0;
    this.closed = false;
    this.ownerClosed = false;
    let node = entity;
    for (let passed = 0; passed <= TARGETS_MAX; passed++) {
      const chain = this.#climb(picture, node);
      if (chain === 0) return false;
      if ((chain & CLOSED) !== 0) this.closed = true;
      // Read after the climb: the cells exist, since the climb ended well.
      const cells = picture.entities.cells;
      const owner = cells[(node << CELL_SHIFT) + OWNER] as number; // inside, as the climb began there
      if (owner >= 0) {
        const ownerChain = this.#climb(picture, owner);
        if (ownerChain === 0) return false;
        if ((ownerChain & CLOSED) !== 0) this.ownerClosed = true;
      }
      node = onward ? (cells[(node << CELL_SHIFT) + TARGET] as number) : -1; // inside, likewise
      if (node < 0) break;
    }
    if (this.ownerClosed) this.denied |= ALL_BUT_EMERGENCY;
    if (this.closed) this.denied |= ALL_ACTIONS;
    this.intercepted &= ~this.denied;
    return true;
  }

  /** Adds the holds from the node up to the platform. Gives the union of all flags passed, zero for a broken chain. */
  #climb(picture: Picture, from: number): number {
    const cells = picture.entities.cells;
    let union = 0;
    let node = from;
    for (let step = 0; step < CHAIN_MAX; step++) {
      const at = node << CELL_SHIFT;
      const flags = cells[at + FLAGS] as number; // every link points inside the cells
      if ((flags & ~HELD) === 0) return 0;
      union |= flags;
      if ((flags & HELD) !== 0) this.#add(picture, node);
      if (node === 0) return union;
      node = cells[at + PARENT] as number; // likewise
      if (node < 0) return 0;
    }
    return 0;
  }

  #add(picture: Picture, node: number): void {
    const held = picture.holds.get(node);
    if (held === undefined) return;
    this.denied |= held.denied;
    this.intercepted |= held.intercepted;
  }
}
