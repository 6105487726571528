/** Drives a Dovecot: ends the sessions of those who are connected, lie beneath a node, and may not go on. */
import { type MailUse, usesToEnd } from '#core/systems/dovecot.ts';
import { deadlineOf } from '#systems/deadline.ts';
import { failedOutcome } from '#systems/failed-outcome.ts';
import type { NodeDirectory } from '#systems/node-directory.ts';
import { SharedRun } from '#systems/shared-run.ts';
import type { Call, MakeDriver, Order, Outcome, SystemSettings } from '#systems/system.ts';

import { type DovecotOptions, type LiveUser, kickUsers, listLiveUsers } from './dovecot.ts';

/** Services whose sessions submit mail; all others read it. */
const SUBMITTING: ReadonlySet<string> = new Set(['submission', 'submission-login']);

export function makeDovecotDriver(directory: NodeDirectory): MakeDriver {
  return ({ settings, secrets }: SystemSettings) => {
    const place = { url: new URL(String(settings['url'])), key: String(secrets['key']) };
    // There may be many who are connected: all who wait share one look.
    const looking = new SharedRun((timeoutMs) => listLiveUsers({ ...place, timeoutMs }));
    return {
      async converge(order: Order, { signal, timeoutMs }: Call): Promise<Outcome> {
        const isAnew = order.isForced || order.mayHaveActed;
        const uses = usesToEnd(isAnew ? null : order.applied, order.desired);
        if (uses.length === 0) return { type: 'done' };
        const isOver = deadlineOf(timeoutMs);
        try {
          const ended = new Set<string>();
          const live = await looking.run(timeoutMs, signal);
          for (const use of uses)
            for (const user of await directory.usersBeneath(order.entityId, namesOf(live, use), use)) ended.add(user);
          return await endSessions({ ...place, signal, timeoutMs, isOver }, [...ended]);
        } catch (error) {
          return failedOutcome(error);
        }
      },
    };
  };
}

async function endSessions(options: DovecotOptions, ended: readonly string[]): Promise<Outcome> {
  const { users, problems, isCut } = await kickUsers(options, ended);
  const note = `${users} ${users === 1 ? 'user' : 'users'} signed out`;
  if (isCut) return { type: 'later', code: 'partly', detail: `${note}; there are more` };
  // Whoever is gone by the next try needs no more.
  if (problems.length > 0) return { type: 'later', code: 'partly', detail: [note, ...problems].join('; ') };
  return { type: 'done', note };
}

function namesOf(live: readonly LiveUser[], use: MailUse): string[] {
  const isMeant = ({ service }: LiveUser) => SUBMITTING.has(service) === (use === 'mail.send');
  return [...new Set(live.filter(isMeant).map(({ name }) => name))];
}
