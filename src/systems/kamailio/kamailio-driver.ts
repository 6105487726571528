/** Drives a Kamailio: ends the calls and registrations of a node, and has it read its hash tables again. */
import { type KamailioWork, kamailioWork, tablesOf } from '#core/systems/kamailio.ts';
import { deadlineOf } from '#systems/deadline.ts';
import { failedOutcome } from '#systems/failed-outcome.ts';
import { SharedRun } from '#systems/shared-run.ts';
import type { Call, Order, Outcome, SystemDriver, SystemSettings } from '#systems/system.ts';

import { RpcRefusal, callKamailio } from './json-rpc.ts';
import { type KamailioOptions, endCalls, removeRegistrations } from './kamailio.ts';

/** What the parties of a call are told where no profile words it. */
const CLOSED_TEXT = 'Account closed';

export function makeKamailioDriver({ settings }: SystemSettings): SystemDriver {
  const url = new URL(String(settings['url']));
  const tables = tablesOf(settings);
  // A table is read again whole, so all who wait share one reading.
  const reloading = new SharedRun(async (timeoutMs) => {
    for (const table of tables) await callKamailio(url, 'htable.reload', [table], { timeoutMs });
  });
  return {
    async converge(order: Order, { signal, timeoutMs }: Call): Promise<Outcome> {
      // What may have been told in part is told whole: ending what has ended costs a look.
      const isAnew = order.isForced || order.mayHaveActed;
      const work = kamailioWork(isAnew ? null : order.applied, order.desired);
      const isReloaded = work.tables || (isAnew && tables.length > 0);
      const isOver = deadlineOf(timeoutMs);
      const reason = order.profiles[0]?.refusalText ?? CLOSED_TEXT;
      // First what is asked before a call, then the calls: nobody calls again by an old table. Whatever becomes of the
      // tables, calls end.
      const reloaded = isReloaded
        ? await attempt(async () => {
            await reloading.run(timeoutMs, signal);
            return { type: 'done', note: 'tables read again' };
          })
        : NOTHING;
      const ended = await attempt(() => endAll({ url, timeoutMs, signal, isOver }, order.entityId, work, reason));
      if (reloaded.type !== 'done') return reloaded;
      if (ended.type !== 'done') return ended;
      const notes = [ended.note, reloaded.note].filter((note) => note !== undefined);
      return notes.length === 0 ? NOTHING : { type: 'done', note: notes.join(', ') };
    },
  };
}

const NOTHING = { type: 'done', note: undefined } as const;

async function attempt(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    // It works, and refused this: no sign that the next order would fail too.
    if (error instanceof RpcRefusal) return { type: error.again, code: 'refused', detail: error.message };
    return failedOutcome(error);
  }
}

/** Registrations first: a phone that is called back at once finds no line any more. */
async function endAll(options: KamailioOptions, node: number, work: KamailioWork, reason: string): Promise<Outcome> {
  const notes: string[] = [];
  if (work.registrations) notes.push(counted(await removeRegistrations(options, node), 'registration', 'removed'));
  if (work.calls) {
    const { ended, problems, isCut } = await endCalls(options, node, reason);
    notes.push(counted(ended, 'call', 'ended'));
    if (isCut) return { type: 'later', code: 'partly', detail: `${notes.join(', ')}; there are more` };
    if (problems.length > 0) return { type: 'later', code: 'partly', detail: [...notes, ...problems].join('; ') };
  }
  return notes.length === 0 ? NOTHING : { type: 'done', note: notes.join(', ') };
}

function counted(count: number, thing: string, done: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'} ${done}`;
}
