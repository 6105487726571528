/**
 * What systems compute from, now and as if a planned change were made, for many entities at once.
 *
 * Entities that the same holds and closures reach share one group, so that a hundred thousand of them come down to a few.
 * Which are reached follows the law of the sweep that the change will begin: all beneath its node, or all that a changed profile
 * holds.
 */
import type { ActionMask } from '#core/action.ts';
import type { ProfileRow } from '#core/decision-source.ts';
import { mergeHolds, outranks } from '#core/restrictions.ts';
import type { HoldInForce } from './hold-table.ts';
import type { Picture } from './picture.ts';

/** A change to one node, or to a profile wherever it holds, with all that its effect on systems depends on. */
export type FactsChange =
  | { readonly type: 'hold'; readonly profile: string; readonly authorityRank: number; readonly atMs: number }
  | { readonly type: 'lift'; readonly hold: string }
  | { readonly type: 'close' }
  | {
      readonly type: 'profile';
      readonly name: string;
      readonly denied: ActionMask;
      readonly intercepted: ActionMask;
      readonly severity: number;
    };

export interface SideFacts {
  readonly denied: ActionMask;
  readonly intercepted: ActionMask;
  readonly closed: boolean;
  readonly ownerClosed: boolean;
  /** When it was closed first; null while it is open, or when the change closes it. */
  readonly closedAtMs: number | null;
  /** The profiles in force, the one that words the refusal first. */
  readonly profiles: readonly ProfileInForce[];
}

export interface ProfileInForce {
  readonly name: string;
  /** When the youngest of its holds came into force, where that is asked for: it tells apart what else is alike. */
  readonly sinceMs?: number;
}

export interface FactsGroup {
  readonly now: SideFacts;
  readonly later: SideFacts;
}

export interface PlanFacts {
  readonly groups: readonly FactsGroup[];
  /** The place of its group for each entity that was asked for; -1 where the change does not reach it. */
  readonly groupOf: Int32Array;
}

/** One line of parents, as far as it matters: entities with equal lines share it. */
interface Line {
  readonly key: number;
  readonly holds: readonly HoldInForce[];
  readonly closedAtMs: number | null;
  readonly isReached: boolean;
}

/** The facts of entities, by their numbers, now and after a change of the node. */
export function planFacts(
  picture: Picture,
  node: number,
  change: FactsChange,
  ids: readonly number[],
  withSince: boolean,
): PlanFacts {
  const scan = new FactsScan(picture, node, change, withSince);
  const groupOf = new Int32Array(ids.length);
  for (const [index, id] of ids.entries()) groupOf[index] = scan.groupOf(id);
  return { groups: scan.groups, groupOf };
}

/** The nodes where a profile is in force. */
export function nodesHeldBy(picture: Picture, profile: string): number[] {
  return [...picture.holds.entities()].filter((id) =>
    picture.holds.get(id)?.holds.some((hold) => hold.row.profile === profile),
  );
}

class FactsScan {
  readonly groups: FactsGroup[] = [];
  readonly #picture: Picture;
  readonly #node: number;
  readonly #change: FactsChange;
  readonly #lines = new Map<number, Line>();
  readonly #groups = new Map<string, number>();
  readonly #byFacts = new Map<string, number>();
  readonly #planned: HoldInForce | null;
  readonly #withSince: boolean;
  #keys = 0;

  constructor(picture: Picture, node: number, change: FactsChange, withSince: boolean) {
    this.#withSince = withSince;
    this.#picture = picture;
    this.#node = node;
    this.#change = change;
    this.#planned = change.type === 'hold' ? plannedHold(picture, node, change) : null;
  }

  /** -1 where nothing reaches it. */
  groupOf(id: number): number {
    const { entities } = this.#picture;
    if (!entities.has(id)) return -1;
    const owner = entities.ownerOf(id);
    const own = this.#lineOf(id);
    const other = owner < 0 ? null : this.#lineOf(owner);
    if (!own.isReached && other?.isReached !== true) return -1;
    const key = `${own.key}:${other?.key ?? ''}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group = { now: this.#now(own, other), later: this.#later(own, other) };
    // Different holds often come to the same.
    const facts = JSON.stringify(group);
    const same = this.#byFacts.get(facts) ?? this.groups.push(group) - 1;
    this.#byFacts.set(facts, same);
    this.#groups.set(key, same);
    return same;
  }

  #lineOf(id: number): Line {
    const path: number[] = [];
    let at = id;
    let line = this.#lines.get(at);
    const { entities } = this.#picture;
    while (line === undefined && at >= 0 && entities.has(at)) {
      path.push(at);
      at = at === 0 ? -1 : entities.parentOf(at);
      line = this.#lines.get(at);
    }
    line ??= { key: 0, holds: [], closedAtMs: null, isReached: false };
    for (const next of path.toReversed()) {
      line = this.#below(line, next);
      this.#lines.set(next, line);
    }
    return line;
  }

  #below(above: Line, id: number): Line {
    const holds = this.#picture.holds.get(id)?.holds ?? [];
    const closedAtMs = this.#picture.entities.closedAtMsOf(id);
    const isReached = this.#begins(id, holds);
    if (holds.length === 0 && closedAtMs === null && !isReached) return above;
    return {
      key: ++this.#keys,
      holds: holds.length === 0 ? above.holds : [...above.holds, ...holds],
      closedAtMs: earliest(above.closedAtMs, closedAtMs),
      isReached: isReached || above.isReached,
    };
  }

  #begins(id: number, holds: readonly HoldInForce[]): boolean {
    const change = this.#change;
    if (change.type !== 'profile') return id === this.#node;
    return holds.some((hold) => hold.row.profile === change.name);
  }

  #now(own: Line, other: Line | null): SideFacts {
    return this.#side([...own.holds, ...(other?.holds ?? [])], {
      closed: own.closedAtMs !== null,
      closedAtMs: own.closedAtMs,
      ownerClosed: (other?.closedAtMs ?? null) !== null,
    });
  }

  #later(own: Line, other: Line | null): SideFacts {
    const holds = [...own.holds, ...(other?.holds ?? [])];
    const closes = this.#change.type === 'close';
    return this.#side(this.#changed(holds), {
      closed: own.closedAtMs !== null || (closes && own.isReached),
      closedAtMs: own.closedAtMs,
      ownerClosed: (other?.closedAtMs ?? null) !== null || (closes && other?.isReached === true),
    });
  }

  #changed(holds: readonly HoldInForce[]): HoldInForce[] {
    const change = this.#change;
    switch (change.type) {
      case 'hold':
        return this.#planned === null ? [...holds] : [...holds, this.#planned];
      case 'lift':
        return holds.filter((hold) => hold.row.uuid !== change.hold);
      case 'profile':
        return holds.map((hold) => (hold.row.profile === change.name ? { ...hold, ...effectOf(change) } : hold));
      case 'close':
        return [...holds];
    }
  }

  /** The same law as the function `target_facts` of the database. */
  #side(holds: readonly HoldInForce[], lines: Pick<SideFacts, 'closed' | 'ownerClosed' | 'closedAtMs'>): SideFacts {
    const { denied, intercepted } = mergeHolds({ holds, closed: lines.closed, ownerClosed: lines.ownerClosed });
    const ranked = (denied | intercepted) === 0 ? [] : holds.toSorted((a, b) => (outranks(a, b) ? -1 : 1));
    const byName = Map.groupBy(ranked, (hold) => hold.row.profile);
    const profiles = [...byName].map(([name, of]) =>
      this.#withSince ? { name, sinceMs: Math.max(...of.map((hold) => hold.row.sinceMs)) } : { name },
    );
    return { denied, intercepted, ...lines, profiles };
  }
}

function effectOf({ denied, intercepted, severity }: FactsChange & { readonly type: 'profile' }) {
  return { denied, intercepted, severity };
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

/** The hold as it would be placed now: after all that are there. */
function plannedHold(
  picture: Picture,
  node: number,
  change: FactsChange & { readonly type: 'hold' },
): HoldInForce | null {
  const profile: ProfileRow | undefined = picture.holds.profile(change.profile);
  if (profile === undefined) return null;
  const [id, placedAtMs] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  const { denied, intercepted, severity } = profile;
  const rank = { id, authority: change.authorityRank, placedAtMs };
  const row = { id, uuid: '', entityId: node, profile: profile.name, sinceMs: change.atMs };
  // Nobody looks at more of a hold that is not there yet.
  return { ...rank, denied, intercepted, severity, profile, row: row as HoldInForce['row'] };
}
