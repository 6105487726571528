/**
 * The presentation form of DNS data: blank-separated fields, quoted strings and backslash escapes.
 *
 * Octets are held as text of one character each (U+0000 to U+00FF), as they go over the wire. Comments, parentheses and
 * lines belong to zone files, not here.
 */
import { accepted, type Reading, refused } from '#core/reading.ts';

export interface PresentationField {
  /** The octets, escapes resolved. */
  readonly octets: string;
  /** The field as it was written, without its quotes. */
  readonly written: string;
  readonly isQuoted: boolean;
}

/** Takes data apart into fields (RFC 1035 section 5.1): `\X` is X, `\DDD` the octet of that decimal number. */
export function splitPresentation(text: string): Reading<PresentationField[]> {
  const fields: PresentationField[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|((?:[^\s"\\]|\\.)+)(?=\s|$))/gsy;
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) return refused('must be fields between blanks, each quote closed', text.slice(from).trim());
    const written = match[1] ?? match[2] ?? '';
    const octets = resolveEscapes(written);
    if (octets === null) return refused('must have escapes \\DDD from \\000 to \\255', written);
    fields.push({ octets, written, isQuoted: match[1] !== undefined });
  }
  return accepted(fields);
}

/** The octets of a field, or null when an escape is not `\DDD` up to 255 or a backslash before another character. */
export function resolveEscapes(written: string): string | null {
  if (isPlain(written)) return written;
  let octets = '';
  for (let index = 0; index < written.length; index += 1) {
    const character = written.charAt(index);
    if (character !== '\\') {
      const point = written.codePointAt(index) ?? 0;
      if (point > 0xffff) index += 1;
      octets += utf8Octets(String.fromCodePoint(point));
      continue;
    }
    const digits = written.slice(index + 1, index + 4);
    if (/^\d/.test(digits)) {
      if (!/^\d{3}$/.test(digits) || Number(digits) > 255) return null;
      octets += String.fromCharCode(Number(digits));
      index += 3;
    } else {
      const point = written.codePointAt(index + 1);
      if (point === undefined) return null;
      octets += utf8Octets(String.fromCodePoint(point));
      index += point > 0xffff ? 2 : 1;
    }
  }
  return octets;
}

/** Octets as one quoted string: quote and backslash escaped, what is not printable ASCII as `\DDD`. */
export function quoteOctets(octets: string): string {
  const escaped = octets.replace(/["\\]|[^\u0020-\u007e]/g, (octet) =>
    octet === '"' || octet === '\\' ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`,
  );
  return `"${escaped}"`;
}

/** The octets of text in UTF-8, one character each. */
export function utf8Octets(text: string): string {
  return isAscii(text) ? text : String.fromCharCode(...new TextEncoder().encode(text));
}

/** The text whose UTF-8 the octets are; octets that are none become replacement characters. */
export function textOfOctets(octets: string): string {
  return isAscii(octets) ? octets : new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0)));
}

function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text);
}

function isPlain(text: string): boolean {
  return !text.includes('\\') && isAscii(text);
}
