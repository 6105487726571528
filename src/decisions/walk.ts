/**
 * What reaches an entity: all that sits on the chain of its parents, and on the chain of its owner's where it has
 * another owner. The same law as `mergeHolds` of core, computed in one pass over the links without making anything.
 */
import { ALL_ACTIONS, ALL_BUT_EMERGENCY } from '#core/action.ts';
import { ACCOUNT_DEPTH_MAX, RESOURCE_DEPTH_MAX } from '#core/kind.ts';
import type { Restrictions } from '#core/restrictions.ts';
import { CELL_SHIFT, CLOSED, FLAGS, HELD, KIND_MASK, OWNER, PARENT, SEAL_SHIFT, TARGET } from './entity-table.ts';
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
    const { cells, seal } = picture.entities;
    this.denied = 0;
    this.intercepted = 0;
    this.closed = false;
    this.ownerClosed = false;
    const at = (entity << CELL_SHIFT) + FLAGS;
    if ((cells[at] as number) >>> SEAL_SHIFT === seal) return true; // undefined, outside, is no seal
    const union = this.#pass(picture, entity, onward);
    if (union === 0) return false;
    if ((union & (HELD | CLOSED)) !== 0) this.#merge();
    else if (onward) cells[at] = ((cells[at] as number) & KIND_MASK) | (seal << SEAL_SHIFT); // inside, as it was passed
    return true;
  }

  #merge(): void {
    if (this.ownerClosed) this.denied |= ALL_BUT_EMERGENCY;
    if (this.closed) this.denied |= ALL_ACTIONS;
    this.intercepted &= ~this.denied;
  }

  /** Climbs all chains. Gives the union of all flags passed, zero when one of the chains is broken. */
  #pass(picture: Picture, entity: number, onward: boolean): number {
    const { cells } = picture.entities;
    let union = 0;
    let node = entity;
    for (let passed = 0; passed <= TARGETS_MAX; passed++) {
      const chain = this.#climb(picture, node);
      if (chain === 0) return 0;
      if ((chain & CLOSED) !== 0) this.closed = true;
      union |= chain;
      const owner = cells[(node << CELL_SHIFT) + OWNER] as number; // inside, as the climb began there
      if (owner >= 0) {
        const ownerChain = this.#climb(picture, owner);
        if (ownerChain === 0) return 0;
        if ((ownerChain & CLOSED) !== 0) this.ownerClosed = true;
        union |= ownerChain;
      }
      node = onward ? (cells[(node << CELL_SHIFT) + TARGET] as number) : -1; // inside, likewise
      if (node < 0) break;
    }
    return union;
  }

  /** Adds the holds from the node up to the platform. Gives the union of all flags passed, zero for a broken chain. */
  #climb(picture: Picture, from: number): number {
    const { cells } = picture.entities;
    let union = 0;
    let node = from;
    for (let step = 0; step < CHAIN_MAX; step++) {
      const at = node << CELL_SHIFT;
      const flags = cells[at + FLAGS] as number; // every link points inside the cells
      if ((flags & KIND_MASK) === 0) return 0;
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
