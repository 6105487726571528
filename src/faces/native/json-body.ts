/**
 * How a JSON body is read: as UTF-8, nested no deeper than anything here can mean, without characters that no text may
 * have. What is wrong is `malformed`.
 */
import { isUtf8 } from 'node:buffer';

import type { FastifyInstance } from 'fastify';

import { problem } from '#core/problem.ts';

/** Deeper than any document of ours, and far above where recursion over it could end. */
const DEPTH_MAX = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
/** Only a text with one of these escapes can hold what no text may: raw, the one is no JSON and the other no UTF-8. */
const SUSPICIOUS = /\\u(?:0000|d[89a-f])/i;

/** JSON as Fastify reads it, but that no body at all is no mistake where none is needed. */
export function registerJsonParser(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = Buffer.from(body);
    if (bytes.length === 0) {
      done(null);
      return;
    }
    if (!isUtf8(bytes)) {
      done(problem('malformed', 'The body must be JSON in UTF-8.'));
      return;
    }
    const text = bytes.toString();
    if (isDeeperThan(text, DEPTH_MAX)) {
      done(problem('malformed', `The body must not be nested deeper than ${DEPTH_MAX} levels.`));
      return;
    }
    void parse(request, text, (error, value) => {
      if (error === null && SUSPICIOUS.test(text) && holdsUnfitText(value))
        done(problem('malformed', 'The body must not hold the character U+0000, nor half a surrogate pair.'));
      else done(error, value);
    });
  });
}

/** Whether objects and lists in a JSON text are nested deeper than a number of levels; in linear time. */
export function isDeeperThan(text: string, max: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at + 1);
    else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) depth -= 1;
    if (depth > max) return true;
  }
  return false;
}

/** Where the quote stands that ends a string, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let first = at;
    while (first > from && text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
    if ((at - first) % 2 === 0) return at;
  }
  return text.length;
}

/** Whether a text, or any in a value, holds U+0000 or half a surrogate pair, which no database keeps. */
function holdsUnfitText(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed();
  if (Array.isArray(value)) return value.some(holdsUnfitText);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => holdsUnfitText(name) || holdsUnfitText(member));
}
