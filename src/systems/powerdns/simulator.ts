/** Plays the API of a PowerDNS: what was purged and notified, and its knobs. */
import { type Asked, type Knobs, type Replied, type Simulator, startSimulator } from '#systems/simulator.ts';

export interface PowerdnsSimulator extends Simulator {
  /** Names whose cache was purged, in turn. */
  readonly purged: readonly string[];
  readonly notified: readonly string[];
  /** The zones that others transfer, with a dot at the end. */
  readonly primary: Set<string>;
}

const SERVER = '/api/v1/servers/localhost';

export async function startPowerdnsSimulator(key: string, knobs: Partial<Knobs> = {}): Promise<PowerdnsSimulator> {
  const [purged, notified]: [string[], string[]] = [[], []];
  const primary = new Set<string>();
  const act = ({ method, url, headers }: Asked): Replied => {
    if (headers['x-api-key'] !== key) return { status: 401, body: 'Unauthorized' };
    if (method !== 'PUT') return { status: 405 };
    if (url.pathname === `${SERVER}/cache/flush`) {
      purged.push(url.searchParams.get('domain') ?? '');
      return { status: 200, body: { count: 1, result: 'Flushed cache.' } };
    }
    const zone = /\/zones\/([^/]+)\/notify$/.exec(url.pathname)?.[1];
    if (zone === undefined) return { status: 404, body: { error: 'Not Found' } };
    const name = decodeURIComponent(zone);
    if (!primary.has(name)) return { status: 404, body: { error: 'Not Found' } };
    notified.push(name);
    return { status: 200, body: { result: 'Notification queued' } };
  };
  const simulator = await startSimulator(act, { knobs });
  return {
    origin: simulator.origin,
    knobs: simulator.knobs,
    get count() {
      return simulator.count;
    },
    stop: () => simulator.stop(),
    purged,
    notified,
    primary,
  };
}
