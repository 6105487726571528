/** Numbers that an account shows when it calls, with the library of Twilio. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';
import { refusalOf, twilioClients } from '#test/twilio-client.ts';

const here = await testInstallation({ after });
const clientOf = await twilioClients(here.app);
const account = await addAccount(here.context);
const child = await addAccount(here.context, account);
await here.follow();

const client = clientOf(account);

test('a caller id is there as soon as it is asked for; nobody is called', async () => {
  const asked = await client.validationRequests.create({ phoneNumber: '+31208005100', friendlyName: 'Desk' });
  assert.deepEqual([asked.phoneNumber, asked.friendlyName, asked.callSid], ['+31208005100', 'Desk', null]);
  const [found] = await client.outgoingCallerIds.list({ phoneNumber: '+31208005100' });
  assert.ok(found);
  assert.match(found.sid, /^PN[0-9a-f]{32}$/);
  assert.deepEqual((await client.outgoingCallerIds(found.sid).fetch()).toJSON(), found.toJSON());
  const renamed = await client.outgoingCallerIds(found.sid).update({ friendlyName: 'Door' });
  assert.equal(renamed.friendlyName, 'Door');
  const throughChild = await refusalOf(clientOf(account, child.sid).outgoingCallerIds(found.sid).fetch());
  assert.deepEqual([throughChild.status, throughChild.code], [403, 20003]);
  assert.equal(await client.outgoingCallerIds(found.sid).remove(), true);
  const gone = await refusalOf(client.outgoingCallerIds(found.sid).fetch());
  assert.deepEqual([gone.status, gone.code], [404, 20404]);
});

test('caller ids are listed over more than one page, and by number or name', async () => {
  const numbers = [1, 2, 3, 4, 5].map((at) => `+3120800510${at}`);
  for (const phoneNumber of numbers)
    await client.validationRequests.create({ phoneNumber, friendlyName: `N${phoneNumber.at(-1)}` });
  const all = await client.outgoingCallerIds.list({ pageSize: 2 });
  assert.deepEqual(
    all.map(({ phoneNumber }) => phoneNumber),
    numbers,
  );
  const named = await client.outgoingCallerIds.list({ friendlyName: 'N4' });
  assert.deepEqual(
    named.map(({ phoneNumber }) => phoneNumber),
    ['+31208005104'],
  );
  assert.equal((await client.outgoingCallerIds.list({ friendlyName: 'N' })).length, 0);
});

test('what is wrong has the code of Twilio, and the shape is its', async () => {
  const refusal = await refusalOf(client.validationRequests.create({ phoneNumber: '' }));
  assert.deepEqual([refusal.status, refusal.code], [400, 21421]);
  const { body } = await restAs(
    here.app,
    '/2010-04-01',
    account,
  )('GET', `/Accounts/${account.sid}/OutgoingCallerIds.json?PageSize=1&Page=1`);
  const path = `/2010-04-01/Accounts/${account.sid}/OutgoingCallerIds`;
  const { outgoing_caller_ids: list, ...figures } = body as { outgoing_caller_ids: Record<string, unknown>[] };
  assert.deepEqual(Object.keys(list[0] ?? {}), [
    'sid',
    'account_sid',
    'friendly_name',
    'phone_number',
    'date_created',
    'date_updated',
    'uri',
  ]);
  assert.deepEqual(figures, {
    page: 1,
    page_size: 1,
    start: 1,
    end: 1,
    uri: `${path}.json?PageSize=1&Page=1`,
    first_page_uri: `${path}.json?PageSize=1&Page=0`,
    next_page_uri: `${path}.json?PageSize=1&Page=2`,
    previous_page_uri: `${path}.json?PageSize=1&Page=0`,
  });
});
