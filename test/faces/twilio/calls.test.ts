/** Calls and messages with the library of Twilio: handed over to a platform, changed, and refused. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { placeHold } from '#operations/place-hold.ts';
import { startPlatform } from '#systems/call-platform/simulator.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { connectPlatform } from '#test/platform-world.ts';
import { addAccount } from '#test/telephony-world.ts';
import { refusalOf, twilioClients } from '#test/twilio-client.ts';

const here = await testInstallation({ after });
const platform = await startPlatform();
after(() => platform.stop());
const clientOf = await twilioClients(here.app);
const account = await addAccount(here.context);
const child = await addAccount(here.context, account);
await here.follow();

const client = clientOf(account);
const FROM = '+31208005100';
const TO = '+31208005101';
const URL_OF_VOICE = 'https://example.org/voice';
const codes = async (asked: Promise<unknown>) => {
  const { status, code } = await refusalOf(asked);
  return [status, code];
};

test('without a platform nothing can be called or sent', async () => {
  assert.deepEqual(await codes(client.calls.create({ from: FROM, to: TO, url: URL_OF_VOICE })), [503, 20503]);
  assert.deepEqual(await codes(client.messages.create({ from: FROM, to: TO, body: 'Hello' })), [503, 20503]);
  await connectPlatform(here.context, 'switch', platform.origin);
});

test('a call is handed over, read and ended', async () => {
  const call = await client.calls.create({
    from: FROM,
    to: TO,
    url: URL_OF_VOICE,
    method: 'GET',
    statusCallback: 'https://example.org/status',
    statusCallbackEvent: ['initiated', 'completed'],
    timeout: 30,
  });
  assert.deepEqual(
    [call.from, call.to, call.status, call.direction, call.accountSid],
    [FROM, TO, 'ringing', 'outbound-api', account.sid],
  );
  assert.equal(call.price, null);
  const [taken] = platform.calls.values();
  assert.deepEqual(taken?.['application'], { url: URL_OF_VOICE, method: 'GET' });
  assert.deepEqual(taken?.['statusEvents'], ['initiated', 'completed']);
  assert.deepEqual((await client.calls(call.sid).fetch()).toJSON(), call.toJSON());
  assert.equal((await client.calls(call.sid).recordings.list()).length, 0);
  assert.equal((await client.calls(call.sid).update({ status: 'completed' })).status, 'completed');
  assert.deepEqual(await codes(client.calls(call.sid).update({ status: 'completed' })), [400, 21220]);
  assert.deepEqual(await codes(client.calls(`CA${'0'.repeat(32)}`).fetch()), [404, 20404]);
  assert.deepEqual(await codes(clientOf(account, child.sid).calls(call.sid).fetch()), [403, 20003]);
});

test('a call by an application asks where that lies', async () => {
  const application = await client.applications.create({ friendlyName: 'Menu', voiceUrl: 'https://example.org/menu' });
  await client.calls.create({ from: FROM, to: TO, applicationSid: application.sid });
  const taken = [...platform.calls.values()].at(-1);
  assert.deepEqual(taken?.['application'], { url: 'https://example.org/menu', method: 'POST' });
});

test('a message is handed over and read', async () => {
  const message = await client.messages.create({ from: FROM, to: TO, body: 'Hello' });
  assert.deepEqual(
    [message.from, message.to, message.body, message.status, message.direction],
    [FROM, TO, 'Hello', 'sending', 'outbound-api'],
  );
  assert.ok(message.dateSent instanceof Date);
  assert.equal(message.errorCode, null);
  assert.deepEqual((await client.messages(message.sid).fetch()).toJSON(), message.toJSON());
  assert.equal((await client.messages.list({ to: TO, from: FROM })).length, 1);
  assert.equal((await client.messages.list({ to: '+31208005109' })).length, 0);
});

test('what is missing or wrong has the code that Twilio has for it', async () => {
  const { calls, messages } = client;
  assert.deepEqual(await codes(calls.create({ from: FROM, to: '', url: URL_OF_VOICE })), [400, 21201]);
  assert.deepEqual(await codes(calls.create({ from: '', to: TO, url: URL_OF_VOICE })), [400, 21213]);
  assert.deepEqual(await codes(calls.create({ from: FROM, to: 'no number', url: URL_OF_VOICE })), [400, 21211]);
  assert.deepEqual(await codes(calls.create({ from: FROM, to: TO, url: 'ftp://example.org' })), [400, 21205]);
  assert.deepEqual(await codes(calls.create({ from: FROM, to: TO, twiml: '<Response/>' })), [400, 20001]);
  assert.deepEqual(await codes(messages.create({ from: FROM, to: TO })), [400, 21602]);
  assert.deepEqual(await codes(messages.create({ from: FROM, to: '', body: 'x' })), [400, 21604]);
  assert.deepEqual(await codes(messages.create({ to: TO, body: 'x' })), [400, 21603]);
  assert.deepEqual(
    await codes(messages.create({ from: FROM, to: TO, body: 'x', mediaUrl: ['https://example.org/cat.jpg'] })),
    [400, 20001],
  );
});

test('for a suspended account nothing is called or sent, and it is told of what was refused', async () => {
  await placeHold(here.context, ADMIN, child.id, { profile: 'suspended' });
  await here.follow();
  const order = { from: FROM, to: TO, url: URL_OF_VOICE };
  assert.deepEqual(await codes(clientOf(account, child.sid).calls.create(order)), [403, 20005]);
  assert.deepEqual(await codes(clientOf(child).calls.create(order)), [403, 20005]);
  assert.deepEqual(
    await codes(clientOf(account, child.sid).messages.create({ from: FROM, to: TO, body: 'x' })),
    [403, 20005],
  );
  // Before anything else that is wrong with it.
  assert.deepEqual(await codes(clientOf(account, child.sid).calls.create({ ...order, twiml: '<x/>' })), [403, 20005]);
  const mine = clientOf(account, child.sid).notifications;
  const [told] = await mine.list();
  assert.ok(told);
  assert.deepEqual([told.errorCode, told.log, told.accountSid], ['11005', '0', child.sid]);
  assert.deepEqual((await mine(told.sid).fetch()).sid, told.sid);
  assert.equal((await mine.list({ log: 1 })).length, 0);
  assert.equal((await client.notifications.list()).length, 0);
});
