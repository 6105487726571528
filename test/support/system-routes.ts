/** Every route of systems, targets and receipts, used once. */
import assert from 'node:assert/strict';

import type pg from 'pg';

import { fingerprintOf, makeKeyPair } from '#systems/aps/certificate.ts';
import { startApsSimulator } from '#systems/aps/simulator.ts';

import type { CheckedClient } from './checked-client.ts';
import { sampleSystem } from './system-samples.ts';

export async function useSystemRoutes(client: CheckedClient, pool: pg.Pool): Promise<void> {
  const kinds = await client.done('GET', '/v1/system-kinds');
  assert.ok(kinds.items.some((kind) => kind['kind'] === 'aps'));
  const added = await client.done('POST', '/v1/systems', { name: 'routes', ...sampleSystem('aps') });
  // How far behind the reader of the log is changes with each change.
  const still = ({ state: _state, ...rest }: Readonly<Record<string, unknown>>) => rest;
  assert.deepEqual(still(await client.done('GET', '/v1/systems/routes')), still(added));
  assert.deepEqual((await client.done('GET', '/v1/systems?kind=aps')).items.map(still), [still(added)]);
  assert.equal((await client.done('PATCH', '/v1/systems/routes', { concurrency: 2 }))['concurrency'], 2);
  await client.done('POST', '/v1/systems/routes/pause', { note: 'maintenance' });
  await client.done('POST', '/v1/systems/routes/resume');
  await handOverOnce(client);
  await useTargetRoutes(client, pool);
  const removed = await client.done('DELETE', '/v1/systems/routes');
  assert.equal((removed['targets'] as { total: number }).total, 0);
}

async function handOverOnce(client: CheckedClient): Promise<void> {
  const pair = await makeKeyPair('apps.example', Date.now());
  const endpoint = await startApsSimulator({ type: 'x509', tls: { cert: pair.certificate, key: pair.key } });
  try {
    const { settings } = sampleSystem('aps');
    const there = { url: `${endpoint.origin}/ext`, trust: 'x509' };
    await client.done('POST', '/v1/systems', { name: 'handed', kind: 'aps', settings: { ...settings, ...there } });
    const fingerprint = fingerprintOf(pair.certificate);
    const handed = await client.done('POST', '/v1/systems/handed/hand-over', { fingerprint });
    assert.equal(handed['fingerprint'], fingerprint);
    await client.done('DELETE', '/v1/systems/handed');
  } finally {
    await endpoint.stop();
  }
}

async function useTargetRoutes(client: CheckedClient, pool: pg.Pool): Promise<void> {
  const parent = (await client.done('POST', '/v1/accounts', { name: 'Told' })).id;
  const tenant = await client.done('POST', '/v1/resources', { kind: 'foreign', system: 'other', parent });
  const bound = await client.call('PUT', `/v1/systems/routes/targets/${tenant.id}`, { reference: 'tenant-1' });
  assert.equal(bound.status, 200, bound.text);
  assert.deepEqual(await client.done('GET', `/v1/systems/routes/targets/${tenant.id}`), bound.body);
  assert.deepEqual((await client.done('GET', '/v1/systems/routes/targets?outcome=pending')).items, [bound.body]);
  assert.equal((await client.done('GET', `/v1/entities/${tenant.id}/targets`)).items.length, 1);
  const receipt = await client.done('GET', `/v1/operations/${String(bound.headers['abeyance-revision'])}`);
  assert.equal(receipt['kind'], 'target.bound');
  await client.done('POST', `/v1/systems/routes/targets/${tenant.id}/retry`);
  assert.equal((await client.done('POST', '/v1/systems/routes/targets/retry', { outcome: 'pending' }))['count'], 1);
  assert.equal((await client.done('POST', '/v1/systems/routes/targets/acknowledge'))['count'], 0);
  await pool.query('update target set needs_person = true where entity_id = $1', [tenant.number]);
  await client.done('POST', `/v1/systems/routes/targets/${tenant.id}/acknowledge`);
  await client.done('DELETE', `/v1/systems/routes/targets/${tenant.id}`);
}
