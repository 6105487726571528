/** What a bench tells, and the arithmetic that all of them share. */
import type { Measurement } from './decisions.ts';

/** What a figure should reach; `of` says which of the two numbers is judged. */
export interface Goal {
  readonly of: 'value' | 'ratio';
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Result extends Measurement {
  readonly goal?: Goal;
}

/** Whether the goal is met; null when there is none. */
export function isMet({ goal, value, ratio }: Result): boolean | null {
  if (goal === undefined) return null;
  const judged = goal.of === 'value' ? value : (ratio ?? Number.NaN);
  return judged >= (goal.atLeast ?? Number.NEGATIVE_INFINITY) && judged <= (goal.atMost ?? Number.POSITIVE_INFINITY);
}

/** The value below which the given part of all values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export interface Compared {
  /** The median of each side, and of their ratios round by round. */
  readonly one: number;
  readonly other: number;
  readonly ratio: number;
}

/** Runs both sides in turns, so that a slow moment of the machine meets both. */
export async function inTurns(
  rounds: number,
  one: (round: number) => Promise<number>,
  other: (round: number) => Promise<number>,
): Promise<Compared> {
  const ones: number[] = [];
  const others: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [mine, theirs] = [await one(round), await other(round)];
    ones.push(mine);
    others.push(theirs);
    ratios.push(mine / theirs);
  }
  return { one: median(ones), other: median(others), ratio: median(ratios) };
}

/** How long the work takes, in milliseconds. */
export async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** How often a second the work is done by so many at once. */
export async function ratePerSecond(
  seconds: number,
  writers: number,
  work: (writer: number) => Promise<unknown>,
): Promise<number> {
  const from = performance.now();
  const until = from + seconds * 1_000;
  let count = 0;
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      while (performance.now() < until) {
        await work(writer);
        count += 1;
      }
    }),
  );
  return (count * 1_000) / (performance.now() - from);
}
