/** Every route of logins, keys, roles, sessions and properties, used once. */
import assert from 'node:assert/strict';

import type { CheckedClient } from './checked-client.ts';

const PASSWORD = 'a long enough word';

export async function useLoginRoutes(client: CheckedClient): Promise<void> {
  const account = await client.done('POST', '/v1/accounts', { name: 'With logins' });
  const at = `/v1/entities/${account.id}`;
  await client.done('PUT', `${at}/roles/desk`, { permissions: ['*:read'], description: 'Help desk' });
  const roles = await client.done('GET', `${at}/roles`);
  assert.ok(roles.items.some((role) => role['name'] === 'desk'));
  const given = { name: 'desk@routes.example', role: 'desk', password: PASSWORD };
  const login = await client.done('POST', `${at}/logins`, given);
  const logins = await client.done('GET', `${at}/logins?beneath=true`);
  assert.deepEqual(
    logins.items.map((each) => each.id),
    [login.id],
  );
  assert.equal((await client.done('PATCH', `/v1/logins/${login.id}`, { role: 'auditor' }))['role'], 'auditor');
  assert.equal((await client.done('GET', `/v1/logins/${login.id}`))['hasPassword'], true);
  const key = await client.done('POST', `/v1/logins/${login.id}/keys`, { name: 'monitoring' });
  const keys = await client.done('GET', `/v1/logins/${login.id}/keys`);
  assert.deepEqual(
    keys.items.map((each) => [each.id, each['key']]),
    [[key.id, undefined]],
    'the key is shown once',
  );
  await useSessionRoutes(client, String(key['key']));
  const own = await client.done('PUT', `${at}/account-login`, { email: 'Own@routes.example', password: PASSWORD });
  assert.equal(own['email'], 'own@routes.example');
  assert.deepEqual(await client.done('GET', `${at}/account-login`), own);
  await client.done('DELETE', `/v1/keys/${key.id}`);
  await client.done('DELETE', `${at}/roles/desk`);
  await client.done('DELETE', `/v1/logins/${login.id}`);
}

async function useSessionRoutes(client: CheckedClient, token: string): Promise<void> {
  const signedIn = await client.call('POST', '/v1/sessions', { login: 'desk@routes.example', password: PASSWORD });
  assert.match(String(signedIn.headers['set-cookie']), /^abeyance_session=/);
  assert.equal((await client.done('GET', '/v1/me', undefined, { token }))['role'], 'auditor');
  const sessions = await client.done('GET', '/v1/sessions', undefined, { token });
  assert.deepEqual(
    sessions.items.map((each) => each['current']),
    [false],
  );
  await client.done('DELETE', `/v1/sessions/${sessions.items[0]?.id}`, undefined, { token });
  await client.done('PUT', '/v1/me/password', { current: PASSWORD, password: 'another long word' }, { token });
}

export async function usePropertyRoutes(client: CheckedClient): Promise<void> {
  const account = await client.done('POST', '/v1/accounts', { name: 'With properties' });
  const at = `/v1/entities/${account.id}/properties`;
  await client.done('PATCH', at, {
    properties: [
      { name: 'pstn_access', value: '1', permission: 'admin' },
      { name: 'colour', value: 'red' },
    ],
  });
  await client.done('PATCH', at, { properties: [{ name: 'colour', value: null }] });
  const { items } = await client.done('GET', at);
  assert.deepEqual(items, [
    { name: 'pstn_access', value: '1', category: '', permission: 'admin', effective: true, writable: true },
  ]);
}
