/**
 * The links and the lifecycle of every entity, sixteen bytes each, side by side by id: what the walk of a decision
 * reads lies in one cache line.
 *
 * Ids come dense from a sequence; an id without an entity has no kind. Links are as the database has them, and are
 * not judged here. A walk that found nothing puts the current seal on the entity; it holds until anything happens that
 * could restrict somebody, which changes the seal for all.
 */
import type { EntityRow } from '#core/decision-source.ts';
import { KINDS, type Kind } from '#core/kind.ts';

/** Cells of one entity. Links are -1 for none. */
export const PARENT = 0;
export const OWNER = 1;
export const TARGET = 2;
export const FLAGS = 3;
/** The id times this is its first cell, by a shift. */
export const CELL_SHIFT = 2;

/** The lowest bits of the flags are the kind's place in `KINDS` plus one. */
export const KIND_MASK = 0x1f;
export const CLOSED = 0x20;
/** The entity has holds of its own in force. */
export const HELD = 0x40;
/** The flags above these bits are a seal. */
export const SEAL_SHIFT = 7;
const SEALS_MAX = 2 ** (32 - SEAL_SHIFT) - 1;

const KIND_NUMBER = Object.fromEntries(KINDS.map((kind, index) => [kind, index + 1])) as Record<Kind, number>;

const CAPACITY_MIN = 1024;
/** Beyond this the cells could not be addressed by 32 bits. */
const ENTITIES_MAX = 2 ** 28;

export class EntityTable {
  /** Read directly by the walk, which has no time for a call; every link it holds points inside of it. */
  cells = new Int32Array(CAPACITY_MIN << CELL_SHIFT);
  readonly #closedAtMs = new Map<number, number>();
  /** One more than the highest id. */
  size = 0;
  count = 0;
  /** What the walk marks an entity with that nothing reaches; never zero. */
  seal = 1;

  /** Makes room for ids below the number, exactly when that is much, else by doubling. */
  reserve(entities: number): void {
    const wanted = entities << CELL_SHIFT;
    if (entities > ENTITIES_MAX) throw new RangeError(`an id above ${ENTITIES_MAX} does not fit into the picture`);
    if (wanted <= this.cells.length) return;
    const cells = new Int32Array(Math.max(wanted, this.size << (CELL_SHIFT + 1)));
    cells.set(this.cells);
    this.cells = cells;
  }

  set(id: number, row: EntityRow): void {
    const parent = row.parentId ?? -1;
    const owner = row.ownerId ?? -1;
    const target = row.targetId ?? -1;
    this.reserve(Math.max(id, parent, owner, target) + 1);
    const at = id << CELL_SHIFT;
    const former = this.#flags(id);
    const cells = this.cells;
    const isSame = cells[at + PARENT] === parent && cells[at + OWNER] === owner && cells[at + TARGET] === target;
    // Nobody was sealed by way of what was not there.
    if ((former & KIND_MASK) === 0) this.count++;
    else if (!isSame || row.closedAtMs !== null) this.#breakSeals();
    if (id >= this.size) this.size = id + 1;
    cells[at + PARENT] = parent;
    cells[at + OWNER] = owner;
    cells[at + TARGET] = target;
    cells[at + FLAGS] = KIND_NUMBER[row.kind] | (row.closedAtMs === null ? 0 : CLOSED) | (former & HELD);
    if (row.closedAtMs === null) this.#closedAtMs.delete(id);
    else this.#closedAtMs.set(id, row.closedAtMs);
  }

  remove(id: number): void {
    if (!this.has(id)) return;
    this.cells[(id << CELL_SHIFT) + FLAGS] = this.#flags(id) & HELD;
    this.#closedAtMs.delete(id);
    this.#breakSeals();
    this.count--;
  }

  /** The mark stays with the entity whatever row it gets later. */
  markHeld(id: number, held: boolean): void {
    this.reserve(id + 1);
    const at = (id << CELL_SHIFT) + FLAGS;
    const flags = this.cells[at] ?? 0;
    if (held === ((flags & HELD) !== 0)) return;
    this.cells[at] = held ? flags | HELD : flags & ~HELD;
    if (held) this.#breakSeals();
  }

  has(id: number): boolean {
    return (this.#flags(id) & KIND_MASK) !== 0;
  }

  /** Of an entity that is there. */
  kindOf(id: number): Kind {
    const kind = KINDS[(this.#flags(id) & KIND_MASK) - 1];
    if (kind === undefined) throw new RangeError(`there is no entity ${id}`);
    return kind;
  }

  parentOf(id: number): number {
    return this.#link(id, PARENT);
  }

  ownerOf(id: number): number {
    return this.#link(id, OWNER);
  }

  targetOf(id: number): number {
    return this.#link(id, TARGET);
  }

  closedAtMsOf(id: number): number | null {
    return this.#closedAtMs.get(id) ?? null;
  }

  #breakSeals(): void {
    if (++this.seal <= SEALS_MAX) return;
    // The numbers are used up: no old seal may be taken for a new one.
    for (let at = FLAGS; at < this.cells.length; at += 1 << CELL_SHIFT) {
      this.cells[at] = (this.cells[at] ?? 0) & (KIND_MASK | CLOSED | HELD);
    }
    this.seal = 1;
  }

  #flags(id: number): number {
    return this.cells[(id << CELL_SHIFT) + FLAGS] ?? 0;
  }

  #link(id: number, cell: number): number {
    return this.has(id) ? (this.cells[(id << CELL_SHIFT) + cell] ?? -1) : -1;
  }
}
