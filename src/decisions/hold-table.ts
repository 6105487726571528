/**
 * The holds in force, by the entity on which they sit, with what their profiles take away now.
 *
 * A hold whose profile is not known is read as taking all but emergency calls: of two mistakes the one that can be
 * seen at once.
 */
import { ALL_BUT_EMERGENCY } from '#core/action.ts';
import type { HoldRow, ProfileRow } from '#core/decision-source.ts';
import type { HoldEffect } from '#core/restrictions.ts';

export interface HoldInForce extends HoldEffect {
  readonly row: HoldRow;
  readonly profile: ProfileRow;
}

/** The holds of one entity and the union of what they take. */
export interface Held {
  denied: number;
  intercepted: number;
  holds: HoldInForce[];
}

export class HoldTable {
  readonly #held = new Map<number, Held>();
  #profiles = new Map<string, ProfileRow>();

  get(entityId: number): Held | undefined {
    return this.#held.get(entityId);
  }

  /** The entities that have holds in force. */
  entities(): IterableIterator<number> {
    return this.#held.keys();
  }

  profile(name: string): ProfileRow | undefined {
    return this.#profiles.get(name);
  }

  profiles(): ProfileRow[] {
    return [...this.#profiles.values()];
  }

  /** Replaces the holds of one entity. */
  set(entityId: number, rows: readonly HoldRow[]): void {
    if (rows.length === 0) this.#held.delete(entityId);
    else this.#held.set(entityId, unionOf(rows.map((row) => this.#effect(row))));
  }

  add(row: HoldRow): void {
    const rows = (this.#held.get(row.entityId)?.holds ?? []).map((hold) => hold.row);
    this.set(row.entityId, [...rows.filter((other) => other.id !== row.id), row]);
  }

  /** Replaces all profiles; the holds follow at once where any of them differs. */
  setProfiles(rows: readonly ProfileRow[]): void {
    const isSame =
      rows.length === this.#profiles.size && rows.every((row) => equals(row, this.#profiles.get(row.name)));
    if (isSame) return;
    this.#profiles = new Map(rows.map((row) => [row.name, row]));
    for (const [entityId, held] of this.#held) {
      this.set(
        entityId,
        held.holds.map((hold) => hold.row),
      );
    }
  }

  #effect(row: HoldRow): HoldInForce {
    const profile = this.#profiles.get(row.profile) ?? unknownProfile(row.profile);
    return {
      id: row.id,
      denied: profile.denied,
      intercepted: profile.intercepted,
      severity: profile.severity,
      authority: row.authorityRank,
      placedAtMs: row.placedAtMs,
      row,
      profile,
    };
  }
}

function unionOf(holds: HoldInForce[]): Held {
  const held: Held = { denied: 0, intercepted: 0, holds };
  for (const hold of holds) {
    held.denied |= hold.denied;
    held.intercepted |= hold.intercepted;
  }
  return held;
}

function unknownProfile(name: string): ProfileRow {
  return {
    name,
    version: 0,
    severity: 0,
    denied: ALL_BUT_EMERGENCY,
    intercepted: 0,
    sipCode: 403,
    httpCode: 403,
    refusalText: 'Suspended',
    announcement: null,
    sessions: 'finish',
  };
}

function equals(a: ProfileRow, b: ProfileRow | undefined): boolean {
  return b !== undefined && (Object.keys(a) as (keyof ProfileRow)[]).every((key) => a[key] === b[key]);
}
