/**
 * The lexical level of master files (RFC 1035 section 5.1): entries of fields, each with the line it begins on.
 *
 * Comments, parentheses and quotes end here; escapes stay as written, since only the reader of a field knows whether
 * `\.` is a character or part of a name. What is wrong costs its own entry, never the next one.
 */
import { type Line, LOST_OCTETS } from './text-lines.ts';

export interface ZoneToken {
  /** As written, without quotes. */
  readonly written: string;
  readonly isQuoted: boolean;
}

export interface ZoneEntry {
  readonly line: number;
  /** False when the line begins with a blank: the owner is that of the record before. */
  readonly hasOwner: boolean;
  readonly tokens: readonly ZoneToken[];
  /** What is wrong with the entry, when it cannot be used. */
  readonly wrong?: string;
}

/** An entry with more fields has lost its closing parenthesis; the largest real ones are keys of some dozens. */
const TOKENS_MAX = 4096;

interface Open {
  readonly line: number;
  readonly hasOwner: boolean;
  readonly tokens: ZoneToken[];
  depth: number;
  wrong: string | null;
}

/** Takes the lines of a file apart into entries; empty ones are left out. */
export async function* zoneEntries(lines: AsyncIterable<Line>): AsyncGenerator<ZoneEntry> {
  let open: Open | null = null;
  for await (const { text, number } of lines) {
    open ??= { line: number, hasOwner: !/^[\s(;]|^$/.test(text), tokens: [], depth: 0, wrong: null };
    scan(text, number, open);
    if (open.tokens.length > TOKENS_MAX) {
      open.wrong = 'opens a parenthesis that is not closed';
      open.depth = 0;
    }
    if (open.depth > 0) continue;
    if (open.tokens.length > 0 || open.wrong !== null) yield closed(open);
    open = null;
  }
  if (open !== null) yield closed({ ...open, wrong: open.wrong ?? 'opens a parenthesis that is not closed' });
}

function closed({ line, hasOwner, tokens, wrong }: Open): ZoneEntry {
  return wrong === null ? { line, hasOwner, tokens } : { line, hasOwner, tokens, wrong };
}

function scan(text: string, number: number, open: Open): void {
  const pattern = /[ \t]*(?:(;.*)|([()])|"((?:[^"\\]|\\.)*)"|((?:[^\s;()"\\]|\\.)+))/gsy;
  const end = text.trimEnd().length;
  if (text.includes(LOST_OCTETS)) open.wrong ??= `is not UTF-8 text${where(number, open)}`;
  while (pattern.lastIndex < end) {
    const match = pattern.exec(text);
    if (!match) {
      open.wrong ??= `has a quote that is not closed, or a character that no field may have${where(number, open)}`;
      return;
    }
    const [, comment, parenthesis, quoted, bare] = match;
    if (comment !== undefined) return;
    if (parenthesis === '(') open.depth += 1;
    else if (parenthesis === ')') {
      if (open.depth === 0) open.wrong ??= `closes a parenthesis that was never opened${where(number, open)}`;
      else open.depth -= 1;
    } else if (quoted !== undefined) open.tokens.push({ written: quoted, isQuoted: true });
    else if (bare !== undefined) open.tokens.push({ written: bare, isQuoted: false });
  }
}

/** Where in a long entry the trouble is. */
function where(number: number, open: Open): string {
  return number === open.line ? '' : ` (in line ${number})`;
}
