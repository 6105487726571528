/** Every route of events and deliveries, used once. */
import assert from 'node:assert/strict';

import type { CheckedClient } from './checked-client.ts';
import type { Installation } from './installation.ts';
import { webhookWorld } from './webhook-world.ts';

export async function useEventRoutes(here: Installation, client: CheckedClient): Promise<void> {
  const world = webhookWorld(here);
  await world.readAll();
  const account = await client.done('POST', '/v1/accounts', { name: 'Eventful' });
  await world.addWebhook('routes', { url: 'https://hook.example/' });
  await client.done('POST', `/v1/entities/${account.id}/holds`, { profile: 'limited' });
  await world.readAll();
  await world.deliveries.settled();
  const { items } = await client.done('GET', `/v1/events?account=${account.id}`);
  assert.deepEqual(
    items.map((event) => event['type']),
    ['account.created', 'account.limited'],
  );
  const at = '/v1/systems/routes/deliveries';
  const { body: tested } = await client.call('POST', `${at}/test`);
  const { body: replayed } = await client.call('POST', `${at}/replay`, { events: [items[1]?.id], onlyFailed: false });
  assert.deepEqual(replayed, { deliveries: 1 });
  const listed = await client.done('GET', at);
  assert.deepEqual(
    listed.items.map((delivery) => delivery['reason']),
    ['replay', 'test'],
  );
  assert.deepEqual((await client.done('GET', `${at}/${tested.id}`))['tries'], []);
}
