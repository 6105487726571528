/** Whoever was let in before something changed is judged again by the transaction that would write. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { RESTCOMM_BASE } from '#faces/shared/account-path.ts';
import type { Actor } from '#operations/context.ts';
import { Authenticator } from '#operations/identity/authenticator.ts';
import { createCallerId } from '#operations/telephony/caller-ids.ts';
import { createClient } from '#operations/telephony/change-clients.ts';
import { buyAccountNumber } from '#operations/telephony/buy-account-number.ts';
import { findNamedAccount } from '#operations/telephony/find-account.ts';
import { Session } from '#store/database.ts';
import { type FaceAccount, growTree, setStatus } from '#test/face-tree.ts';
import { testInstallation } from '#test/installation.ts';
import { basic, made } from '#test/people.ts';

const here = await testInstallation({ after });
const { context } = here;
const { admin, accounts } = await growTree(here, { first: null, second: null });
const [first, second] = ['first', 'second'].map((name) => accounts.get(name)) as [FaceAccount, FaceAccount]; // Grown just now.

/** An actor as another process may still remember it. */
async function remembered({ sid, token }: FaceAccount): Promise<Actor> {
  const authenticator = new Authenticator(context, () => null);
  const shown = { authorization: basic(sid, token), isTelephony: true as const, address: () => '192.0.2.1' };
  return authenticator.authenticate(shown, { face: 'restcomm' });
}

/** What an account may try by rights that its role does not have as such. */
async function attempts(actor: Actor, { sid }: FaceAccount): Promise<(() => Promise<unknown>)[]> {
  const account = await findNamedAccount(new Session(context.pool), sid);
  assert.ok(account !== null);
  const need = (domain: 'Clients' | 'OutgoingCallerIds' | 'IncomingPhoneNumbers'): Actor => ({
    ...actor,
    need: ['Create', domain],
  });
  return [
    () => createClient(context, need('Clients'), account, { login: 'late', password: 'Strong-Client-12!' }),
    () => createCallerId(context, need('OutgoingCallerIds'), account, { number: '+31207000001' }),
    () =>
      buyAccountNumber(context, need('IncomingPhoneNumbers'), account, { number: '123', isPureSip: true, fields: {} }),
  ];
}

async function assertRefused(actor: Actor, of: FaceAccount): Promise<void> {
  for (const [place, attempt] of (await attempts(actor, of)).entries())
    await assert.rejects(attempt, { code: /^(forbidden|held)$/ }, `attempt ${place}`);
}

test('a role that lost a right writes nothing by it, though another process has not heard of it', async () => {
  const at = `/v1/entities/${first.id}`;
  const define = (permissions: readonly string[]) =>
    made(admin('PUT', `${at}/roles/working`, { permissions, subject: 'wish' }));
  await define(['RestComm:Read,Create:*']);
  await made(admin('PUT', `${at}/account-login`, { role: 'working' }));
  const actor = await remembered(first);
  await define(['RestComm:Read:*', 'RestComm:Create:Applications']);
  await assertRefused(actor, first);
});

test('an account that has stopped itself writes nothing more', async () => {
  const actor = await remembered(second);
  assert.equal(await setStatus(second, second, 'suspended'), 'suspended');
  await assertRefused(actor, second);
});

test('a request is judged by the role that its route needs', async () => {
  const response = await here.app.inject({
    method: 'POST',
    url: `${RESTCOMM_BASE}/Accounts/${first.sid}/OutgoingCallerIds`,
    payload: 'PhoneNumber=%2B31207000002',
    headers: {
      authorization: basic(first.sid, first.token),
      'content-type': 'application/x-www-form-urlencoded',
    },
  });
  assert.equal(response.statusCode, 403);
});
