/** Pseudo-random numbers that a seed determines, for generated data. Not for secrets. */

/** A source of numbers from 0 up to 1; the same seed gives the same sequence (mulberry32). */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    return mixed(state);
  };
}

/** The number from 0 up to 1 that belongs to some integers: no sequence, so any place can be asked for again. */
export function randomAt(...parts: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const part of parts) state = (Math.imul(state ^ part, 0x85ebca6b) + 0x6d2b79f5) >>> 0;
  return mixed(state);
}

/** One of the elements, chosen by a number from 0 up to 1. */
export function pick<T>(elements: readonly T[], number: number): T {
  const element = elements[Math.floor(number * elements.length)];
  if (element === undefined) throw new Error('there is nothing to pick from');
  return element;
}

function mixed(state: number): number {
  let value = Math.imul(state ^ (state >>> 15), state | 1);
  value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
  return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
}
