/** A database of its own beside the server: restarted under it, or away when it starts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { startEmbeddedPostgres } from '#main/database/embedded-postgres.ts';
import { waitUntil } from '#test/barrier.ts';
import { type ServerProcess, lastFirst, makeHome, postmasterOf, startServerProcess } from '#test/server-process.ts';

const SECRET = Buffer.alloc(32, 'a key for a database');
const quiet = { info: () => {}, warn: () => {} };

/** A database server that is not the product's own: it can be ended and started again at the same address. */
async function startDatabase(home: string) {
  const server = await startEmbeddedPostgres({
    dataFolder: join(home, 'database'),
    secret: SECRET,
    log: quiet,
    settings: { shared_buffers: '16MB' },
  });
  return {
    url: server.connectionString,
    end: async (signal: NodeJS.Signals) => {
      const pid = await postmasterOf(join(home, 'database'));
      if (pid !== null) process.kill(pid, signal);
      await server.exited;
      await server.stop();
    },
  };
}

async function decide(server: ServerProcess): Promise<{ effect: unknown; staleForMs: number; revision: number }> {
  const { status, body } = await server.ask('/v1/decisions?subject=sip:ann@away.example&action=register');
  assert.equal(status, 200, JSON.stringify(body));
  return { effect: body['effect'], staleForMs: Number(body['staleForMs']), revision: Number(body['revision']) };
}

async function ready(server: ServerProcess): Promise<boolean> {
  return (await server.ask('/readyz')).status === 200;
}

test('decisions go on while the database is away, say how old they are, and follow again', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  let database = await startDatabase(home);
  end.after(() => database.end('SIGQUIT'));
  const data = join(home, 'data');
  const start = async () => {
    const server = await startServerProcess(end, home, { env: { DATABASE_URL: database.url, ABEYANCE_DATA: data } });
    await server.address;
    return server;
  };
  const first = await start();
  const account = String((await first.ask('/v1/accounts', { name: 'An account' })).body['id']);
  const domain = String(
    (await first.ask('/v1/resources', { kind: 'sip_domain', domain: 'away.example', parent: account })).body['id'],
  );
  await first.ask('/v1/resources', { kind: 'sip_account', username: 'ann', parent: domain });
  const hold = (await first.ask(`/v1/entities/${account}/holds`, { profile: 'suspended' })).body;
  assert.deepEqual([(await decide(first)).effect, (await decide(first)).staleForMs], ['deny', 0]);

  await t.test('the database is killed and started again under a running server', async () => {
    await database.end('SIGQUIT');
    await waitUntil('decisions are stale', async () => (await decide(first)).staleForMs > 0);
    const once = await decide(first);
    await waitUntil('they grow older', async () => (await decide(first)).staleForMs > once.staleForMs);
    assert.equal((await decide(first)).effect, 'deny');
    const write = await first.ask('/v1/accounts', { name: 'Too early' });
    assert.deepEqual([write.status, write.body['code']], [503, 'unavailable']);
    assert.equal(await ready(first), false);
    database = await startDatabase(home);
    await waitUntil('decisions are fresh', async () => (await decide(first)).staleForMs === 0);
    await waitUntil('it is ready', () => ready(first));
    const lifted = await first.ask(`/v1/entities/${account}/holds/${String(hold['id'])}`, undefined, 'DELETE');
    assert.equal(lifted.status, 200, JSON.stringify(lifted.body));
    assert.equal((await decide(first)).effect, 'allow');
  });

  const again = await first.ask(`/v1/entities/${account}/holds`, { profile: 'fraud' });
  assert.equal(again.status, 201);
  const known = await decide(first);
  first.kill('SIGTERM');
  assert.deepEqual(await first.exited, { code: 0, signal: null });

  await t.test('the database is away when the server starts', async () => {
    await database.end('SIGTERM');
    const second = await start();
    const stale = await decide(second);
    assert.deepEqual([stale.effect, stale.revision], ['deny', known.revision]);
    assert.ok(stale.staleForMs > 0);
    assert.equal((await second.ask('/v1/accounts', { name: 'Too early' })).status, 503);
    assert.equal(await ready(second), false);
    database = await startDatabase(home);
    await waitUntil('it is ready', () => ready(second));
    await waitUntil('decisions are fresh', async () => (await decide(second)).staleForMs === 0);
    assert.equal((await second.ask('/v1/accounts', { name: 'In time' })).status, 201);
    second.kill('SIGTERM');
    assert.deepEqual(await second.exited, { code: 0, signal: null });
  });
});

test('without its database and without a checkpoint the server does not start, and says why', async (t: TestContext) => {
  const end = lastFirst(t);
  const home = await makeHome(end);
  const server = await startServerProcess(end, home, {
    env: { DATABASE_URL: 'postgres://abeyance:a-password@127.0.0.1:1/abeyance' },
  });
  assert.equal((await server.exited).code, 1);
  assert.match(server.output().stderr, /database cannot be reached/i);
  assert.ok(!server.output().stderr.includes('a-password'));
});
