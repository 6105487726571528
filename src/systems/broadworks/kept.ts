/** What was configured before the first hold, as it is kept with the target. */
import type { Json } from '#core/field.ts';
import type { Intercept } from '#core/systems/broadworks-intercept.ts';

import type { Found } from './intercept-elements.ts';

export interface Kept {
  readonly settings: Intercept;
  /** What the server told of the announcements, which cannot be read themselves. */
  readonly audioFile: string | null;
  readonly videoFile: string | null;
  /** A hold has put an announcement of its own in their place. */
  readonly isFileReplaced: boolean;
}

export function keptOf(found: Found): Kept {
  return { settings: found.intercept, audioFile: found.audioFile, videoFile: found.videoFile, isFileReplaced: false };
}

/** As it was stored; null when nothing is kept. */
export function readKept(stored: Json): Kept | null {
  // Written by this driver alone, by way of `toJson`.
  return typeof stored === 'object' && stored !== null && 'settings' in stored ? (stored as unknown as Kept) : null;
}

/** Plain data, of which the compiler does not know that it is JSON. */
export function toJson(value: object): Json {
  return value as unknown as Json; // Interfaces have no index; each of ours holds plain data alone.
}

/** What cannot be put back though it was there; null when nothing is lost. */
export function lossOf({ isFileReplaced, audioFile, videoFile }: Kept): string | null {
  const files = [audioFile, videoFile].filter((file) => file !== null);
  if (!isFileReplaced || files.length === 0) return null;
  return `the announcement ${files.map((file) => JSON.stringify(file)).join(' and ')} was replaced and cannot be put back: the server does not give it out`;
}
