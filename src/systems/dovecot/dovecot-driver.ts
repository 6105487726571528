/** Drives a Dovecot: ends the sessions of those who are connected, lie beneath a node, and may not go on. */
import { type MailUse, usesToEnd } from '#core/systems/dovecot.ts';
import { deadlineOf } from '#systems/deadline.ts';
import { failedOutcome } from '#systems/failed-outcome.ts';
import type { NodeDirectory } from '#systems/node-directory.ts';
import type { Call, MakeDriver, Order, Outcome, SystemSettings } from '#systems/system.ts';

import { type DovecotOptions, type LiveUser, kickUsers, listLiveUsers } from './dovecot.ts';

/** Services whose sessions submit mail; all others read it. */
const SUBMITTING: ReadonlySet<string> = new Set(['submission', 'submission-login']);

export function makeDovecotDriver(directory: NodeDirectory): MakeDriver {
  return ({ settings, secrets }: SystemSettings) => {
    const place = { url: new URL(String(settings['url'])), key: String(secrets['key']) };
    return {
      async converge(order: Order, { signal, timeoutMs }: Call): Promise<Outcome> {
        const isAnew = order.isForced || order.mayHaveActed;
        const uses = usesToEnd(isAnew ? null : order.applied, order.desired);
        try {
          return await endSessions(
            { ...place, signal, timeoutMs, isOver: deadlineOf(timeoutMs) },
            directory,
            order.entityId,
            uses,
          );
        } catch (error) {
          return failedOutcome(error);
        }
      },
    };
  };
}

async function endSessions(
  options: DovecotOptions,
  directory: NodeDirectory,
  node: number,
  uses: readonly MailUse[],
): Promise<Outcome> {
  const live = uses.length === 0 ? [] : await listLiveUsers(options);
  const ended = new Set<string>();
  for (const use of uses)
    for (const user of await directory.usersBeneath(node, namesOf(live, use), use)) ended.add(user);
  const { users, problems, isCut } = await kickUsers(options, [...ended]);
  const note = `${users} ${users === 1 ? 'user' : 'users'} signed out`;
  if (isCut) return { type: 'later', code: 'partly', detail: `${note}; there are more` };
  // A name that cannot be kicked alone cannot be later either; whoever is gone by then needs no more.
  if (problems.length > 0) return { type: 'later', code: 'partly', detail: [note, ...problems].join('; ') };
  return { type: 'done', note: uses.length === 0 ? undefined : note };
}

function namesOf(live: readonly LiveUser[], use: MailUse): string[] {
  const isMeant = ({ service }: LiveUser) => SUBMITTING.has(service) === (use === 'mail.send');
  return [...new Set(live.filter(isMeant).map(({ name }) => name))];
}
