/**
 * Whether a password is strong enough for the account APIs. Restcomm ports the meter of a web browser; this is a rule that
 * can be told in one sentence and parts its examples alike.
 */

/** The fewest characters by how many kinds of them there are: small letters, capitals, digits, others. */
const LENGTH_MIN: readonly number[] = [Infinity, 16, 12, 8, 8];
/** Fewer are one character held down, or a pattern. */
const DIFFERENT_MIN = 5;
const KINDS = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u] as const;

export const WEAK_PASSWORD =
  'Password too weak: it needs 8 characters of three kinds (small letters, capitals, digits, others), 12 of two, or 16.';

/** 8 characters of three kinds, 12 of two, or 16 of one, and 5 different ones among them. */
export function isStrong(password: string): boolean {
  const characters = [...password];
  const kinds = KINDS.filter((kind) => kind.test(password)).length;
  return characters.length >= (LENGTH_MIN[kinds] ?? Infinity) && new Set(characters).size >= DIFFERENT_MIN;
}
