/** The counts of sweeps: which targets each reached, and what a later one took over from an earlier one. */

/** A target as it is before the sweeps of a transaction reach it. */
export interface Reached {
  readonly systemId: number;
  readonly entityId: number;
  readonly first: number;
  readonly desired: number;
  readonly applied: number;
}

/** What is added to the counts of one sweep in one system. */
export interface CountDelta {
  readonly revision: number;
  readonly systemId: number;
  targets: number;
  passedConfirmed: number;
  passedOpen: number;
}

export interface Sums {
  /** The generation that each target has afterwards, where it is another. */
  readonly raised: readonly { readonly systemId: number; readonly entityId: number; readonly generation: number }[];
  readonly counts: readonly CountDelta[];
}

/**
 * Lets sweeps reach targets, in ascending order of their revisions. Keeps the laws that a generation never goes back, that a
 * sweep counts each target once, and that a target is among the passed ones of every sweep that reached it but the last.
 */
export function sumReach(hits: readonly { readonly revision: number; readonly target: Reached }[]): Sums {
  const desired = new Map<Reached, number>();
  const counts = new Map<string, CountDelta>();
  const countOf = (revision: number, systemId: number): CountDelta => {
    const key = `${revision} ${systemId}`;
    const found = counts.get(key) ?? { revision, systemId, targets: 0, passedConfirmed: 0, passedOpen: 0 };
    counts.set(key, found);
    return found;
  };
  for (const { revision, target } of hits) {
    const former = desired.get(target) ?? target.desired;
    if (revision < target.first || revision === former) continue;
    countOf(revision, target.systemId).targets++;
    if (revision < former) {
      // A later sweep was here first: what this one asks for was superseded before anybody told it.
      countOf(revision, target.systemId).passedOpen++;
      continue;
    }
    if (target.applied >= former) countOf(former, target.systemId).passedConfirmed++;
    else countOf(former, target.systemId).passedOpen++;
    desired.set(target, revision);
  }
  return {
    raised: [...desired].map(([{ systemId, entityId }, generation]) => ({ systemId, entityId, generation })),
    counts: [...counts.values()].sort((a, b) => a.revision - b.revision || a.systemId - b.systemId),
  };
}
