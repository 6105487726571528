/**
 * Tells the downstream systems that what a hold left running is to end: one command for each system and node.
 *
 * Every system is told, whatever becomes of the others, and no failure of theirs is one of the hold.
 */
import type { KickDirectory, KickOrder, KickOutcome } from '#cli/local-commands.ts';
import { kickUsers, listLiveUsers } from '#systems/dovecot/dovecot.ts';
import { type CallOptions, SystemFailure } from '#systems/http-call.ts';
import { endCalls, removeRegistrations } from '#systems/kamailio/kamailio.ts';
import { purgeCaches } from '#systems/powerdns/powerdns.ts';

import { readSystemSettings } from './system-settings.ts';
import type { Environment } from './setting.ts';

type Done = Pick<KickOutcome, 'done' | 'problems'>;

/** The kinds of systems that are configured. Throws `ConfigurationError`. */
export function configuredSystems(environment: Environment): KickOutcome['system'][] {
  const { kamailio, powerdns, dovecot } = readSystemSettings(environment);
  const counts = { kamailio: kamailio.length, powerdns: powerdns.length, dovecot: dovecot.length } as const;
  return (['kamailio', 'powerdns', 'dovecot'] as const).filter((kind) => counts[kind] > 0);
}

/** One outcome for each system, in the order of their kinds. Throws only what the directory or the signal throws. */
export async function kickNode(
  environment: Environment,
  order: KickOrder,
  directory: KickDirectory,
  options: Pick<CallOptions, 'timeoutMs' | 'signal'>,
): Promise<KickOutcome[]> {
  const settings = readSystemSettings(environment);
  const { node, ends, reason } = order;
  const isMeant = (kind: KickOutcome['system']) => order.systems === null || order.systems.includes(kind);
  const work: Promise<KickOutcome>[] = [];
  const tell = (system: KickOutcome['system'], url: URL, doing: () => Promise<Done>) =>
    work.push(reported(system, url, doing));
  if (isMeant('kamailio') && (ends.calls || ends.registrations))
    for (const url of settings.kamailio)
      tell('kamailio', url, async () => {
        const [removed, calls] = await Promise.all([
          ends.registrations ? attempt(() => removeRegistrations({ ...options, url }, node)) : null,
          ends.calls ? attempt(() => endCalls({ ...options, url }, node, reason)) : null,
        ]);
        return {
          done: {
            ...(removed?.value === undefined ? {} : { registrations: removed.value }),
            ...(calls?.value === undefined ? {} : { calls: calls.value.ended }),
          },
          // One that is away is away for both.
          problems: [...new Set([removed?.problem, calls?.problem, ...(calls?.value?.problems ?? [])])].filter(
            (problem) => problem !== undefined,
          ),
        };
      });
  if (isMeant('powerdns') && settings.powerdns.length > 0) {
    const zones = await directory.zones();
    if (zones === null || zones.length > 0)
      for (const place of settings.powerdns)
        tell('powerdns', place.url, async () => {
          const purged = await purgeCaches({ ...options, ...place }, zones);
          return { done: { zones: purged.zones ?? 'all', entries: purged.entries }, problems: [] };
        });
  }
  if (isMeant('dovecot') && ends.mailSessions)
    for (const place of settings.dovecot)
      tell('dovecot', place.url, async () => {
        const live = await listLiveUsers({ ...options, ...place });
        const kicked = await kickUsers(
          { ...options, ...place },
          await directory.usersToKick([...new Set(live.map(({ name }) => name))]),
        );
        return { done: { users: kicked.users }, problems: kicked.problems };
      });
  return Promise.all(work);
}

async function attempt<T>(work: () => Promise<T>): Promise<{ readonly value?: T; readonly problem?: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof SystemFailure) return { problem: error.message };
    throw error;
  }
}

async function reported(system: KickOutcome['system'], url: URL, doing: () => Promise<Done>): Promise<KickOutcome> {
  const { value, problem } = await attempt(doing);
  return { system, at: url.origin, ...(value ?? { done: {}, problems: problem === undefined ? [] : [problem] }) };
}
