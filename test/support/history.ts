/** What playing histories passes around: a history on its way, what was counted, and what was not as foreseen. */
import { type ModelNode, type Observed, World } from './history-model.ts';
import type { Step } from './history-steps.ts';

/** One history on its way. */
export interface History {
  readonly name: string;
  readonly world: World;
  readonly steps: readonly Step[];
  /** What was done, in words. */
  readonly log: string[];
  /** What the engine said of each node, as of the round before. */
  former: Map<ModelNode, Observed>;
  /** What each state of the tree looked like when it was met first. */
  readonly met: Map<string, Map<ModelNode, Observed>>;
}

export interface Tally {
  histories: number;
  operations: number;
  refused: number;
  recurrences: number;
  standings: number;
  deepest: number;
}

/** The first thing that is not as foreseen. */
export class Disagreement extends Error {
  readonly history: History;

  constructor(history: History, what: string) {
    super(`${history.name}: ${what}`);
    this.history = history;
  }
}

let worlds = 0;

export function makeHistory(name: string, steps: readonly Step[]): History {
  return { name, world: new World(worlds++), steps, log: [], former: new Map(), met: new Map() };
}
