/** What connected systems told of calls, messages, recordings, transcriptions and conferences, and usage, as Twilio has it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { putRecords } from '#operations/put-records.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { addAccount, restAs, restWith } from '#test/telephony-world.ts';
import { refusalOf, twilioClients } from '#test/twilio-client.ts';

const here = await testInstallation({ after });
const clientOf = await twilioClients(here.app);
const account = await addAccount(here.context);
const child = await addAccount(here.context, account);
await here.follow();

const client = clientOf(account);
const day = (number: number) => `2026-01-0${number}T10:00:00Z`;
const { items } = await putRecords(here.context, ADMIN, {
  source: 'switch',
  records: [
    ...[1, 2, 3, 4, 5].map((number) => ({
      kind: 'call',
      externalRef: String(number),
      account: account.id,
      fromText: '+31208005100',
      toText: number === 3 ? 'client:bob' : '+31208005101',
      status: number === 2 ? 'failed' : 'completed',
      startedAt: day(number),
      createdAt: day(number),
      duration: 61,
      price: '-0.05',
      priceUnit: 'EUR',
      ...(number === 5 ? { conference: 'CF00000000000000000000000000000005', muted: true } : {}),
    })),
    { kind: 'call', externalRef: 'c', account: child.id, fromText: '1', toText: '2', status: 'completed' },
    { kind: 'message', externalRef: '1', account: account.id, fromText: '1', toText: '2', body: 'x', sentAt: day(1) },
    {
      kind: 'recording',
      externalRef: '1',
      account: account.id,
      call: 'CA00000000000000000000000000000001',
      duration: 7,
      fileUri: 'https://media.example.com/1.wav',
    },
    {
      kind: 'transcription',
      externalRef: '1',
      account: account.id,
      recording: 'RE00000000000000000000000000000001',
      status: 'completed',
      body: 'Hello',
      price: '0.5',
    },
    {
      kind: 'conference',
      id: 'CF00000000000000000000000000000005',
      account: account.id,
      name: 'Monday',
      status: 'COMPLETED',
    },
  ],
});
const sidAt = (place: number) => String(items[place]?.sid);

test('calls are listed from the newest, in pages, by who, how and when', async () => {
  const { calls } = client;
  const newestFirst = [5, 4, 3, 2, 1].map((number) => sidAt(number - 1));
  const sids = async (...asked: Parameters<typeof calls.list>) => (await calls.list(...asked)).map(({ sid }) => sid);
  assert.deepEqual(await sids({ pageSize: 2 }), newestFirst);
  assert.deepEqual(await sids({ status: 'failed' }), [sidAt(1)]);
  assert.deepEqual(await sids({ to: 'client:bob' }), [sidAt(2)]);
  assert.deepEqual(await sids({ to: '101' }), []);
  assert.deepEqual(await sids({ startTime: new Date(day(2)) }), [sidAt(1)]);
  assert.deepEqual(await sids({ startTimeAfter: new Date(day(4)) }), newestFirst.slice(0, 2));
  assert.deepEqual(await sids({ startTimeBefore: new Date(day(2)) }), newestFirst.slice(-1));
  const [call] = await calls.list({ status: 'failed' });
  assert.deepEqual([call?.duration, call?.price, call?.priceUnit], ['61', '-0.05', 'EUR']);
  assert.deepEqual(call?.startTime, new Date(day(2)));
  const rest = restAs(here.app, '/2010-04-01', account);
  for (const [wrong, code] of [
    ['StartTime=yesterday', 20001],
    ['ParentCallSid=x', 20001],
    ['Status=%00', 20001],
  ] as const) {
    const answer = await rest('GET', `/Accounts/${account.sid}/Calls.json?${wrong}`);
    assert.deepEqual([answer.status, answer.body['code']], [400, code], wrong);
  }
});

test('messages, conferences and who took part in them', async () => {
  const [message] = await client.messages.list({ dateSent: new Date(day(1)) });
  assert.equal(message?.body, 'x');
  assert.equal((await client.messages.list({ dateSent: new Date(day(2)) })).length, 0);
  const [conference] = await client.conferences.list({ friendlyName: 'Monday' });
  assert.ok(conference);
  assert.equal(conference.status, 'completed');
  assert.equal((await client.conferences.list({ status: 'completed' })).length, 1);
  assert.equal((await client.conferences.list({ status: 'in-progress' })).length, 0);
  const parties = client.conferences(conference.sid).participants;
  const [party] = await parties.list();
  assert.ok(party);
  assert.deepEqual([party.callSid, party.muted, party.conferenceSid], [sidAt(4), true, conference.sid]);
  assert.equal((await parties(party.callSid).fetch()).callSid, party.callSid);
  const over = await refusalOf(parties(party.callSid).update({ muted: false }));
  assert.deepEqual([over.status, over.code], [400, 21220]);
  const missing = await refusalOf(parties(sidAt(0)).fetch());
  assert.deepEqual([missing.status, missing.code], [404, 20404]);
});

test('recordings are read, heard by whoever has the link, and removed; transcriptions as well', async () => {
  const [recording] = await client.recordings.list();
  assert.ok(recording);
  assert.equal(recording.duration, '7');
  const media = await restWith(here.app, '', null)('GET', recording.mediaUrl);
  assert.deepEqual([media.status, media.headers['location']], [302, 'https://media.example.com/1.wav']);
  const [transcription] = await client.transcriptions.list();
  assert.ok(transcription);
  assert.deepEqual([transcription.transcriptionText, transcription.price], ['Hello', 0.5]);
  assert.equal((await client.transcriptions(transcription.sid).fetch()).sid, transcription.sid);
  assert.equal(await client.transcriptions(transcription.sid).remove(), true);
  assert.equal(await client.recordings(recording.sid).remove(), true);
  for (const ask of [
    () => client.recordings(recording.sid).fetch(),
    () => client.recordings(recording.sid).remove(),
    () => client.transcriptions(transcription.sid).fetch(),
  ]) {
    const refusal = await refusalOf(ask());
    assert.deepEqual([refusal.status, refusal.code], [404, 20404]);
  }
  const gone = await restWith(here.app, '', null)('GET', recording.mediaUrl);
  assert.equal(gone.status, 404);
});

test('usage is summed by category and span', async () => {
  const all = await client.usage.records.list();
  assert.deepEqual(
    all.map(({ category, count, usage }) => [category, count, usage]),
    [
      ['calls', '5', '6'],
      ['sms', '1', '1'],
    ],
  );
  const daily = await client.usage.records.daily.list({
    category: 'calls',
    startDate: new Date('2026-01-02'),
    endDate: new Date('2026-01-04'),
  });
  assert.equal(daily.length, 3);
  assert.ok(daily.every(({ count }) => count === '1'));
  assert.equal((await client.usage.records.list({ category: 'amazon-polly' })).length, 0);
  const { body } = await restAs(
    here.app,
    '/2010-04-01',
    account,
  )('GET', `/Accounts/${account.sid}/Usage/Records/AllTime.json?Category=calls`);
  const [record] = body['usage_records'] as Record<string, unknown>[];
  assert.equal(record?.['uri'], `/2010-04-01/Accounts/${account.sid}/Usage/Records/AllTime.json?Category=calls`);
});

test('a closed account keeps what it did, and shows it to the account above', async () => {
  await client.api.v2010.accounts(child.sid).update({ status: 'closed' });
  assert.equal((await clientOf(account, child.sid).calls.list()).length, 1);
  assert.equal((await clientOf(account, child.sid).applications.list()).length, 0);
});
