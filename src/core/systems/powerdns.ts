/** PowerDNS, which is told to forget what it has answered, and to notify secondaries. */
import { ACTION_BIT } from '#core/action.ts';
import { judgePowerdns } from '#core/powerdns-settings.ts';
import type { Json } from '#core/field.ts';
import { refused } from '#core/reading.ts';
import { LOCAL_PACE, type SystemKind, type TargetFacts, sameState } from '#core/system-kind.ts';

import { httpUrl } from './url.ts';

/**
 * What is answered for the names of a node: its own data; nothing any more; refused, no such name, or the addresses of a
 * parking page. `since` is the moment of the youngest hold that says so, in milliseconds, 0 where it is not known.
 */
export type DnsState =
  | { readonly dns: 'own' | 'gone' }
  | { readonly dns: 'refused' | 'nxdomain'; readonly since: number }
  | { readonly dns: 'parked'; readonly addresses: Json; readonly ttl: Json; readonly since: number };

const OWN: DnsState = { dns: 'own' };
const DNS = ACTION_BIT['dns'];

/**
 * The same as `enforce.powerdns_answer` has it: denying beats intercepting, and refused beats nxdomain beats parked. What is
 * intercepted is parked; what is parked without addresses is refused. The profiles come in the order of their rank.
 */
export function dnsStateOf(facts: Pick<TargetFacts, 'closed' | 'ownerClosed' | 'profiles'>): DnsState {
  if (facts.closed || facts.ownerClosed) return { dns: 'gone' };
  const denying = facts.profiles.filter(({ denied }) => (denied & DNS) !== 0);
  const touching = denying.length > 0 ? denying : facts.profiles.filter(({ intercepted }) => (intercepted & DNS) !== 0);
  const [first] = touching;
  if (first === undefined) return OWN;
  const since = Math.max(0, ...touching.map((profile) => profile.since ?? 0));
  const answers = touching.map(({ denied, settings }) =>
    (denied & DNS) === 0 ? 'parked' : membersOf(settings)['answer'],
  );
  if (answers.some((answer) => answer !== 'nxdomain' && answer !== 'parked')) return { dns: 'refused', since };
  if (answers.includes('nxdomain')) return { dns: 'nxdomain', since };
  const { addresses, ttl = null } = membersOf(first.settings);
  return Array.isArray(addresses) && addresses.length > 0
    ? { dns: 'parked', addresses, ttl, since }
    : { dns: 'refused', since };
}

function membersOf(settings: Json): Readonly<Record<string, Json>> {
  return typeof settings === 'object' && settings !== null && !Array.isArray(settings)
    ? (settings as Readonly<Record<string, Json>>) // Narrowed to an object before.
    : {};
}

/** Another answer, or the same for a younger reason: between the two its own data may have been answered, and kept. */
function verb(from: Json, to: Json): string | null {
  const [before, after] = [membersOf(from ?? { ...OWN }), membersOf(to)];
  if (!sameState({ ...before, since: 0 }, { ...after, since: 0 })) return 'purge';
  return Number(after['since'] ?? 0) > Number(before['since'] ?? 0) ? 'purge' : null;
}

export const powerdns: SystemKind = {
  name: 'powerdns',
  note: 'A PowerDNS, whose caches are purged and whose secondaries are notified.',
  reach: 'node',
  serves: ['account', 'dns_zone', 'dns_record', 'enum_range', 'enum_number'],
  settings: { url: httpUrl('Its API, such as http://127.0.0.1:8081.') },
  secrets: { key: { type: 'text', max: 255, required: true, note: 'The key of its API.' } },
  sends: ['key'],
  pace: LOCAL_PACE,
  observes: false,
  readReference: () => refused('cannot be given: it is told of whatever is held'),
  judgeProfile: judgePowerdns,
  desired: (facts): Json => ({ ...dnsStateOf(facts) }),
  verb,
};
