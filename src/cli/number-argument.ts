/**
 * Numbers among the options. What is none is refused with the limits, before anything is done.
 */
import { InvalidArgumentError } from 'commander';

/** Makes the reader of a whole number between limits, for commander. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** A TCP port; 0 lets the system choose one. */
export const readPort = wholeNumber(0, 65_535);
