/**
 * The record level of master files (RFC 1035 section 5.1, RFC 2308 section 4): directives obeyed, owners, TTLs and
 * classes filled in. What the data of a record means is not judged here.
 */
import { dirname, isAbsolute, join } from 'node:path';
import { resolveEscapes, textOfOctets } from '#core/dns-presentation.ts';
import { readDnsName } from '#core/domain-name.ts';
import { INTEGER_MAX } from '#core/field.ts';
import { accepted, type Reading, refused } from '#core/reading.ts';
import type { BadLine, OpenText } from './parsed.ts';
import { linesOf } from './text-lines.ts';
import { type ZoneEntry, type ZoneToken, zoneEntries } from './zone-tokens.ts';

export interface ZoneRecord {
  readonly file: string;
  readonly line: number;
  readonly owner: string;
  readonly type: string;
  readonly data: readonly ZoneToken[];
  /** Stated in the record, or the last one stated where there is no $TTL; seconds. */
  readonly ttl: number | null;
  /** The $TTL in force; seconds. */
  readonly defaultTtl: number | null;
  /** For the names in the data. */
  readonly origin: string | null;
}

/** A chain of includes longer than this includes itself. */
const INCLUDE_DEPTH_MAX = 10;

const CLASSES = new Set(['IN', 'CH', 'CS', 'HS']);
const TTL = /^(?:\d+|(?:\d+[smhdw])+)$/i;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

interface Context {
  /** Without trailing dot; '' is the root. */
  origin: string | null;
  owner: string | null;
}

interface Ttls {
  byDirective: number | null;
  lastStated: number | null;
}

/** Reads a file, and those it includes, as records and bad lines. `origin` holds until the first $ORIGIN. */
export function zoneRecords(
  file: string,
  open: OpenText,
  origin: string | null,
): AsyncGenerator<ZoneRecord | { bad: BadLine }> {
  return fileRecords(file, open, { origin, owner: null }, { byDirective: null, lastStated: null }, 0);
}

async function* fileRecords(
  file: string,
  open: OpenText,
  context: Context,
  ttls: Ttls,
  depth: number,
): AsyncGenerator<ZoneRecord | { bad: BadLine }> {
  for await (const entry of zoneEntries(linesOf(open(file)))) {
    const first = entry.tokens[0]?.written ?? '';
    let wrong: string | null = null;
    if (entry.wrong !== undefined) wrong = entry.wrong;
    else if (entry.hasOwner && first.startsWith('$') && /^\$include$/i.test(first)) {
      const inclusion = readInclusion(entry, file, context, depth);
      if (inclusion.ok) {
        const { path, origin } = inclusion.value;
        try {
          yield* fileRecords(path, open, { origin, owner: context.owner }, ttls, depth + 1);
        } catch (error) {
          if (!isFileError(error)) throw error;
          wrong = `cannot include ${path}: ${error.message}`;
        }
      } else wrong = inclusion.message;
    } else if (entry.hasOwner && first.startsWith('$')) wrong = obeyDirective(entry, context, ttls);
    else {
      const record = readRecord(entry, file, context, ttls);
      if (record.ok) yield record.value;
      else wrong = record.message;
    }
    if (wrong !== null) yield { bad: { file, line: entry.line, reason: wrong } };
  }
}

function obeyDirective(entry: ZoneEntry, context: Context, ttls: Ttls): string | null {
  const [directive, argument, ...more] = entry.tokens.map((token) => token.written);
  if (!/^\$(?:origin|ttl)$/i.test(directive ?? ''))
    return `the directive ${directive} is not known here: only $ORIGIN, $TTL and $INCLUDE are`;
  if (argument === undefined || more.length > 0) return `${directive} takes one value`;
  if (/^\$origin$/i.test(directive ?? '')) {
    const origin = argument === '.' ? accepted('') : absoluteName(argument, context.origin);
    if (!origin.ok) return `$ORIGIN ${origin.message}`;
    context.origin = origin.value;
    return null;
  }
  const ttl = readTtl(argument);
  if (!ttl.ok) return `$TTL ${ttl.message}`;
  ttls.byDirective = ttl.value;
  return null;
}

function readInclusion(
  entry: ZoneEntry,
  file: string,
  context: Context,
  depth: number,
): Reading<{ path: string; origin: string | null }> {
  const [, path, originText, ...more] = entry.tokens.map((token) => token.written);
  if (path === undefined || more.length > 0) return refused('$INCLUDE takes a file name and, if need be, an origin');
  if (depth >= INCLUDE_DEPTH_MAX)
    return refused(`$INCLUDE is nested deeper than ${INCLUDE_DEPTH_MAX}: does a file include itself?`);
  const resolved = isAbsolute(path) ? path : join(dirname(file), path);
  if (originText === undefined) return accepted({ path: resolved, origin: context.origin });
  const origin = absoluteName(originText, context.origin);
  return origin.ok
    ? accepted({ path: resolved, origin: origin.value })
    : refused(`$INCLUDE: its origin ${origin.message}`);
}

function readRecord(entry: ZoneEntry, file: string, context: Context, ttls: Ttls): Reading<ZoneRecord> {
  const tokens = [...entry.tokens];
  if (entry.hasOwner) {
    const owner = absoluteName(tokens.shift()?.written ?? '', context.origin);
    context.owner = owner.ok ? owner.value : null; // a record that inherits a bad owner is bad as well
    if (!owner.ok) return refused(`the owner ${owner.message}`);
  }
  if (context.owner === null) return refused('has no owner, and there is none to inherit');
  let ttl: number | null = null;
  let hasClass = false;
  for (let next = tokens[0]; next !== undefined && !next.isQuoted; next = tokens[0]) {
    const word = next.written.toUpperCase();
    if (!hasClass && CLASSES.has(word)) {
      if (word !== 'IN') return refused(`class ${word} is not kept, only IN`);
      hasClass = true;
    } else if (ttl === null && TTL.test(word)) {
      const reading = readTtl(word);
      if (!reading.ok) return refused(`the TTL ${reading.message}`);
      ttl = reading.value;
    } else break;
    tokens.shift();
  }
  const type = tokens.shift();
  if (type === undefined || type.isQuoted) return refused('has no record type');
  if (ttl !== null) ttls.lastStated = ttl;
  return accepted({
    file,
    line: entry.line,
    owner: context.owner,
    type: type.written.toUpperCase(),
    data: tokens,
    ttl: ttl ?? (ttls.byDirective === null ? ttls.lastStated : null),
    defaultTtl: ttls.byDirective,
    origin: context.origin,
  });
}

/** A name of a master file as a whole name: `@` and names without trailing dot are completed with the origin. */
export function absoluteName(written: string, origin: string | null): Reading<string> {
  if (!written.endsWith('.') && origin === null) return refused('is relative, and no $ORIGIN was given', written);
  if (/\\(?:\.|046)/.test(written)) return refused('has a dot inside a label, which is not kept', written);
  const octets = resolveEscapes(written);
  if (octets === null) return refused('must have escapes \\DDD from \\000 to \\255', written);
  const text = textOfOctets(octets);
  if (text === '@') return origin ? accepted(origin) : refused("is the root, which is nobody's", written);
  const name = readDnsName(text.endsWith('.') || !origin ? text : `${text}.${origin}`);
  return name.ok ? name : refused(name.message);
}

/** Seconds, or units as in `1h30m` (BIND's form of RFC 1035's number). */
export function readTtl(text: string): Reading<number> {
  if (!TTL.test(text)) return refused('must be seconds, or a time such as 1h30m', text);
  let seconds = 0;
  for (const [, count, unit] of text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g))
    seconds += Number(count) * (SECONDS[unit === '' || unit === undefined ? 's' : unit] ?? 1);
  return seconds <= INTEGER_MAX
    ? accepted(seconds)
    : refused(`must be at most ${INTEGER_MAX} seconds (RFC 2181 section 8)`, text);
}

function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
