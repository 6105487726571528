/**
 * One POST to where somebody else said: it ends in time, follows no redirect, reads no more than the beginning of the answer,
 * and connects to public addresses alone where that is asked.
 *
 * The address is checked where it is connected to, in the look-up of the connection itself: a name that means another address
 * a moment later gains nothing. Connections are kept for the next request to the same place; those that may lie in a private
 * network are kept apart, so that nobody else is sent along one.
 */
import { type LookupAddress, lookup as lookUp } from 'node:dns';
import { type ClientRequest, type RequestOptions, Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type LookupFunction, isIP } from 'node:net';

import { isPublicAddress } from './public-address.ts';

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isPublicOnly: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The beginning of the answer. */
  readonly text: string;
}

/** How much of an answer is read, in bytes; the rest is left. */
const ANSWER_MAX = 2_048;

/** A request that was not answered. The message can be shown to who owns the webhook. */
export class PostFailure extends Error {
  override readonly name = 'PostFailure';
}

const PRIVATE = 'lies at an address that is not on the public Internet';

/** Throws `PostFailure`, or the reason of the aborted signal. */
export async function post(order: Post): Promise<PostAnswer> {
  const { url, isPublicOnly, timeoutMs, signal } = order;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // A literal address is connected to without a look-up.
  if (isPublicOnly && isIP(host) !== 0 && !isPublicAddress(host)) throw new PostFailure(`${url.host} ${PRIVATE}`);
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await exchange(order, AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (timeout.aborted) throw new PostFailure(`${url.host} did not answer within ${timeoutMs} ms`);
    if (error instanceof PostFailure) throw error;
    throw new PostFailure(`${url.host} cannot be reached (${causeOf(error)})`);
  }
}

async function exchange(order: Post, signal: AbortSignal): Promise<PostAnswer> {
  const sent: { request?: ClientRequest } = {};
  try {
    return await ask(order, signal, agentFor(order), sent);
  } catch (error) {
    // A connection that was kept may have been closed at the other end just now: that says nothing about who is there.
    const isClosed = error instanceof Error && 'code' in error && CLOSED.has(String(error.code));
    if (sent.request?.reusedSocket !== true || !isClosed) throw error;
    return await ask(order, signal, false, {});
  }
}

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** An idle connection is left after this, before common servers leave it; in milliseconds. */
const IDLE_MS = 4_000;
/** After this names are looked up anew, in milliseconds: what is kept longer is left once it is idle. */
const AGENTS_MS = 60_000;

type Agents = Readonly<Record<'http:' | 'https:', HttpAgent>>;
const makeAgents = (): Agents => ({
  'http:': new HttpAgent({ keepAlive: true, timeout: IDLE_MS }),
  'https:': new HttpsAgent({ keepAlive: true, timeout: IDLE_MS }),
});
const agents = { madeAt: -AGENTS_MS, public: makeAgents(), any: makeAgents() };

function agentFor({ url, isPublicOnly }: Post): HttpAgent {
  if (performance.now() > agents.madeAt + AGENTS_MS)
    Object.assign(agents, { madeAt: performance.now(), public: makeAgents(), any: makeAgents() });
  return agents[isPublicOnly ? 'public' : 'any'][url.protocol === 'https:' ? 'https:' : 'http:'];
}

function ask(
  { url, headers, body, isPublicOnly }: Post,
  signal: AbortSignal,
  agent: HttpAgent | false,
  sent: { request?: ClientRequest },
): Promise<PostAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    signal,
    agent,
    ...(isPublicOnly ? { lookup: publicLookup } : {}),
  };
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = () => {
      // What was not read to its end is left; else the connection is kept.
      if (!response.complete) response.destroy();
      const text = Buffer.concat(chunks).subarray(0, ANSWER_MAX).toString('utf8');
      resolve({ code: response.statusCode ?? 0, headers: response.headers, text });
    };
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= ANSWER_MAX) finish();
    });
    response.on('end', finish);
    response.on('error', reject);
  });
  sent.request = request;
  request.on('error', reject);
  request.end(body);
  return promise;
}

/** Gives the public addresses of a name alone, and fails when it has none. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) return callback(error, '', 0);
    const addresses: LookupAddress[] = found.filter(({ address }) => isPublicAddress(address));
    const [first] = addresses;
    if (first === undefined) return callback(new PostFailure(`${hostname} ${PRIVATE}`), '', 0);
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message : String(error);
}
