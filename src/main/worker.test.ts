/** A process that only tells systems. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { pino } from 'pino';

import { readConfiguration } from '#main/configuration.ts';
import { startWorker } from '#main/worker.ts';
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
  const worker = await startWorker({ configuration, log, version: '0.0.0-test' });
  t.after(() => worker.stop());
  const ask = async (path: string) => {
    const response = await fetch(`${worker.address}${path}`);
    return { status: response.status, text: await response.text() };
  };
  assert.deepEqual(await ask('/healthz'), { status: 200, text: '{"alive":true}' });
  const ready = JSON.parse((await ask('/readyz')).text) as { ready: boolean; reconciler: { sweeps: number } };
  assert.deepEqual([ready.ready, ready.reconciler.sweeps], [true, 0]);
  assert.match((await ask('/metrics')).text, /abeyance_sweep_lag_revisions \d/);
  assert.equal((await ask('/v1/status')).status, 404);
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
