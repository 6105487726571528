/**
 * The client of the native API: JSON requests, pages, streams of lines.
 *
 * Every write carries an Idempotency-Key, and only for that reason a request whose answer was lost, or that met a busy
 * server, is sent again. It holds no state but address and credential, and shows the credential to nobody else.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from './api-types.ts';
import { type Caller, callerHeaders } from './caller.ts';
import { ApiProblem, Interrupted, toApiProblem, Unreachable } from './client-error.ts';
import { failure, isWorthAnotherTry } from './request-failure.ts';
import { type ServerEvent, eventsIn } from './server-events.ts';
import { textLines } from './stream-lines.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly timeoutMs?: number;
  /** Given by callers that repeat a request over several runs; otherwise a random one. */
  readonly idempotencyKey?: string;
  /** Told the revision of a write that changed something. */
  readonly onRevision?: ((revision: number) => void) | undefined;
}

export interface ClientOptions extends Caller {
  readonly url: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface Client {
  readonly url: string;
  /** One JSON request; gives the body of a success, throws `ApiProblem`, `Unreachable` or `Interrupted`. */
  readonly request: <T>(method: string, path: string, options?: RequestOptions) => Promise<T>;
  readonly get: <T>(path: string, query?: Query) => Promise<T>;
  readonly post: <T>(path: string, body: unknown, options?: RequestOptions) => Promise<T>;
  /** Every item of a list, page by page. */
  readonly list: <T>(path: string, query?: Query) => AsyncGenerator<T, void>;
  readonly listAll: <T>(path: string, query?: Query) => Promise<T[]>;
  /** A streamed answer of one JSON value a line. A stream that is cut off in the middle throws. */
  readonly lines: <T>(method: string, path: string, query?: Query) => AsyncGenerator<T, void>;
  /** Server-sent events after a cursor; comes back after a lost connection where it was, until interrupted. */
  readonly events: (path: string, query: Query, after: string | null) => AsyncGenerator<ServerEvent, void>;
}

/** How long one answer may take unless the command says otherwise. */
export const TIMEOUT_MS = 30_000;
/** The largest page that the server gives. */
const PAGE_LIMIT = 1000;
/** A restarted or busy server is back within a second or two; longer is for the user to decide. */
const RETRY_DELAYS_MS = [200, 500, 1000];
/** Between two attempts to follow again. */
const FOLLOW_DELAY_MS = 1000;

/** The path of an entity, by UUID, number or identifier; `platform` is the root. */
export function entityPath(entity: string, rest = ''): string {
  return `/v1/entities/${encodeURIComponent(entity === 'platform' ? '0' : entity)}${rest}`;
}

/** Makes a client of the server at an address. Nothing is sent yet. */
export function makeClient(options: ClientOptions): Client {
  const base = new URL(options.url.endsWith('/') ? options.url : `${options.url}/`);
  const where = base.href.replace(/\/$/, '');
  const identity = callerHeaders(options);

  const send = async (
    method: string,
    path: string,
    request: RequestOptions,
    more: Headers,
    signal: AbortSignal,
  ): Promise<Response> => {
    const url = new URL(path.replace(/^\//, ''), base);
    for (const [name, value] of Object.entries(request.query ?? {}))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const headers = new Headers(more);
    for (const [name, value] of identity) headers.set(name, value);
    if (request.body !== undefined) headers.set('Content-Type', 'application/json');
    if (!headers.has('Accept')) headers.set('Accept', 'application/json');
    // A redirect would carry the token to where nobody sent it.
    const response = await fetch(url, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    if (response.ok) return response;
    throw toApiProblem(response.status, response.statusText, await response.text(), where);
  };

  const signalFor = (timeoutMs: number | null) => {
    const signals = [options.signal, timeoutMs === null ? undefined : AbortSignal.timeout(timeoutMs)];
    return AbortSignal.any(signals.filter((signal) => signal !== undefined));
  };

  const request = async <T>(method: string, path: string, given: RequestOptions = {}): Promise<T> => {
    const timeoutMs = given.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;
    const headers = new Headers();
    if (method !== 'GET') headers.set('Idempotency-Key', given.idempotencyKey ?? randomUUID());
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await send(method, path, given, headers, signalFor(timeoutMs));
        const text = await response.text();
        const revision = Number(response.headers.get('Abeyance-Revision') ?? 0);
        if (revision > 0) given.onRevision?.(revision);
        return (text === '' ? null : JSON.parse(text)) as T; // the contract of the API is what types the answer
      } catch (error) {
        const delayMs = RETRY_DELAYS_MS[attempt];
        if (delayMs === undefined || !isWorthAnotherTry(error) || options.signal?.aborted)
          throw failure(error, where, timeoutMs, options.signal, method);
        await sleep(delayMs);
      }
    }
  };

  const list = async function* <T>(path: string, query: Query = {}): AsyncGenerator<T, void> {
    let cursor: string | undefined;
    do {
      const page: Page<T> = await request('GET', path, {
        query: { limit: PAGE_LIMIT, ...query, ...(cursor === undefined ? {} : { cursor }) },
      });
      yield* page.items;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  };

  const lines = async function* <T>(method: string, path: string, query: Query = {}): AsyncGenerator<T, void> {
    const headers = new Headers({ Accept: 'application/x-ndjson' });
    if (method !== 'GET') headers.set('Idempotency-Key', randomUUID());
    try {
      const response = await send(method, path, { query }, headers, signalFor(null));
      for await (const line of textLines(response.body)) if (line !== '') yield JSON.parse(line) as T;
    } catch (error) {
      throw failure(error, where, null, options.signal);
    }
  };

  const events = async function* (path: string, query: Query, after: string | null): AsyncGenerator<ServerEvent, void> {
    let last = after;
    let hasConnected = false;
    for (;;) {
      const headers = new Headers({ Accept: 'text/event-stream' });
      if (last !== null) headers.set('Last-Event-ID', last);
      const resumed = last === null ? query : { ...query, after: last };
      try {
        const response = await send('GET', path, { query: resumed }, headers, signalFor(null));
        hasConnected = true;
        for await (const event of eventsIn(response.body)) {
          last = event.id ?? last;
          yield event;
        }
      } catch (error) {
        const known = failure(error, where, null, options.signal);
        if (
          !hasConnected ||
          !(known instanceof Unreachable || (known instanceof ApiProblem && known.httpStatus === 503))
        )
          throw known;
      }
      await sleep(FOLLOW_DELAY_MS, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {
        throw new Interrupted();
      });
    }
  };

  return {
    url: where,
    request,
    get: (path, query = {}) => request('GET', path, { query }),
    post: (path, body, more = {}) => request('POST', path, { ...more, body }),
    list,
    listAll: async <T>(path: string, query: Query = {}) => {
      const items: T[] = [];
      for await (const item of list<T>(path, query)) items.push(item);
      return items;
    },
    lines,
    events,
  };
}
