/** The same accounts and what they have, by the library of Twilio and in Restcomm's words: one is told what the other did. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { numberWorld } from '#test/number-world.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';
import { twilioClients } from '#test/twilio-client.ts';

const here = await numberWorld({ after });
const clientOf = await twilioClients(here.app);
const root = await addAccount(here.context);
await here.follow();

const rest = restAs(here.app, '/restcomm/2012-04-24', root);
const { accounts } = clientOf(root).api.v2010;
const json = async (path: string) => (await rest('GET', path)).body;

test('an account made on either face is the same on the other, with one token and one status', async () => {
  const made = await accounts.create({ friendlyName: 'From Twilio' });
  const shown = await json(`/Accounts/${made.sid}.json`);
  assert.deepEqual(
    [shown['sid'], shown['friendly_name'], shown['auth_token'], shown['status'], shown['type']],
    [made.sid, made.friendlyName, made.authToken, 'active', 'Full'],
  );
  assert.ok(!('email_address' in shown));
  const other = await rest('POST', '/Accounts.json', {
    EmailAddress: 'both@accounts.example',
    Password: 'A-long-pass-word-1',
    FriendlyName: 'From Restcomm',
  });
  assert.equal(other.status, 200);
  const fetched = await accounts(String(other.body['sid'])).fetch();
  assert.deepEqual([fetched.friendlyName, fetched.authToken], ['From Restcomm', other.body['auth_token']]);
  assert.ok((await accounts.list()).some(({ sid }) => sid === fetched.sid));

  await rest('PUT', `/Accounts.json/${made.sid}`, { Status: 'suspended' });
  assert.equal((await accounts(made.sid).fetch()).status, 'suspended');
  assert.equal((await accounts(made.sid).update({ status: 'active' })).status, 'active');
  assert.equal((await json(`/Accounts/${made.sid}.json`))['status'], 'active');
  await accounts(made.sid).update({ status: 'closed' });
  const closed = await rest('PUT', `/Accounts.json/${made.sid}`, { Status: 'active' });
  assert.equal(closed.status, 400);
});

test('so are numbers and applications', async () => {
  const mine = clientOf(root);
  const application = await mine.applications.create({ friendlyName: 'Menu', voiceUrl: 'https://example.org/menu' });
  const shown = await json(`/Accounts/${root.sid}/Applications/${application.sid}.json`);
  assert.deepEqual([shown['rcml_url'], shown['kind']], ['https://example.org/menu', 'voice']);
  const number = await mine.incomingPhoneNumbers.create({
    phoneNumber: '+31208005100',
    voiceApplicationSid: application.sid,
  });
  const listed = await json(`/Accounts/${root.sid}/IncomingPhoneNumbers.json`);
  assert.equal(listed['total'], 1);
  assert.equal(
    (listed['incomingPhoneNumbers'] as { voice_application_sid: string }[])[0]?.voice_application_sid,
    application.sid,
  );
  assert.equal((await rest('DELETE', `/Accounts/${root.sid}/IncomingPhoneNumbers/${number.sid}.json`)).status, 204);
  assert.equal((await mine.incomingPhoneNumbers.list()).length, 0);
});
