/** Workers as processes, killed with `kill -9` in the middle of their work while people go on wanting things. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { runBulk } from '#operations/run-bulk.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';
import { settle } from '#test/reconcile-judge.ts';
import { Traffic } from '#test/reconcile-mortal.ts';
import { type Switch, startSwitchboard } from '#test/reconcile-switchboard.ts';
import { passTime } from '#test/reconcile-time.ts';
import { addSystem, generationsThatWentBack, watchGenerations } from '#test/reconcile-world.ts';
import { lastFirst } from '#test/server-process.ts';

import { makeRandom, pick } from '../scripts/random.ts';

const WORKER = fileURLToPath(new URL('support/reconcile-worker.ts', import.meta.url));
/** So that workers are soon there again. */
const CACHE = join(tmpdir(), 'abeyance-test-compile-cache');
const SYSTEMS = 2;
const ACCOUNTS = 6;
const THINGS_EACH = 20;
const WORKERS = 2;
const ROUNDS = 2;
const KILLS_A_ROUND = 7;
/** Longer than a request needs that a dead worker left behind. */
const FLIGHT_MS = 200;
const HOUR_MS = 3_600_000;

const seed = Number(process.env['ABEYANCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

class Worker {
  readonly #child: ChildProcess;
  readonly ready: Promise<unknown>;
  readonly #exited: Promise<unknown>;

  constructor({ connectionString }: Installation, name: string) {
    this.#child = fork(WORKER, ['--name', name], {
      env: { ...process.env, DATABASE_URL: connectionString, NODE_COMPILE_CACHE: CACHE },
    });
    this.#exited = once(this.#child, 'exit');
    this.ready = Promise.race([once(this.#child, 'message'), this.#exited]);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

interface Account {
  readonly id: number;
  readonly holds: string[];
  readonly things: { readonly id: number; readonly system: number }[];
}

/** Accounts with things in all systems. */
async function plant(here: Installation): Promise<Account[]> {
  const create = async (bodies: readonly Record<string, unknown>[]): Promise<number[]> => {
    const items = bodies.map((body) => ({ op: 'create', body }) as const);
    const { outcomes } = await runBulk(here.context, ADMIN, items, { isBrief: true });
    return outcomes.map((outcome) => {
      assert.ok(outcome.ok);
      return (outcome.body as { number: number }).number; // A view of what was created.
    });
  };
  const accounts = await create(Array.from({ length: ACCOUNTS }, () => ({ kind: 'account', name: 'An account' })));
  const wanted = accounts.flatMap((parent) =>
    Array.from({ length: THINGS_EACH }, (_, n) => ({ parent, system: n % SYSTEMS, reference: `${parent}-${n}` })),
  );
  const things = await create(
    wanted.map(({ parent, system, reference }) => ({
      kind: 'foreign',
      parent,
      system: `switches-${system}`,
      externalReference: reference,
    })),
  );
  return accounts.map((id) => ({
    id,
    holds: [],
    things: wanted.flatMap(({ parent, system }, at) => (parent === id ? [{ id: things[at] ?? 0, system }] : [])),
  }));
}

/** Places and lifts holds until told to stop; answers how often. */
async function want(
  { context }: Installation,
  accounts: readonly Account[],
  random: () => number,
  isOver: () => boolean,
) {
  let count = 0;
  while (!isOver()) {
    const account = pick(accounts, random());
    const hold = random() < 0.5 ? account.holds.shift() : undefined;
    if (hold !== undefined) await liftHold(context, ADMIN, account.id, hold);
    else {
      const given = { profile: 'suspended', source: 'crash', externalRef: pick(['a', 'b'], random()) };
      const { value } = await placeHold(context, ADMIN, account.id, given);
      if (value.isNew) account.holds.push(value.hold.id);
    }
    count += 1;
    await sleep(20 * random()); // People come now and then.
  }
  return count;
}

test('kill -9 of workers in the middle of their work loses nothing, and everything settles', async (t: TestContext) => {
  const end = lastFirst(t);
  const here = await testInstallation(t);
  const random = makeRandom(seed);
  t.diagnostic(`seed ${seed}`);
  await watchGenerations(here.pool);
  const servers = await Promise.all(
    Array.from({ length: SYSTEMS }, () =>
      startSwitchboard({ knobs: { latencyMs: 15, loseReply: 0.1, refuse: 0.05, random } }),
    ),
  );
  for (const [n, server] of servers.entries()) {
    end.after(() => server.stop());
    await addSystem(here, `switches-${n}`, server.simulator.origin, { concurrency: 6 });
  }
  const accounts = await plant(here);
  const workers: Worker[] = [];
  end.after(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
  });
  let [born, kills, wishes] = [0, 0, 0];
  const begin = () => new Worker(here, `worker ${(born += 1)}`);
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < WORKERS; n++) workers.push(begin());
    await Promise.all(workers.map((worker) => worker.ready));
    let isOver = false;
    const wanting = want(here, accounts, random, () => isOver);
    for (let n = 0; n < KILLS_A_ROUND; n++) {
      await sleep(200 * random()); // At whatever it is then.
      const at = Math.floor(random() * workers.length);
      await workers[at]?.kill();
      kills += 1;
      workers[at] = begin();
      if (random() < 0.5) await workers[at].ready;
    }
    isOver = true;
    wishes += await wanting;
    await Promise.all(workers.splice(0).map((worker) => worker.kill()));
    // What the dead had leased is free again after a while.
    await sleep(FLIGHT_MS);
    await passTime(here.pool, HOUR_MS);
  }
  for (const { knobs } of servers) Object.assign(knobs, { latencyMs: 0, loseReply: 0, refuse: 0 });
  for (let n = 0; n < 2; n++) workers.push(begin());
  await settle(here, new Traffic(), () => {});
  t.diagnostic(`${wishes} holds placed and lifted, ${kills} workers killed`);
  for (const { holds, things } of accounts)
    for (const { id, system } of things) {
      const wanted: Switch = holds.length > 0 ? 'off' : 'on';
      assert.equal(servers[system]?.board.stateOf(String(id)), wanted, `thing ${id}`);
    }
  const { rows } = await here.pool.query(
    `select target_outcome(t) as outcome, count(*)::integer from target t group by 1`,
  );
  assert.deepEqual(rows, [{ outcome: 'confirmed', count: ACCOUNTS * THINGS_EACH }]);
  assert.deepEqual(await generationsThatWentBack(here.pool), []);
});
