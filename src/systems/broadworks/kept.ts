/** What was configured before the first hold, as it is kept with the target. */
import type { Json } from '#core/field.ts';
import { sameState } from '#core/system-kind.ts';
import type { Intercept } from '#core/systems/broadworks-intercept.ts';

import { type Family, type Found, differences } from './intercept-elements.ts';

export interface Kept {
  readonly settings: Intercept;
  /** What the server told of the announcements, which cannot be read themselves. */
  readonly audioFile: string | null;
  readonly videoFile: string | null;
  /** A hold has put an announcement of its own in their place. */
  readonly isFileReplaced: boolean;
  /** What we have sent since, the latest last: by this our own work is told from that of others. */
  readonly told: readonly Intercept[];
  /** It was put back; it stays for as long as a request of ours may still arrive. */
  readonly isRestored: boolean;
}

/** As many states as one suspension goes through in the time that a request can be late. */
const TOLD_MAX = 5;

/** What is kept of what was found. */
export function keptOf(found: Found): Kept {
  const { intercept, audioFile, videoFile } = found;
  return { settings: intercept, audioFile, videoFile, isFileReplaced: false, told: [], isRestored: false };
}

/** With one more state that is sent now. */
export function withTold(kept: Kept, wanted: Intercept): Kept {
  const others = kept.told.filter((one) => !sameState(toJson(one), toJson(wanted)));
  return {
    ...kept,
    isFileReplaced: kept.isFileReplaced || wanted.audioFile !== null || wanted.videoFile !== null,
    told: [...others, wanted].slice(-TOLD_MAX),
    isRestored: false,
  };
}

/** Whether what was found is what we have sent. */
export function isOurs(kept: Kept, family: Family, found: Found): boolean {
  return kept.told.some((one) => differences(family, one, found).length === 0);
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
