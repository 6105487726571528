/** Every route of numbers, used once, against a simulated carrier. */
import assert from 'node:assert/strict';

import { startCarrier } from '#systems/number-provider/simulator.ts';

import type { CheckedClient } from './checked-client.ts';
import type { Installation } from './installation.ts';
import { insertCarrier } from './number-world.ts';

export async function useNumberRoutes(client: CheckedClient, here: Installation): Promise<void> {
  const carrier = await startCarrier('generic', ['+31208009001', '+31208009002', '+31208009003']);
  try {
    await insertCarrier(here, carrier.origin);
    const account = await client.done('POST', '/v1/accounts', { name: 'With numbers' });
    const base = '/v1/number-providers/carrier';
    const offered = await client.done('GET', `${base}/available-numbers?country=NL&areaCode=20&limit=2`);
    assert.deepEqual(
      offered.items.map((offer) => offer['number']),
      ['+31208009001', '+31208009002'],
    );
    const bought = await client.call('POST', `${base}/purchases`, {
      account: account.id,
      criteria: { country: 'NL' },
      fields: { friendlyName: 'Desk' },
    });
    assert.equal(bought.status, 201);
    carrier.knobs.loseReply = 1;
    const pending = await client.call('POST', `${base}/purchases`, { account: account.id, number: '+31208009003' });
    assert.equal(pending.status, 202);
    assert.equal(typeof pending.body['purchasePendingSince'], 'string');
    await client.done('PATCH', `/v1/entities/${bought.body.id}`, { portOutPendingSince: '2026-01-01T00:00:00Z' });
    assert.equal((await client.call('POST', `/v1/entities/${bought.body.id}/close`)).status, 409);
    const plan = await client.done('POST', `/v1/entities/${account.id}/plan`, { action: 'close' });
    assert.deepEqual((plan['effect'] as { portOutPending: unknown }).portOutPending, {
      count: 1,
      numbers: ['+31208009001'],
    });
    await client.done('POST', `/v1/entities/${account.id}/close`);
    const read = await client.done('GET', `/v1/entities/${bought.body.id}`);
    assert.equal(read['releasePending'], true);
    assert.equal(typeof read['quarantinedUntil'], 'string');
  } finally {
    await carrier.stop();
  }
}
