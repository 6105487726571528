/** How much of a connection and of a request the server takes, and for how long. */
import { problem } from '#core/problem.ts';
import { GATEWAY_PATH } from '#faces/shared/gateway-path.ts';

/** One megabyte holds every single write; bulk has a limit of its own. */
const BODY_MAX = 1024 * 1024;
/** The longest identifier in a path, percent-encoded. */
const PARAM_MAX = 2_048;
/** Node's own default, said here because clients are told. */
const HEADERS_MAX = 16 * 1024;
/** A path and its query: the longest identifier, several filters, and the rest of the headers still has room. */
const URL_MAX = 8 * 1024;

export const CONNECTION = {
  server: {
    bodyLimit: BODY_MAX,
    forceCloseConnections: 'idle',
    /** Longer than proxies keep theirs, which are mostly set to a minute, so that they close first. */
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: PARAM_MAX },
  },
  node: {
    maxHeaderSize: HEADERS_MAX,
    /** Headers come at once; who sends them byte by byte wants to hold connections. */
    headersTimeout: 30_000,
  },
  /** A connection on which nothing moves is ended, unless a request may take longer. Streams say that they live. */
  idleMs: 600_000,
} as const;

/** Streams may last, a receipt is waited for up to a minute, and what is decided from memory needs no clock, which would be a part of its cost. */
const UNTIMED = new Set([
  'GET /v1/export',
  'POST /v1/verify',
  'GET /v1/operations/:revision',
  'GET /v1/decisions',
  `GET ${GATEWAY_PATH}`,
]);

/** Whether a route has to answer in time. The stream of changes leaves the clock behind when it begins. */
export function isTimed(method: string | string[], url: string): boolean {
  return !UNTIMED.has(`${String(method)} ${url}`);
}

/** What is wrong with a path and its query as they came, or null. */
export function judgeUrl(url: string): Error | null {
  if (url.length > URL_MAX)
    return Object.assign(new Error(`A path with its query must have at most ${URL_MAX} characters.`), {
      statusCode: 414,
    });
  // No text of ours holds it, and the database keeps none that does.
  if (url.includes('%00')) return problem('malformed', 'Path and query must not hold the character U+0000.');
  return null;
}
