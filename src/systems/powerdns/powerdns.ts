/** Makes a PowerDNS forget what it has answered, and notify those who transfer its zones. */
import {
  type CallOptions,
  SystemFailure,
  callSystem,
  isObject,
  placeOf,
  readJson,
  unexpected,
} from '#systems/http-call.ts';

export interface PowerdnsOptions extends Pick<CallOptions, 'timeoutMs' | 'signal'> {
  /** Where its API is, such as http://127.0.0.1:8081. */
  readonly url: URL;
  readonly key: string;
}

export interface Purged {
  /** How many zones were purged by name; null: everything was. */
  readonly zones: number | null;
  /** Entries that were in the caches. */
  readonly entries: number;
}

/** One request for each zone costs more than the caches save, above so many. */
export const ZONES_BY_NAME_MAX = 50;
/** No such zone; not primary for it. */
const NOT_NOTIFIED: ReadonlySet<number> = new Set([404, 422]);
/** The name above all others: with it everything is forgotten. */
const ROOT = '.';

/** Purges the zones with all beneath them; null, or more than 50 of them: everything at once. */
export async function purgeCaches(options: PowerdnsOptions, zones: readonly string[] | null): Promise<Purged> {
  const names = zones === null ? null : [...new Set(zones.map((zone) => `${zone.replace(/\.$/, '')}.`))];
  if (names === null || names.length > ZONES_BY_NAME_MAX) return { zones: null, entries: await purge(options, ROOT) };
  let entries = 0;
  for (const name of names) entries += await purge(options, name);
  return { zones: names.length, entries };
}

/** Notifies the secondaries of a zone (RFC 1996). Answers false where the server has no such zone, or none that others transfer. */
export async function notifyZone(options: PowerdnsOptions, zone: string): Promise<boolean> {
  const id = encodeURIComponent(`${zone.replace(/\.$/, '')}.`);
  const url = new URL(`/api/v1/servers/localhost/zones/${id}/notify`, options.url);
  const { key, timeoutMs, signal } = options;
  const answer = await callSystem(url, { method: 'PUT', headers: { 'X-API-Key': key }, timeoutMs, signal });
  if (NOT_NOTIFIED.has(answer.status)) return false;
  if (answer.status !== 200) throw unexpected(url, answer);
  return true;
}

async function purge(options: PowerdnsOptions, name: string): Promise<number> {
  const url = new URL('/api/v1/servers/localhost/cache/flush', options.url);
  url.searchParams.set('domain', name);
  const { key, timeoutMs, signal } = options;
  const answer = await callSystem(url, { method: 'PUT', headers: { 'X-API-Key': key }, timeoutMs, signal });
  if (answer.status !== 200) throw unexpected(url, answer);
  const body = readJson(url, answer);
  if (isObject(body) && typeof body['count'] === 'number') return body['count'];
  throw new SystemFailure(`${placeOf(url)} does not say what it purged`, 'never');
}
