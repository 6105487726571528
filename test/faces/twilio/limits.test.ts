/** What there is no more of, and what is too much at once, as the library of Twilio is told. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { putCredits } from '#operations/put-credits.ts';
import { ADMIN, NO_LIMITS, makeApp } from '#test/installation.ts';
import { numberWorld } from '#test/number-world.ts';
import { addAccount } from '#test/telephony-world.ts';
import { refusalOf, twilioClients } from '#test/twilio-client.ts';

const here = await numberWorld({ after }, { operations: { faceDepthMax: 3, faceGuardLimit: 3 } });
const clientOf = await twilioClients(here.app);
const account = await addAccount(here.context);
await here.follow();

const { accounts } = clientOf(account).api.v2010;

test('a sub-account or a number beyond the credit', async () => {
  await putCredits(here.context, ADMIN, account.id, { account_credit: 1, number_credit: 0 });
  const made = await accounts.create({ friendlyName: 'The only one' });
  const account2 = await refusalOf(accounts.create({ friendlyName: 'One too many' }));
  assert.deepEqual([account2.status, account2.code], [403, 21480]);
  const number = await refusalOf(clientOf(account).incomingPhoneNumbers.create({ phoneNumber: '+31208005100' }));
  assert.deepEqual([number.status, number.code], [403, 21404]);
  await putCredits(here.context, ADMIN, account.id, { account_credit: null });
  await accounts(made.sid).update({ status: 'closed' });
});

test('a sub-account deeper than may be', async () => {
  const child = await accounts.create({ friendlyName: 'Child' });
  const grandchildren = clientOf({ sid: child.sid, token: child.authToken }).api.v2010.accounts;
  const grandchild = await grandchildren.create({ friendlyName: 'Grandchild' });
  const deeper = clientOf({ sid: grandchild.sid, token: grandchild.authToken }).api.v2010.accounts;
  const refusal = await refusalOf(deeper.create({ friendlyName: 'Too deep' }));
  assert.deepEqual([refusal.status, refusal.code], [400, 21101]);
});

test('more at once than this API may stop', async () => {
  const child = await accounts.create({ friendlyName: 'Large' });
  const own = clientOf({ sid: child.sid, token: child.authToken }).applications;
  for (const friendlyName of ['a', 'b', 'c']) await own.create({ friendlyName });
  const refusal = await refusalOf(accounts(child.sid).update({ status: 'suspended' }));
  assert.deepEqual([refusal.status, refusal.code], [403, 20403]);
  assert.equal((await accounts(child.sid).fetch()).status, 'active');
});

test('too many requests, told with when to come again', async () => {
  const app = await makeApp(here.context, { settings: { ...NO_LIMITS, rateLimit: 1, rateLimitAddress: 0 } });
  after(() => app.close());
  const client = (await twilioClients(app))(account);
  await client.api.v2010.accounts(account.sid).fetch();
  const refusal = await refusalOf(client.api.v2010.accounts(account.sid).fetch());
  assert.deepEqual([refusal.status, refusal.code], [429, 20429]);
});
