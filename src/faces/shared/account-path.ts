/**
 * Paths of the account APIs as clients write them: `.json` after any segment, and slashes at the end. Both are taken
 * away before a route is looked for; the suffix becomes what it means, a wish for JSON.
 */
import type { IncomingMessage } from 'node:http';

export const RESTCOMM_BASE = '/restcomm/2012-04-24';
export const TWILIO_BASE = '/2010-04-01';

/** Rewrites a URL beneath either base, and the `Accept` of its request; null for any other URL. */
export function rewriteAccountUrl(request: Pick<IncomingMessage, 'url' | 'headers'>): string | null {
  const url = request.url ?? '/';
  if (!isAccountUrl(url)) return null;
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? '' : url.slice(mark);
  const bare = withoutSlashes(path);
  // Profiles are documents of their own, in JSON whatever the path says.
  if (isBeneath(bare, `${RESTCOMM_BASE}/Profiles`)) return bare + query;
  const segments = bare.split('/');
  const stripped = segments.map((segment) => (segment.endsWith('.json') ? segment.slice(0, -5) : segment));
  if (stripped.some((segment, place) => segment !== segments[place])) request.headers.accept = 'application/json';
  return stripped.join('/') + query;
}

/** By one pass from the end: a pattern would look at each slash of a long row anew. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

/** Whether a URL, as it came or rewritten, is for one of the account APIs. */
function isAccountUrl(url: string): boolean {
  return isBeneath(url, RESTCOMM_BASE) || isBeneath(url, TWILIO_BASE);
}

function isBeneath(url: string, base: string): boolean {
  if (!url.startsWith(base)) return false;
  const next = url[base.length];
  return next === undefined || next === '/' || next === '?' || next === '.';
}
