/** Applications with the library of Twilio, in whose shape ours are shown as far as they have what it has. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { placeHold } from '#operations/place-hold.ts';
import { createEntity } from '#operations/create-entity.ts';
import { sidOf } from '#core/sid.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';
import { refusalOf, twilioClients } from '#test/twilio-client.ts';

const here = await testInstallation({ after });
const clientOf = await twilioClients(here.app);
const account = await addAccount(here.context);
const child = await addAccount(here.context, account);
await here.follow();

const { applications } = clientOf(account);
const VOICE = 'https://example.org/voice';
const SMS = 'https://example.org/sms';

test('an application is made, read, changed and removed', async () => {
  const made = await applications.create({ friendlyName: 'Menu', voiceUrl: VOICE, voiceCallerIdLookup: true });
  assert.deepEqual(
    [made.friendlyName, made.voiceUrl, made.smsUrl, made.voiceCallerIdLookup, made.accountSid],
    ['Menu', VOICE, null, true, account.sid],
  );
  const fetched = await applications(made.sid).fetch();
  assert.deepEqual(fetched.toJSON(), made.toJSON());
  const changed = await applications(made.sid).update({ friendlyName: 'Other', voiceUrl: '', smsUrl: SMS });
  assert.deepEqual([changed.friendlyName, changed.voiceUrl, changed.smsUrl], ['Other', null, SMS]);
  const cleared = await applications(made.sid).update({ smsUrl: '' });
  assert.deepEqual([cleared.voiceUrl, cleared.smsUrl, cleared.friendlyName], [null, null, 'Other']);
  assert.equal(await applications(made.sid).remove(), true);
  for (const ask of [() => applications(made.sid).fetch(), () => applications(made.sid).remove()]) {
    const refusal = await refusalOf(ask());
    assert.deepEqual([refusal.status, refusal.code], [404, 20404]);
  }
});

test('what an application cannot have at once is refused, and nothing changes', async () => {
  const both = await refusalOf(applications.create({ friendlyName: 'Both', voiceUrl: VOICE, smsUrl: SMS }));
  assert.deepEqual([both.status, both.code], [400, 21402]);
  const made = await applications.create({ friendlyName: 'Calls', voiceUrl: VOICE });
  const refusal = await refusalOf(applications(made.sid).update({ friendlyName: 'Renamed', smsUrl: SMS }));
  assert.deepEqual([refusal.status, refusal.code], [400, 21402]);
  assert.equal((await applications(made.sid).fetch()).friendlyName, 'Calls');
  await applications(made.sid).remove();
});

test('one without a name has one that says when it was made', async () => {
  const made = await applications.create({});
  assert.match(made.friendlyName, /^App Created at \d{4}-\d\d-\d\d (0[1-9]|1[0-2]):\d\d [ap]m$/);
  await applications(made.sid).remove();
});

test('applications are listed over more than one page, and by their whole name', async () => {
  const names = ['a', 'b', 'c', 'c', 'cc'];
  for (const friendlyName of names) await applications.create({ friendlyName, voiceUrl: VOICE });
  assert.deepEqual(
    (await applications.list({ pageSize: 2 })).map(({ friendlyName }) => friendlyName),
    names,
  );
  assert.deepEqual(
    (await applications.list({ friendlyName: 'c', pageSize: 1 })).map(({ friendlyName }) => friendlyName),
    ['c', 'c'],
  );
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    applications.each(
      { pageSize: 2, limit: 4, done: (error?: Error) => (error === undefined ? resolve() : reject(error)) },
      ({ friendlyName }) => seen.push(friendlyName),
    );
  });
  assert.deepEqual(seen, ['a', 'b', 'c', 'c']);
});

test('one for USSD has an address of neither kind, and gets one by being told so', async () => {
  const { value } = await createEntity(here.context, ADMIN, {
    kind: 'application',
    parent: child.id,
    name: 'Menu',
    medium: 'ussd',
    url: 'https://example.org/ussd',
  });
  await here.follow();
  const mine = clientOf(account, child.sid).applications;
  const sid = sidOf('application', value.id);
  const shown = await mine(sid).fetch();
  assert.deepEqual([shown.voiceUrl, shown.smsUrl], [null, null]);
  const changed = await mine(sid).update({ smsUrl: SMS });
  assert.deepEqual([changed.voiceUrl, changed.smsUrl], [null, SMS]);
});

test('beneath a suspended account an ancestor makes applications, and the account itself none', async () => {
  await placeHold(here.context, ADMIN, child.id, { profile: 'suspended' });
  await here.follow();
  assert.equal((await clientOf(account, child.sid).applications.create({ friendlyName: 'x' })).accountSid, child.sid);
  const refusal = await refusalOf(clientOf(child).applications.create({ friendlyName: 'y' }));
  assert.deepEqual([refusal.status, refusal.code], [403, 20005]);
});

test('an application has the members of Twilio in their order', async () => {
  const [first] = await applications.list({ limit: 1 });
  const { body } = await restAs(
    here.app,
    '/2010-04-01',
    account,
  )('GET', `/Accounts/${account.sid}/Applications/${first?.sid}.json`);
  assert.equal(
    Object.keys(body).join(' '),
    'sid account_sid api_version friendly_name voice_url voice_method voice_fallback_url voice_fallback_method ' +
      'voice_caller_id_lookup status_callback status_callback_method sms_url sms_method sms_fallback_url ' +
      'sms_fallback_method sms_status_callback message_status_callback public_application_connect_enabled ' +
      'date_created date_updated uri',
  );
  assert.equal(body['sms_url'], null);
  assert.equal(body['uri'], `/2010-04-01/Accounts/${account.sid}/Applications/${first?.sid}.json`);
});
