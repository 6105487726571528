/**
 * The tree as it was at one revision, in memory: who hangs beneath whom, who is held or closed, and by which names
 * they are known.
 *
 * It takes whole states of entities, in any order and as often as one likes, and ends the same. It has no opinion:
 * what a hold reaches is the matter of the walk.
 */
import type { EntityRow, EntityState, HoldRow, LoadSink, ProfileRow } from '#core/decision-source.ts';
import { isUuid } from '#core/ids.ts';
import { EntityTable } from './entity-table.ts';
import { HoldTable } from './hold-table.ts';
import { NameIndex } from './name-index.ts';
import { UuidIndex } from './uuid-index.ts';

const NUMBER = /^(0|[1-9][0-9]{0,8})$/;
const ACCOUNT_PREFIX = 'account:';

export class Picture implements LoadSink {
  epoch = '';
  revision = -1;
  /** Grows with everything that is applied; equal before and after means that nothing moved in between. */
  version = 0;
  /** While it is a set, takes the ids of all that is applied. */
  journal: Set<number> | null = null;
  readonly entities = new EntityTable();
  readonly uuids = new UuidIndex();
  readonly names = new NameIndex();
  readonly holds = new HoldTable();

  /** Brings the entities to the given states. A name may pass between two of them, whichever comes first. */
  apply(states: readonly EntityState[]): void {
    this.version++;
    for (const { id, row, names, holds } of states) {
      this.journal?.add(id);
      if (row === null) this.entities.remove(id);
      else this.entity(id, row);
      this.names.clear(id);
      for (const key of names) this.names.add(key, id);
      this.holds.set(id, holds);
      this.entities.markHeld(id, holds.length > 0);
    }
  }

  profiles(rows: readonly ProfileRow[]): void {
    this.version++;
    this.holds.setProfiles(rows);
  }

  reserve(entities: number): void {
    this.entities.reserve(entities);
    this.uuids.reserve(entities);
  }

  entity(id: number, row: EntityRow): void {
    this.entities.set(id, row);
    this.uuids.set(id, row.uuid);
  }

  name(key: string, entityId: number): void {
    this.names.add(key, entityId);
  }

  hold(row: HoldRow): void {
    this.holds.add(row);
    this.entities.markHeld(row.entityId, true);
  }

  /**
   * The entity that a subject names, or -1: an identifier in its normal form, a UUID, `account:<uuid>`, or the
   * number of the entity.
   */
  find(subject: string): number {
    const id = this.names.byKey.get(subject);
    if (id !== undefined) return this.entities.has(id) ? id : -1;
    if (NUMBER.test(subject)) return this.entities.has(Number(subject)) ? Number(subject) : -1;
    const isAccount = subject.startsWith(ACCOUNT_PREFIX);
    const uuid = (isAccount ? subject.slice(ACCOUNT_PREFIX.length) : subject).toLowerCase();
    if (!isUuid(uuid)) return -1;
    const found = this.uuids.find(uuid);
    if (found < 0 || !this.entities.has(found)) return -1;
    return isAccount && this.entities.kindOf(found) !== 'account' ? -1 : found;
  }

  /** The state of one entity as it would be given to `apply`. */
  stateOf(id: number): EntityState {
    const names = this.names.namesOf(id);
    const holds = (this.holds.get(id)?.holds ?? []).map((hold) => hold.row);
    return { id, row: this.entities.has(id) ? this.#rowOf(id) : null, names, holds };
  }

  #rowOf(id: number): EntityRow {
    const orNull = (link: number) => (link < 0 ? null : link);
    return {
      uuid: this.uuids.textOf(id),
      kind: this.entities.kindOf(id),
      parentId: orNull(this.entities.parentOf(id)),
      ownerId: orNull(this.entities.ownerOf(id)),
      targetId: orNull(this.entities.targetOf(id)),
      closedAtMs: this.entities.closedAtMsOf(id),
    };
  }
}
