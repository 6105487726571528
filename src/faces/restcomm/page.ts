/**
 * Lists in pages: the same figures around all of them, as members in JSON, and as attributes in XML where that has them.
 *
 * Pages count from 0. There is one more than `num_pages` says, which the last one may be, and empty.
 */
import type { FastifyReply } from 'fastify';

import { problem } from '#core/problem.ts';
import type { Parameters } from '#faces/shared/parameters.ts';

import { type Shape, type Value, jsonOf, sendJson, sendXml, wantsJson, xmlOf } from './response.ts';

/** A kind of list that comes in pages. */
export interface PagedList<T> {
  readonly shape: Shape<T>;
  /** The name of the array in JSON. */
  readonly array: string;
  readonly sidOf: (thing: T) => string;
  /** Whether XML has the figures, too. */
  readonly isPagedInXml?: true;
}

export interface Rows<T> {
  /** Of the whole list. */
  readonly total: number;
  readonly items: readonly T[];
}

/** Reads a part of a list. */
export type ReadRows<T> = (offset: number, limit: number) => Promise<Rows<T>> | Rows<T>;

const SIZE_DEFAULT = 50;
/** As many rows as one answer has, whatever was asked for: clients ask for 99,999,999 to have all. */
const ROWS_MAX = 10_000;
const CONTEXT = '/restcomm';

/** Reads the page that was asked for and sends it. Throws `malformed` for a page that there is not. */
export async function sendPage<T>(
  { reply, query }: { readonly reply: FastifyReply; readonly query: Parameters },
  list: PagedList<T>,
  read: ReadRows<T>,
): Promise<FastifyReply> {
  const page = readWhole(query, 'Page', 0, 0);
  const size = readWhole(query, 'PageSize', SIZE_DEFAULT, 1);
  const start = page * size;
  if (!Number.isSafeInteger(start)) throw noSuchPage(page);
  const { total, items } = await read(start, Math.min(size, ROWS_MAX));
  const pages = Math.floor(total / size);
  if (page > pages) throw noSuchPage(page);
  const figures = figuresOf({ page, size, start, pages, total, items, list, url: reply.request.url, query });
  if (wantsJson(reply.request))
    return sendJson(reply, { ...figures, [list.array]: items.map((item) => jsonOf(list.shape, item)) });
  const { one, many } = list.shape;
  return sendXml(reply, {
    [many]: {
      ...(list.isPagedInXml === true ? attributesOf(figures) : {}),
      [one]: items.map((item) => xmlOf(list.shape, item)),
    },
  });
}

interface Asked<T> extends Rows<T> {
  readonly page: number;
  readonly size: number;
  readonly start: number;
  readonly pages: number;
  readonly list: PagedList<T>;
  readonly url: string;
  readonly query: Parameters;
}

type Figures = Readonly<Record<string, string | number | null>>;

function figuresOf<T>({ page, size, start, pages, total, items, list, url, query }: Asked<T>): Figures {
  const isLast = page === pages;
  const mark = url.indexOf('?');
  const uri = (mark < 0 ? url : url.slice(0, mark)).slice(CONTEXT.length);
  const filters = filtersOf(query);
  const last = items.at(-1);
  const to = (number: number, after = '') => `${uri}?Page=${number}&PageSize=${size}${after}${filters}`;
  return {
    page,
    num_pages: pages,
    page_size: size,
    total,
    start: String(start),
    // The last row of a full page, and one after it on the last page.
    end: String(items.length < size ? start + items.length : start + size - 1),
    uri,
    first_page_uri: to(0),
    previous_page_uri: page === 0 ? null : to(page - 1),
    next_page_uri: isLast ? null : to(page + 1, last === undefined ? '' : `&AfterSid=${list.sidOf(last)}`),
    last_page_uri: to(pages),
  };
}

/** What else was asked for, so that whoever follows a page finds more of the same list. */
function filtersOf(query: Parameters): string {
  const kept = new URLSearchParams();
  for (const name of query.names)
    if (!['Page', 'PageSize', 'AfterSid'].includes(name)) kept.append(name, query.text(name) ?? '');
  return kept.size === 0 ? '' : `&${kept.toString()}`;
}

/** The names in XML are those of JSON without underscores; what is absent has no attribute. */
function attributesOf(figures: Figures): { readonly [key: string]: Value } {
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, value]) =>
      value === null ? [] : [[`@${name.replaceAll('_', '')}`, value]],
    ),
  );
}

function noSuchPage(page: number): Error {
  return problem('malformed', `There is no page ${page}.`);
}

function readWhole(query: Parameters, name: string, byDefault: number, min: number): number {
  const text = query.filled(name);
  if (text === undefined) return byDefault;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value < min) throw problem('malformed', `${name} must be a whole number from ${min}.`);
  return value;
}
