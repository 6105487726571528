/** Text of foreign origin, made fit to be shown: one line, short, without control characters and without our credentials. */
import type { Values } from '#core/field.ts';

/** Enough for a sentence that says what is wrong. */
export const FOREIGN_TEXT_MAX = 300;
/** Shorter pieces of a credential than these are words like any other. */
const SECRET_MIN = 8;
const HIDDEN = '(hidden)';
/** Control characters, line and paragraph separators, and what turns the direction of text or has no width. */
const UNSHOWN = /[\p{Cc}\p{Cs}\p{Co}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]+/gu;
const PEM = /-----BEGIN [A-Z ]+-----[^]*?(?:-----END [A-Z ]+-----|$)/g;

export type Clean = (text: string) => string;

/** Makes a cleaner that hides these credentials, each line of a PEM text included. */
export function makeCleaner(secrets: Values): Clean {
  const hidden = Object.values(secrets)
    .filter((value): value is string => typeof value === 'string')
    .flatMap((value) => [value, ...value.split(/\s+/)])
    .filter((piece) => piece.length >= SECRET_MIN && !piece.includes('-----'))
    .sort((a, b) => b.length - a.length);
  return (text) => {
    // Hidden before it is cut: half a credential is one, too. What lies far beyond the cut cannot be shown.
    let clean = text.slice(0, FOREIGN_TEXT_MAX * 20).replaceAll(PEM, HIDDEN);
    for (const piece of hidden) clean = clean.replaceAll(piece, HIDDEN);
    clean = clean.replaceAll(UNSHOWN, ' ').replaceAll(/\s+/g, ' ').trim();
    return clean.length > FOREIGN_TEXT_MAX ? `${clean.slice(0, FOREIGN_TEXT_MAX)}…` : clean;
  };
}
