/**
 * What each entity passes down to those beneath it, now and as if a planned change were made. Computed on demand
 * from the parents and kept, so that a pass over a whole tree climbs every link once.
 */
import { ACTIONS, type ActionMask } from '#core/action.ts';
import type { Picture } from './picture.ts';
import type { PlannedChange } from './plan-scan.ts';

const KNOWN = 1;
/** The node of the change is on the chain. */
export const BENEATH = 2;
export const CLOSED_NOW = 4;
export const CLOSED_THEN = 8;
/** The chain does not end at the platform. */
export const BROKEN = 16;
const OPEN_PATH = 32;

/** Half of a packed pair of masks. */
const MASK_BITS = 16;
if (ACTIONS.length > MASK_BITS) throw new RangeError('a mask of actions does not fit into half a word any more');

/** Denied and intercepted in one word. */
const pack = (denied: ActionMask, intercepted: ActionMask): number => (denied << MASK_BITS) | intercepted;

export class Descent {
  readonly #picture: Picture;
  readonly #node: number;
  readonly #closes: boolean;
  /** The own masks of those nodes that the change alters. */
  readonly #altered: ReadonlyMap<number, number>;
  readonly #states: Uint8Array;
  readonly #now: Int32Array;
  readonly #then: Int32Array;
  readonly #path: number[] = [];

  constructor(picture: Picture, node: number, change: PlannedChange) {
    this.#picture = picture;
    this.#node = node;
    this.#closes = change.type === 'close';
    this.#altered = alteredMasks(picture, node, change);
    const { size } = picture.entities;
    this.#states = new Uint8Array(size);
    this.#now = new Int32Array(size);
    this.#then = new Int32Array(size);
  }

  /** The flags of the entity's chain of parents, itself included. */
  resolve(entity: number): number {
    const path = this.#path;
    const { entities } = this.#picture;
    let id = entity;
    while (id >= 0 && ((this.#states[id] ?? 0) & (KNOWN | OPEN_PATH)) === 0 && entities.has(id)) {
      this.#states[id] = OPEN_PATH;
      path.push(id);
      id = id === 0 ? -1 : entities.parentOf(id);
    }
    const isAtRoot = path[path.length - 1] === 0;
    let above = isAtRoot ? -1 : id;
    let flags = isAtRoot ? 0 : this.#known(id);
    for (let next = path.pop(); next !== undefined; next = path.pop()) {
      flags = this.#settle(next, above, flags);
      above = next;
    }
    return this.#known(entity);
  }

  /** The packed masks of all holds on the entity's chain as they are. */
  nowOf(id: number): number {
    return this.#now[id] ?? 0;
  }

  /** The same after the change. */
  thenOf(id: number): number {
    return this.#then[id] ?? 0;
  }

  #known(id: number): number {
    const flags = this.#states[id] ?? 0;
    return (flags & KNOWN) === 0 ? BROKEN : flags;
  }

  #settle(id: number, above: number, aboveFlags: number): number {
    const held = this.#picture.holds.get(id);
    const own = held === undefined ? 0 : pack(held.denied, held.intercepted);
    let flags = aboveFlags | KNOWN;
    if (id === this.#node) flags |= this.#closes ? BENEATH | CLOSED_THEN : BENEATH;
    if (this.#picture.entities.closedAtMsOf(id) !== null) flags |= CLOSED_NOW | CLOSED_THEN;
    this.#states[id] = flags;
    this.#now[id] = own | this.nowOf(above);
    this.#then[id] = (this.#altered.get(id) ?? own) | this.thenOf(above);
    return flags;
  }
}

function alteredMasks(picture: Picture, node: number, change: PlannedChange): Map<number, number> {
  const altered = new Map<number, number>();
  const own = picture.holds.get(node);
  switch (change.type) {
    case 'hold':
      altered.set(node, pack((own?.denied ?? 0) | change.denied, (own?.intercepted ?? 0) | change.intercepted));
      break;
    case 'lift': {
      const staying = (own?.holds ?? []).filter((hold) => !change.holds.includes(hold.row.uuid));
      altered.set(
        node,
        staying.reduce((union, hold) => union | pack(hold.denied, hold.intercepted), 0),
      );
      break;
    }
    case 'profile':
      for (const id of picture.holds.entities()) {
        const union = (picture.holds.get(id)?.holds ?? []).reduce((all, hold) => {
          const effect = hold.row.profile === change.name ? change : hold;
          return all | pack(effect.denied, effect.intercepted);
        }, 0);
        altered.set(id, union);
      }
      break;
    case 'close':
      break;
  }
  return altered;
}
