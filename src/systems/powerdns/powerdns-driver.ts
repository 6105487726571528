/** Drives a PowerDNS: purges what it has answered for the zones of a node, then notifies who transfers them. */
import { deadlineOf } from '#systems/deadline.ts';
import { failedOutcome } from '#systems/failed-outcome.ts';
import { TIMEOUT_MS } from '#systems/http-call.ts';
import type { NodeDirectory } from '#systems/node-directory.ts';
import type { Call, MakeDriver, Order, Outcome, SystemSettings } from '#systems/system.ts';

import { type PowerdnsOptions, ZONES_BY_NAME_MAX, notifyZone, purgeCaches } from './powerdns.ts';

/** One request each; PowerDNS finds those that are left by itself, in its next cycle, a minute later at the most. */
const NOTIFIED_MAX = 200;

export function makePowerdnsDriver(directory: NodeDirectory): MakeDriver {
  return ({ settings, secrets }: SystemSettings) => {
    const place = { url: new URL(String(settings['url'])), key: String(secrets['key']) };
    return {
      async converge(order: Order, { signal, timeoutMs }: Call): Promise<Outcome> {
        try {
          return {
            type: 'done',
            note: await purgeAndNotify({ ...place, signal, timeoutMs }, directory, order.entityId),
          };
        } catch (error) {
          return failedOutcome(error);
        }
      },
    };
  };
}

/** First the purge: a secondary that asks for the serial must not be answered from a cache. */
async function purgeAndNotify(options: PowerdnsOptions, directory: NodeDirectory, node: number): Promise<string> {
  const isOver = deadlineOf(options.timeoutMs ?? TIMEOUT_MS);
  const zones = await directory.zonesBeneath(node, ZONES_BY_NAME_MAX);
  if (zones?.length === 0) return 'no zones beneath';
  const { names, count, isPartial } = await directory.zonesToNotify(node, NOTIFIED_MAX);
  const purged = await purgeCaches(options, zones);
  const entries = `${purged.entries} ${purged.entries === 1 ? 'entry' : 'entries'} forgotten`;
  const notes = [
    purged.zones === null ? `all zones purged, ${entries}` : `${zonesText(purged.zones)} purged, ${entries}`,
  ];
  let [asked, notified] = [0, 0];
  for (; asked < names.length && !isOver(); asked++) if (await notifyZone(options, names[asked] ?? '')) notified += 1;
  if (count > 0) notes.push(`${zonesText(notified)} notified`);
  if (count > asked || isPartial) notes.push(`${isPartial ? 'more' : count - asked} left to its own cycle`);
  return notes.join(', ');
}

function zonesText(count: number): string {
  return count === 1 ? '1 zone' : `${count} zones`;
}
