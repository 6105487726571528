/** The secret key is replaced: by the real program, killed at every step and at any moment, and with a wrong key. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { RotationStep } from '#main/rotate-secret.ts';
import { pictureOf } from '#test/backup.ts';
import { type Cleanup, testDatabase } from '#test/database.ts';
import {
  ADMIN_TOKEN,
  type ServerProcess,
  type StartOptions,
  filesWith,
  lastFirst,
  makeHome,
  startServerProcess,
} from '#test/server-process.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PRIVATE_KEY = '-----BEGIN PRIVATE KEY-----\nthe private key of a domain\n-----END PRIVATE KEY-----\n';
const AUTH_TOKEN = 'the token of a peer';

/** Writes what is sealed. */
async function fill(server: ServerProcess): Promise<void> {
  const account = await server.ask('/v1/accounts', { name: 'An account' });
  const parent = account.body['id'];
  for (const body of [
    { kind: 'sip_domain', domain: 'example.com', privateKey: PRIVATE_KEY, parent },
    { kind: 'trusted_peer', address: '192.0.2.9', authToken: AUTH_TOKEN, parent },
  ])
    assert.equal((await server.ask('/v1/resources', body)).status, 201);
}

/** Everything opens and the log proves itself; then the server is stopped. */
async function assertGood(server: ServerProcess): Promise<void> {
  const exported = await fetch(`${await server.address}/v1/export?secrets=true`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const lines = await exported.text();
  for (const value of [PRIVATE_KEY, AUTH_TOKEN]) assert.ok(lines.includes(JSON.stringify(value)), lines);
  const verdict = (await server.ask('/v1/verify', {})).body;
  assert.deepEqual([verdict['ok'], verdict['findings']], [true, []]);
  assert.equal((await server.ask('/v1/accounts', { name: 'Afterwards' })).status, 201);
  server.kill('SIGTERM');
  assert.deepEqual(await server.exited, { code: 0, signal: null });
}

async function startAndCheck(t: Cleanup, home: string, options: StartOptions = {}): Promise<void> {
  await assertGood(await startServerProcess(t, home, options));
  assert.deepEqual(await keyFilesOf(home), ['secret.key']);
}

function rotateByProgram(home: string, env: Readonly<Record<string, string>> = {}) {
  return spawn(join(ROOT, 'abeyance'), ['rotate-secret'], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ABEYANCE_DATA: home, ...env },
  });
}

const keyFilesOf = async (home: string) => (await readdir(home)).filter((name) => /^secret\.key(\.next)?$/.test(name));
const keyOf = (home: string) => readFile(join(home, 'secret.key'), 'utf8');

/** Rotates in another process, and kills it when the step is done. */
async function killAt(home: string, step: RotationStep): Promise<void> {
  const module = pathToFileURL(join(ROOT, 'src/main/rotate-secret.ts')).href;
  const program = `
    import { rotateSecret } from ${JSON.stringify(module)};
    await rotateSecret({
      dataFolder: ${JSON.stringify(home)},
      log: { info() {}, warn() {} },
      onStep: (step) => {
        if (step !== ${JSON.stringify(step)}) return Promise.resolve();
        console.log('here');
        return new Promise(() => setInterval(() => {}, 1_000));
      },
    });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const failure = text(child.stderr);
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited]);
  child.kill('SIGKILL');
  assert.deepEqual(await exited, [null, 'SIGKILL'], await failure);
}

/** Whether the new key is the one in force after a kill at the step. */
const STEPS: readonly { readonly step: RotationStep; readonly isNew: boolean; readonly files: number }[] = [
  { step: 'new key stored', isNew: false, files: 2 },
  { step: 'sealed', isNew: false, files: 2 },
  { step: 'committed', isNew: true, files: 2 },
  { step: 'key replaced', isNew: true, files: 1 },
];
const ROUNDS = 4;
/** Longer than a rotation of little takes. */
const ROUND_MAX_MS = 2_500;

test('kill -9 of a rotation, at any moment, leaves an installation that starts with one of the two keys', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const first = await startServerProcess(end, home);
  await fill(first);
  await assertGood(first);
  assert.deepEqual(await filesWith(home, 'the private key of a domain'), []);
  assert.deepEqual(await filesWith(home, AUTH_TOKEN), []);
  for (const { step, isNew, files } of STEPS) {
    const former = await keyOf(home);
    await killAt(home, step);
    assert.equal((await keyFilesOf(home)).length, files, step);
    await startAndCheck(end, home);
    assert.equal((await keyOf(home)) !== former, isNew, step);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const delay = Math.round(Math.random() * ROUND_MAX_MS);
    const former = await keyOf(home);
    const child = rotateByProgram(home);
    const exited = once(child, 'exit');
    await Promise.race([sleep(delay), exited]); // The moment of the kill is the case that is tried.
    child.kill('SIGKILL');
    await exited;
    await startAndCheck(end, home);
    t.diagnostic(
      `killed after ${delay} ms: the key is ${(await keyOf(home)) === former ? 'the former' : 'another'} one`,
    );
  }
});

test('the program replaces the key, refuses while the server runs, and the former key opens nothing', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const server = await startServerProcess(end, home);
  await fill(server);
  const refused = rotateByProgram(home);
  const said = text(refused.stderr);
  assert.deepEqual(await once(refused, 'exit'), [1, null]);
  assert.match(await said, new RegExp(`another Abeyance \\(pid ${server.pid}\\) is running on ${home}; stop it first`));
  await assertGood(server);
  const former = await keyOf(home);

  const child = rotateByProgram(home);
  const [out, code] = [text(child.stdout), once(child, 'exit')];
  assert.deepEqual(await code, [0, null]);
  assert.equal(
    (await out).split('\n')[0],
    'Sealed 3 values anew: installation.chain_secret_sealed 1, sip_domain.private_key 1, trusted_peer.auth_token 1.',
  );
  for (const key of [former, await keyOf(home)]) assert.ok(!(await out).includes(key.trim()));
  await startAndCheck(end, home);
  const withFormer = await startServerProcess(end, home, { env: { ABEYANCE_SECRET_KEY: former.trim() } });
  assert.equal((await withFormer.exited).code, 1);
  assert.match(
    withFormer.output().stderr,
    /^abeyance: The secret key does not fit the database in \S+\. Bring back .*\n$/,
  );
  await startAndCheck(end, home);
});

test('with a wrong secret key the server says so in one sentence, and changes nothing', async (t: TestContext) => {
  const end = lastFirst(t);
  const { connectionString, pool } = await testDatabase(t, { empty: true });
  const start = async (secret: string) =>
    startServerProcess(end, await makeHome(end), {
      env: {
        DATABASE_URL: connectionString,
        ABEYANCE_SECRET_KEY: secret.repeat(32),
        ABEYANCE_ADMIN_TOKEN: ADMIN_TOKEN,
      },
    });
  const first = await start('aa');
  await fill(first);
  await assertGood(first);
  const before = await pictureOf(pool);
  const second = await start('bb');
  assert.equal((await second.exited).code, 1);
  assert.match(
    second.output().stderr,
    /^abeyance: The secret key does not fit the database: [^.]*secret\.key [^.]*\.\n$/,
  );
  assert.deepEqual(await pictureOf(pool), before);
  await assertGood(await start('aa'));
});
