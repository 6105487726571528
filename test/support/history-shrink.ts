/** Makes a history that fails as short as it will go, and tells it. */
import { Disagreement, type Tally, makeHistory } from './history.ts';
import { play } from './history-player.ts';
import type { Cast, Step } from './history-steps.ts';
import type { Installation } from './installation.ts';

/** Each attempt is played anew on the database. */
const ATTEMPTS_MAX = 400;

/** The text of the shortest history found that still fails. */
export async function shrink(here: Installation, cast: Cast, first: Disagreement): Promise<string> {
  let attempts = 0;
  let best = first;
  const fails = async (steps: readonly Step[]): Promise<Disagreement | null> => {
    if (attempts++ >= ATTEMPTS_MAX) return null;
    const tally: Tally = { histories: 0, operations: 0, refused: 0, recurrences: 0, standings: 0, deepest: 0 };
    try {
      await play(here, cast, [makeHistory(first.history.name, steps)], tally);
      return null;
    } catch (error) {
      if (error instanceof Disagreement) return error;
      throw error;
    }
  };
  // What later steps needed may go once they are gone, so it is gone through until nothing more can be left out.
  for (let before = Number.POSITIVE_INFINITY; best.history.steps.length < before;) {
    before = best.history.steps.length;
    for (let size = Math.ceil(before / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < best.history.steps.length;) {
        const { steps } = best.history;
        const failed = await fails([...steps.slice(0, from), ...steps.slice(from + size)]);
        if (failed === null) from += size;
        else best = failed;
      }
    }
  }
  const lines = best.history.log.map((line, index) => `  ${index + 1}. ${line}`);
  return [
    best.message,
    `The shortest history found (${attempts} were tried; as first met: ${first.message}):`,
    ...lines,
  ].join('\n');
}
