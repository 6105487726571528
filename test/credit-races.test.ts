/** Who races for the last credits: exactly as many get one as there are, however many ask, and through however many processes. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { CREDITS } from '#core/credit.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { moveEntity } from '#operations/move-entity.ts';
import { putCredits } from '#operations/put-credits.ts';
import { readCredits } from '#operations/read-credits.ts';
import { type BulkItem, runBulk } from '#operations/run-bulk.ts';
import { listWrongCredits } from '#store/credit.ts';
import { holdCommits } from '#test/barrier.ts';
import { TEST_SECRET } from '#test/database.ts';
import { ADMIN, type Installation, testInstallation } from '#test/installation.ts';
import { findingsOf, outcomeOf } from '#test/outcomes.ts';
import { type ServerProcess, lastFirst, makeHome, startServerProcess } from '#test/server-process.ts';

import { makeRandom, pick } from '../scripts/random.ts';

async function account(
  { context }: Installation,
  parent: number,
  name: string,
): Promise<{ id: string; number: number }> {
  return (await createEntity(context, ADMIN, { kind: 'account', name, parent })).value;
}

const SERVERS = 3;
const CUSTOMERS = 50;
const REQUESTS = 1_000;
const USED_BEFORE = 5;
const LIMIT = 25;

test('of a thousand creations through three server processes, exactly as many succeed as there are credits', async (t: TestContext) => {
  const cleanup = lastFirst(t);
  const here = await testInstallation(cleanup);
  const { context } = here;
  const reseller = await account(here, 0, 'Reseller');
  const customers: number[] = [];
  for (let index = 0; index < CUSTOMERS; index++)
    customers.push((await account(here, reseller.number, `Customer ${index}`)).number);
  const number = (index: number) => ({
    kind: 'phone_number',
    e164: `+3120${8_000_000 + index}`,
    parent: customers[index % CUSTOMERS] ?? 0,
  });
  for (let index = 0; index < USED_BEFORE; index++) await createEntity(context, ADMIN, number(REQUESTS + index));
  await putCredits(context, ADMIN, reseller.number, { number_credit: LIMIT });
  const servers = await Promise.all(
    Array.from({ length: SERVERS }, async () =>
      startServerProcess(cleanup, await makeHome(cleanup), {
        env: { DATABASE_URL: here.connectionString, ABEYANCE_SECRET_KEY: TEST_SECRET.toString('base64') },
      }),
    ),
  );
  await Promise.all(servers.map((server) => server.address));
  const barrier = await holdCommits(here);
  const answers = Array.from({ length: REQUESTS }, (_, index) =>
    ask(pick(servers, (index % SERVERS) / SERVERS), number(index)),
  );
  await barrier.held(SERVERS * 10);
  await barrier.open();
  const tally = new Map<number, number>();
  const told: number[] = [];
  for (const { status, body } of await Promise.all(answers)) {
    tally.set(status, (tally.get(status) ?? 0) + 1);
    if (status === 201) continue;
    assert.equal(body['code'], 'over_credit', JSON.stringify(body));
    const { by, ...facts } = body['facts'] as { by?: readonly object[] };
    if (by !== undefined) told.push(by.length);
    assert.deepEqual(facts, {
      credit: 'number_credit',
      ancestor: reseller.id,
      ancestorLabel: 'Reseller',
      limit: LIMIT,
      used: LIMIT,
      wanted: 1,
    });
  }
  assert.deepEqual(Object.fromEntries(tally), { 201: LIMIT - USED_BEFORE, 409: REQUESTS - LIMIT + USED_BEFORE });
  assert.ok(told.some((count) => count > 0) && told.every((count) => count <= 20));
  const view = await readCredits(context, ADMIN, reseller.number, 1_000);
  const numbers = view.credits.find(({ credit }) => credit === 'number_credit');
  assert.deepEqual([numbers?.used, numbers?.left, numbers?.over], [LIMIT, 0, 0]);
  assert.equal(
    numbers?.children.items.reduce((sum, { used }) => sum + used, 0),
    LIMIT,
  );
  assert.deepEqual(await findingsOf(here), []);
});

/** Asks until the answer is another than to come back later: a thousand at once wait long for a connection. */
async function ask(server: ServerProcess, body: object): ReturnType<ServerProcess['ask']> {
  for (;;) {
    const answer = await server.ask('/v1/resources', body);
    if (answer.status !== 503) return answer;
  }
}

const WRITERS = 16;
const WRITES_EACH = 40;
const FAIR = new Set(['closed', 'over_credit', 'invalid', 'not_found']);

test('sixteen writers that create, move, close and grant at random leave books that a count from scratch confirms', async (t: TestContext) => {
  const here = await testInstallation(t, { guardLimit: 1_000_000_000 });
  const { context } = here;
  const random = makeRandom(Number(process.env['ABEYANCE_TEST_SEED'] ?? 7));
  const accounts: number[] = [];
  const domains: number[] = [];
  const domain = async (parent: number, name: string) =>
    (await createEntity(context, ADMIN, { kind: 'sip_domain', domain: `${name}.example`, parent })).value.number;
  for (let index = 0; index < 6; index++) {
    accounts.push((await account(here, index < 2 ? 0 : pick(accounts, random()), 'A first account')).number);
    domains.push(await domain(accounts.at(-1) ?? 0, `first${index}`));
  }
  const codes = new Map<string, number>();
  let made = 0;
  const write = async (): Promise<void> => {
    const name = `n${(made += 1)}`;
    const [one, other] = [pick(accounts, random()), pick(accounts, random())];
    const what = random();
    if (what < 0.2) accounts.push((await account(here, one, name)).number);
    else if (what < 0.3) domains.push(await domain(one, name));
    else if (what < 0.55)
      await createEntity(context, ADMIN, { kind: 'sip_account', username: name, parent: pick(domains, random()) });
    else if (what < 0.7) {
      const items = Array.from({ length: 8 }, (_, index): BulkItem => ({
        op: 'create',
        body:
          index % 2 === 0
            ? { kind: 'application', name, parent: pick(accounts, random()) }
            : { kind: 'sip_account', username: `${name}-${index}`, parent: pick(domains, random()) },
      }));
      const { outcomes } = await runBulk(context, ADMIN, items, { isBrief: true });
      for (const outcome of outcomes) if (!outcome.ok) count(outcome.problem.code);
    } else if (what < 0.8) await moveEntity(context, ADMIN, one, other);
    else if (what < 0.87) await moveEntity(context, ADMIN, pick(domains, random()), other);
    else if (what < 0.89) await closeEntity(context, ADMIN, pick(domains.slice(-4), random()));
    else if (what < 0.9 && accounts.length > 20) await closeEntity(context, ADMIN, pick(accounts.slice(-2), random()));
    else
      await putCredits(context, ADMIN, one, {
        [pick(CREDITS, random() ** 3)]: random() < 0.2 ? null : Math.floor(random() * 12),
      });
  };
  const count = (code: string) => codes.set(code, (codes.get(code) ?? 0) + 1);
  const writer = async () => {
    for (let index = 0; index < WRITES_EACH; index++) count((await outcomeOf(write())).code ?? 'done');
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  t.diagnostic(JSON.stringify(Object.fromEntries(codes)));
  assert.deepEqual(
    [...codes.keys()].filter((code) => code !== 'done' && !FAIR.has(code)),
    [],
  );
  assert.ok((codes.get('done') ?? 0) > (WRITERS * WRITES_EACH) / 4);
  const { rows } = await here.pool.query('select deadlocks from pg_stat_database where datname = current_database()');
  assert.deepEqual(rows, [{ deadlocks: 0 }], 'nobody met another in a circle');
  assert.deepEqual(await listWrongCredits(here.session, 10), []);
  assert.deepEqual(await findingsOf(here), []);
});
