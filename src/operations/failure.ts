/** What an operation failed with, as a problem: what was not foreseen is `bug`, an absent database `unavailable`. */
import type { Problem } from '#core/problem.ts';
import { asProblem } from '#store/transaction.ts';

export function problemOf(error: unknown): Problem {
  return asProblem(error);
}
