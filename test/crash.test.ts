/** The server as a process: killed in mid-work, told to stop, started where it must not be, without its database. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { makeConnectionString } from '#main/database/check-connection.ts';
import { findProcess } from '#main/database/running-process.ts';
import { findPostmasterFile } from '#main/database/postmaster-file.ts';
import { superuserPassword } from '#main/database/superuser-password.ts';
import { holdCommits, waitUntil } from '#test/barrier.ts';
import {
  ADMIN_TOKEN,
  NOBODY,
  type ServerProcess,
  filesWith,
  lastFirst,
  makeHome,
  postmasterOf,
  processesOf,
  startServerProcess,
} from '#test/server-process.ts';

const SECRET = Buffer.alloc(32, 'a key for crashes');

interface Answered {
  readonly accounts: string[];
  readonly holds: { readonly account: string; readonly hold: string }[];
}

const WRITERS = 16;

/** Writes without end, from many sides, and notes what was answered; ends when the server does. */
function writeUntilTheEnd(server: ServerProcess, answered: Answered, round: string): Promise<unknown> {
  const writer = async (_: unknown, index: number) => {
    for (let n = 0; ; n++) {
      try {
        const account = await server.ask('/v1/accounts', { name: 'An account', reference: `${round}-${index}-${n}` });
        assert.equal(account.status, 201, JSON.stringify(account.body));
        const id = String(account.body['id']);
        answered.accounts.push(id);
        const hold = await server.ask(`/v1/entities/${id}/holds`, { profile: 'suspended', note: 'in mid-work' });
        assert.equal(hold.status, 201, JSON.stringify(hold.body));
        answered.holds.push({ account: id, hold: String(hold.body['id']) });
      } catch (error) {
        if (error instanceof TypeError) return; // What fetch throws when the connection breaks.
        throw error;
      }
    }
  };
  return Promise.all(Array.from({ length: WRITERS }, writer));
}

/** Everything that was answered is there, and the records prove themselves. */
async function assertKept(server: ServerProcess, { accounts, holds }: Answered): Promise<void> {
  for (const account of accounts) assert.equal((await server.ask(`/v1/entities/${account}`)).status, 200, account);
  for (const { account, hold } of holds) {
    const { body } = await server.ask(`/v1/entities/${account}/standing`);
    assert.equal(body['standing'], 'suspended');
    assert.equal((body['reasons'] as { hold: string }[])[0]?.hold, hold);
  }
  const verdict = (await server.ask('/v1/verify', {})).body;
  assert.deepEqual([verdict['ok'], verdict['findings']], [true, []]);
}

test('what was answered survives kill -9 of the server, and of its database with it', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const answered: Answered = { accounts: [], holds: [] };
  let postmaster: number | null = null;
  for (const { round, killsDatabase } of [
    { round: 'server', killsDatabase: false },
    { round: 'both', killsDatabase: true },
  ]) {
    const server = await startServerProcess(end, home);
    await server.address;
    const runs = await postmasterOf(home);
    if (postmaster !== null) assert.equal(runs, postmaster, 'the database that was left behind is adopted');
    postmaster = runs;
    const before = answered.holds.length;
    const writers = writeUntilTheEnd(server, answered, round);
    await waitUntil('much was answered', () => answered.holds.length >= before + 60);
    server.kill('SIGKILL');
    if (killsDatabase && postmaster !== null) process.kill(postmaster, 'SIGKILL');
    await writers;
    assert.equal((await server.exited).signal, 'SIGKILL');
  }
  const last = await startServerProcess(end, home);
  await assertKept(last, answered);
  assert.equal((await last.ask('/v1/accounts', { name: 'Afterwards' })).status, 201);
  last.kill('SIGTERM');
  assert.deepEqual(await last.exited, { code: 0, signal: null });
  assert.deepEqual(await processesOf(home), []);
  t.diagnostic(`${answered.accounts.length} accounts and ${answered.holds.length} holds were answered and kept`);
});

test('SIGTERM answers what is under way, ends with 0, and leaves no process and no secret behind', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const server = await startServerProcess(end, home, { env: { ABEYANCE_SECRET_KEY: SECRET.toString('hex') } });
  await server.address;
  const password = superuserPassword(SECRET);
  const { port } = (await findPostmasterFile(join(home, 'postgres'))) ?? {};
  assert.ok(port);
  const barrier = await holdCommits({ connectionString: makeConnectionString(port, password) });
  const underWay = Array.from({ length: 8 }, (_, n) => server.ask('/v1/accounts', { name: `Under way ${n}` }));
  await barrier.held(underWay.length);
  server.kill('SIGTERM');
  await waitUntil('it takes no more', () =>
    fetch(`${String(server.output().stdout.match(/http:\S+?(?=,)/))}/healthz`).then(
      () => false,
      () => true,
    ),
  );
  await barrier.open();
  const answers = await Promise.all(underWay);
  assert.deepEqual(
    answers.map(({ status }) => status),
    Array.from(underWay, () => 201),
  );
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.deepEqual(await processesOf(home), []);
  for (const secret of [password, SECRET.toString('hex'), ADMIN_TOKEN]) {
    assert.deepEqual(await filesWith(home, secret), []);
    assert.ok(!JSON.stringify(server.output()).includes(secret));
  }
  const again = await startServerProcess(end, home, { env: { ABEYANCE_SECRET_KEY: SECRET.toString('hex') } });
  for (const { body } of answers) assert.equal((await again.ask(`/v1/entities/${String(body['id'])}`)).status, 200);
  const checkpoints = (await readFile(join(home, 'checkpoints.jsonl'), 'utf8')).trim().split('\n');
  const { revision } = JSON.parse(checkpoints.at(-1) ?? '') as { revision: number };
  assert.equal(revision, (await again.ask('/v1/status')).body['revision'], 'the stop wrote where the chain stood');
  again.kill('SIGTERM');
  assert.equal((await again.exited).code, 0);
});

test('SIGTERM while it starts ends with 0, too, and leaves no process behind', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const server = await startServerProcess(end, home);
  await waitUntil('its database runs', async () => (await postmasterOf(home)) !== null);
  server.kill('SIGTERM');
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.deepEqual(await processesOf(home), []);
});

test('as a user without rights it shows the token that it made once, and keeps it nowhere', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end, NOBODY);
  const start = () => startServerProcess(end, home, { env: { ABEYANCE_ADMIN_TOKEN: undefined }, user: NOBODY });
  const first = await start();
  const address = await first.address;
  await waitUntil('it has shown the token', () => first.output().stdout.includes('Use it as ABEYANCE_TOKEN'));
  const shown = first.output().stdout.match(/shown this once: (\S+)/)?.[1] ?? '';
  assert.ok(shown.length >= 32);
  const statusWith = async (at: string, token: string) =>
    (await fetch(`${at}/v1/status`, { headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(await statusWith(address, shown), 200);
  assert.equal(await statusWith(address, `${shown}x`), 401);
  if (NOBODY !== null)
    assert.match(await readFile(`/proc/${first.pid}/status`, 'utf8'), new RegExp(`^Uid:\\s+${NOBODY.uid}\\s`, 'm'));
  first.kill('SIGTERM');
  assert.equal((await first.exited).code, 0);
  const second = await start();
  assert.equal(await statusWith(await second.address, shown), 200);
  second.kill('SIGTERM');
  assert.equal((await second.exited).code, 0);
  assert.doesNotMatch(second.output().stdout, /token/i);
  for (const { stderr } of [first.output(), second.output()])
    assert.ok(!stderr.includes(shown), 'the log does not have it');
  assert.deepEqual(await filesWith(home, shown), []);
  assert.deepEqual(await processesOf(home), []);
});

test('a start that cannot be is refused in clear words and disturbs nobody', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const first = await startServerProcess(end, home);
  const port = new URL(await first.address).port;
  await t.test('a second server on one data folder', async () => {
    const second = await startServerProcess(end, home);
    assert.equal((await second.exited).code, 1);
    assert.match(second.output().stderr, new RegExp(`another Abeyance \\(pid ${first.pid}\\) is running on ${home}`));
    assert.equal(second.output().stdout, '');
  });
  await t.test('a port that another program has', async () => {
    const other = await makeHome(end);
    const second = await startServerProcess(end, other, { env: { ABEYANCE_PORT: port } });
    assert.equal((await second.exited).code, 1);
    assert.match(second.output().stderr, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is taken.*ABEYANCE_PORT`));
    assert.deepEqual(await processesOf(other), []);
  });
  assert.equal((await first.ask('/v1/status')).status, 200);
  assert.equal((await findProcess(first.pid))?.pid, first.pid);
});

const BAD_SETTINGS: readonly { readonly name: string; readonly value: string }[] = [
  { name: 'ABEYANCE_PORT', value: 'http' },
  { name: 'ABEYANCE_PORT', value: '70000' },
  { name: 'DATABASE_URL', value: 'mysql://127.0.0.1/abeyance' },
  { name: 'ABEYANCE_ADMIN_TOKEN', value: 'short' },
  { name: 'ABEYANCE_GUARD_LIMIT', value: '-1' },
  { name: 'ABEYANCE_STALE_MAX_MS', value: '1 minute' },
  { name: 'ABEYANCE_NUMBER_QUARANTINE_DAYS', value: '4e1' },
  { name: 'ABEYANCE_LOG_LEVEL', value: 'loud' },
  { name: 'ABEYANCE_SECRET_KEY', value: 'too short' },
];

test('a setting that cannot be used is refused by its name, before anything is made', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const starts = BAD_SETTINGS.map(async ({ name, value }) => {
    const server = await startServerProcess(end, home, { env: { [name]: value } });
    assert.equal((await server.exited).code, 1, name);
    assert.match(server.output().stderr, new RegExp(`\\b${name}\\b`));
    if (name.endsWith('TOKEN') || name.endsWith('KEY'))
      assert.ok(!server.output().stderr.includes(value), 'a secret is not repeated');
  });
  await Promise.all(starts);
  assert.equal(await postmasterOf(home), null);
});

test('a data folder that is no folder is refused in clear words', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const server = await startServerProcess(end, home, { env: { ABEYANCE_DATA: fileURLToPath(import.meta.url) } });
  assert.equal((await server.exited).code, 1);
  assert.match(server.output().stderr, /crash\.test\.ts is not a folder/);
});
