/** A system that is down for ten minutes of the reconciler: nothing that was wanted is lost, and it is not hammered. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';

import { LOCAL_PACE } from '#core/system-kind.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { waitUntil } from '#test/barrier.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { passTimeQuietly, settle } from '#test/reconcile-judge.ts';
import { Traffic, startMortal } from '#test/reconcile-mortal.ts';
import { waitForSweeps } from '#test/reconcile-player.ts';
import { startSwitchboard } from '#test/reconcile-switchboard.ts';
import { addSystem } from '#test/reconcile-world.ts';
import { lastFirst } from '#test/server-process.ts';

const ACCOUNTS = 12;
const THINGS_EACH = 5;
const MINUTES = 10;
const LEAP_MS = 10_000;
const LEAPS_A_MINUTE = 60_000 / LEAP_MS;

test('a system that is down for ten minutes loses nothing, and is asked seldom', async (t: TestContext) => {
  const end = lastFirst(t);
  const here = await testInstallation(t);
  const server = await startSwitchboard();
  end.after(() => server.stop());
  const { board, knobs, simulator } = server;
  const pace = { ...LOCAL_PACE, timeoutMs: 2_000, flightMaxMs: 3_000 };
  await addSystem(here, 'switches', simulator.origin, pace);
  const accounts: { id: number; things: string[] }[] = [];
  for (let n = 0; n < ACCOUNTS; n++) {
    const { value: account } = await createEntity(here.context, ADMIN, { kind: 'account', name: `Account ${n}` });
    const things: string[] = [];
    for (let thing = 0; thing < THINGS_EACH; thing++) {
      const given = { kind: 'foreign', parent: account.number, system: 'switches', externalReference: `${n}-${thing}` };
      things.push(String((await createEntity(here.context, ADMIN, given)).value.number));
    }
    accounts.push({ id: account.number, things });
  }
  const traffic = new Traffic();
  const troubles: string[] = [];
  const worker = startMortal(here, {
    name: 'worker',
    boardOf: (origin) => (origin === simulator.origin ? board : undefined),
    traffic,
    pollMs: 10,
    onTrouble: (what, error) => troubles.push(`${what}: ${String(error)}`),
  });
  end.after(() => worker.stop());
  const poke = () => worker.reconciler.poke();
  await settle(here, traffic, poke);

  knobs.isDown = true;
  const before = simulator.count;
  const held = new Map<number, string>();
  const suspend = async (id: number) => {
    const { value } = await placeHold(here.context, ADMIN, id, { profile: 'suspended', source: 'down' });
    held.set(id, value.hold.id);
  };
  for (let minute = 0; minute < MINUTES; minute++) {
    const { id } = accounts[minute] ?? { id: 0 };
    await suspend(id);
    // Who pays during the outage was never suspended there, and need not hear of it.
    if (minute % 2 === 1) {
      await liftHold(here.context, ADMIN, id, held.get(id) ?? '');
      held.delete(id);
    }
    await waitForSweeps(here);
    for (let leap = 0; leap < LEAPS_A_MINUTE; leap++) {
      await passTimeQuietly(here, traffic, LEAP_MS, 0);
      await nothingIsDue();
    }
  }
  const asked = simulator.count - before;
  t.diagnostic(`${asked} requests in ${MINUTES} minutes`);

  async function nothingIsDue(): Promise<void> {
    await waitUntil('all that was due was tried', async () => {
      poke();
      const { rows } = await here.pool.query(
        `select from target t join system s on s.id = t.system_id
          where t.lease_token is not null or (t.due_at <= now() and coalesce(s.open_until, '-infinity') <= now())`,
      );
      return rows.length === 0;
    });
    await sleep(5); // The worker hears of it.
  }

  assert.ok(asked > 0, 'it was tried');
  // While the circuit is open nothing is sent; each time that it closes a few may go before it opens again.
  const openings = (MINUTES * 60_000) / pace.breakerOpenMs;
  const most = pace.breakerFailures + pace.concurrency + openings * 2;
  assert.ok(asked <= most, `${asked} requests, at most ${most}`);

  knobs.isDown = false;
  await settle(here, traffic, poke);
  for (const { id, things } of accounts)
    for (const thing of things) {
      assert.equal(board.stateOf(thing), held.has(id) ? 'off' : 'on');
      assert.equal(board.effectsOf(thing), held.has(id) ? 1 : 0, 'what was lifted again is never told');
    }
  assert.deepEqual(troubles, []);
});
