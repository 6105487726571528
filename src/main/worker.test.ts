/** A process that only tells systems. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { pino } from 'pino';

import { LOCAL_PACE } from '#core/system-kind.ts';
import { readConfiguration } from '#main/configuration.ts';
import { startWorker } from '#main/worker.ts';
import { systemAuthor } from '#store/change.ts';
import { makeSealingKey } from '#store/sealing.ts';
import { insertSystem } from '#store/system.ts';
import { transact } from '#store/transaction.ts';
import { TEST_SECRET, testDatabase } from '#test/database.ts';

const log = pino({ level: 'silent' });

test('a worker answers monitoring and nothing else, and is in the list of workers while it lives', async (t: TestContext) => {
  const here = await testDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-worker-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const configuration = readConfiguration({
    ABEYANCE_ROLE: 'worker',
    ABEYANCE_PORT: '0',
    ABEYANCE_DATA: folder,
    DATABASE_URL: here.connectionString,
    ABEYANCE_SECRET_KEY: TEST_SECRET.toString('base64'),
  });
  await transact(here.pool, here.chainKey, 'none', systemAuthor('token:admin'), async (transaction) => {
    const settings = { url: 'http://127.0.0.1:1/RPC' };
    const system = {
      ...LOCAL_PACE,
      name: 'proxy',
      kind: 'kamailio',
      accountId: 0,
      settings,
      secrets: {},
      drift: 'off',
    } as const;
    await insertSystem(transaction, makeSealingKey(TEST_SECRET), system);
  });
  const worker = await startWorker({ configuration, log, version: '0.0.0-test' });
  t.after(() => worker.stop());
  const ask = async (path: string) => {
    const response = await fetch(`${worker.address}${path}`);
    return { status: response.status, text: await response.text() };
  };
  assert.deepEqual(await ask('/healthz'), { status: 200, text: '{"alive":true}' });
  const ready = JSON.parse((await ask('/readyz')).text) as { ready: boolean; reconciler: { sweeps: number } };
  assert.deepEqual([ready.ready, ready.reconciler.sweeps], [true, 0]);
  const metrics = (await ask('/metrics')).text;
  assert.match(metrics, /abeyance_sweep_lag_revisions \d/);
  for (const name of ['targets_due', 'targets_unsettled', 'targets_failed', 'system_paused', 'system_circuit'])
    assert.match(metrics, new RegExp(`^abeyance_${name}\\{system="proxy"\\} 0$`, 'm'), 'at the first look');
  const { status, text } = await ask('/v1/status');
  assert.equal(status, 404);
  assert.match(text, /this is a worker, which answers monitoring only/);
  const workers = async () => (await here.pool.query('select id from worker')).rowCount;
  for (let n = 0; n < 500 && (await workers()) !== 1; n++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(await workers(), 1);
  await worker.stop();
  assert.equal(await workers(), 0);
});

test('a worker without a database of its own to share is refused', async () => {
  const configuration = readConfiguration({ ABEYANCE_ROLE: 'worker' });
  await assert.rejects(startWorker({ configuration, log, version: '0.0.0-test' }), /DATABASE_URL must be given/);
  assert.throws(() => readConfiguration({ ABEYANCE_ROLE: 'both' }), /ABEYANCE_ROLE must be one of all, api, worker/);
});
