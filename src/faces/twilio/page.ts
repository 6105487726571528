/**
 * Lists in pages as Twilio has them: the array by its own name, the figures around it, and where further pages are. A page
 * that there is not has null, since the library follows whatever is not empty.
 *
 * A further page begins after the last thing of the page before, which its token names. So nothing is passed over when
 * things vanish between two pages, as they do when each is removed as it is listed.
 */
import type { FastifyReply } from 'fastify';

import { invalid, problem } from '#core/problem.ts';
import type { Parameters } from '#faces/shared/parameters.ts';

import { type Shape, type Value, jsonOf, sendJson } from './response.ts';

export interface Part {
  readonly offset: number;
  readonly limit: number;
}

export interface Rows<T> {
  /** Of the whole list. */
  readonly total: number;
  readonly items: readonly T[];
}

/** A kind of list. */
export interface PagedList<T> {
  /** The name of the array. */
  readonly array: string;
  readonly shape: Shape<T>;
  readonly read: (part: Part) => Promise<Rows<T>> | Rows<T>;
  /** Where the list goes on after a thing by its UUID; absent where nothing ever leaves the list. */
  readonly seek?: Seek<T>;
}

export interface Seek<T> {
  readonly uuidOf: (thing: T) => string;
  /** The offset of what comes after it, looked for first where it was; null where there never was such a thing. */
  readonly placeAfter: (uuid: string, expected: number) => Promise<number | null>;
}

const SIZE_DEFAULT = 50;
/** Twilio's own maximum. The library asks for more when it wants more; it gets further pages instead. */
const SIZE_MAX = 1_000;
const TOKEN = 'PA';

/** Reads the page that was asked for and sends it. Throws `invalid` for a token or figures that mean nothing. */
export async function sendPage<T>(
  { reply, query }: { readonly reply: FastifyReply; readonly query: Parameters },
  list: PagedList<T>,
): Promise<FastifyReply> {
  const page = readWhole(query, 'Page', 0, 0);
  const size = Math.min(readWhole(query, 'PageSize', SIZE_DEFAULT, 1), SIZE_MAX);
  const expected = page * size;
  if (!Number.isSafeInteger(expected)) throw invalid({ field: 'Page', message: 'is beyond all pages' });
  const token = query.filled('PageToken');
  const offset = token === undefined || list.seek === undefined ? expected : await seekTo(list.seek, token, expected);
  const { total, items } = await list.read({ offset, limit: size });
  const last = items.at(-1);
  const hasMore = last !== undefined && offset + items.length < total;
  const after = hasMore && list.seek !== undefined ? tokenOf(list.seek.uuidOf(last)) : null;
  const uriFor = uriMaker(reply.request.url, query, size);
  const body: { readonly [key: string]: Value } = {
    [list.array]: items.map((item) => jsonOf(list.shape, item)),
    page,
    page_size: size,
    start: expected,
    end: expected + Math.max(0, items.length - 1),
    uri: uriFor(page, token ?? null),
    first_page_uri: uriFor(0, null),
    next_page_uri: hasMore ? uriFor(page + 1, after) : null,
    previous_page_uri: page === 0 ? null : uriFor(page - 1, null),
  };
  return sendJson(reply, body);
}

function tokenOf(uuid: string): string {
  return TOKEN + uuid.replaceAll('-', '');
}

async function seekTo<T>(seek: Seek<T>, token: string, expected: number): Promise<number> {
  const hex = /^PA([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(token);
  const offset = hex === null ? null : await seek.placeAfter(hex.slice(1).join('-'), expected);
  if (offset === null) throw invalid({ field: 'PageToken', message: 'must be that of a page' });
  return offset;
}

/** Makes the addresses of pages: paths from the origin with the suffix, and with whatever else was asked for. */
function uriMaker(url: string, query: Parameters, size: number): (page: number, token: string | null) => string {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const filters = new URLSearchParams();
  for (const name of query.names)
    if (!['Page', 'PageSize', 'PageToken'].includes(name))
      for (const value of query.all(name)) filters.append(name, value);
  return (page, token) => {
    const asked = new URLSearchParams([...filters, ['PageSize', String(size)], ['Page', String(page)]]);
    if (token !== null) asked.append('PageToken', token);
    return `${path}.json?${asked.toString()}`;
  };
}

function readWhole(query: Parameters, name: string, byDefault: number, min: number): number {
  const text = query.filled(name);
  if (text === undefined) return byDefault;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value >= min) return value;
  throw problem('invalid', `${name} must be a whole number from ${min}.`, {
    errors: [{ field: name, message: `must be a whole number from ${min}` }],
  });
}
