/** Lists of what was done: filters, order, pages, sub-accounts, what a closed account still shows, media, usage. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { XMLParser } from 'fast-xml-parser';

import { closeEntity } from '#operations/close-entity.ts';
import { putRecords } from '#operations/put-records.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import type { Body } from '#test/people.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const here = await testInstallation({ after });
const { context, app, pool } = here;
const parent = await addAccount(context);
const child = await addAccount(context, parent);
const grandchild = await addAccount(context, child);
const stranger = await addAccount(context);
const developer = await addAccount(context, parent, { role: 'Developer' });
await here.follow();
const asParent = restAs(app, BASE, parent);
const asStranger = restAs(app, BASE, stranger);
const put = (records: readonly object[]) => putRecords(context, ADMIN, { source: 'switch', records });
const sidsOf = ({ body }: { readonly body: Body }, array: string): string[] =>
  body[array].map(({ sid }: { sid: string }) => sid);
const xmlOf = (text: string) => new XMLParser().parse(text).RestcommResponse;

const { items: made } = await put([
  {
    kind: 'call',
    externalRef: '1',
    account: child.id,
    fromText: '+31208005100',
    toText: 'client:bob',
    status: 'completed',
    duration: 90,
    startedAt: '2026-01-05T10:00:00Z',
    createdAt: '2026-01-05T10:00:00Z',
    price: '1.5',
    priceUnit: 'EUR',
  },
  {
    kind: 'call',
    externalRef: '2',
    account: child.id,
    fromText: '+31208005101',
    toText: '+4420',
    status: 'failed',
    direction: 'outbound-dial',
    duration: 30,
    startedAt: '2026-01-06T23:59:59Z',
    createdAt: '2026-01-06T23:59:59Z',
    parent: 'CA00000000000000000000000000000001',
  },
  {
    kind: 'call',
    externalRef: '3',
    account: grandchild.id,
    fromText: '9',
    toText: '8',
    status: 'in-progress',
    createdAt: '2026-02-01T00:00:00Z',
    conference: 'CF00000000000000000000000000000002',
    muted: true,
  },
  {
    kind: 'conference',
    id: 'CF00000000000000000000000000000002',
    account: grandchild.id,
    name: 'Monday',
    status: 'RUNNING_MODERATOR_PRESENT',
  },
  {
    kind: 'message',
    externalRef: '1',
    account: child.id,
    fromText: '1',
    toText: '2',
    body: 'Hello World',
    status: 'sent',
    sentAt: '2026-01-05T10:00:00Z',
    createdAt: '2026-01-05T10:00:00Z',
  },
  {
    kind: 'message',
    externalRef: '2',
    account: grandchild.id,
    fromText: '1',
    toText: '3',
    body: 'Bye',
    status: 'undelivered',
    errorCode: 30_002,
    errorMessage: 'Account suspended',
    price: '0.1',
    priceUnit: 'USD',
  },
  {
    kind: 'recording',
    externalRef: '1',
    account: child.id,
    duration: 12,
    fileUri: 'https://media.example/1.wav',
    s3Uri: 's3://b/1',
  },
  { kind: 'recording', externalRef: '2', account: grandchild.id, fileUri: 'file:///etc/passwd' },
  {
    kind: 'transcription',
    externalRef: '1',
    account: child.id,
    body: 'Good morning',
    status: 'completed',
    duration: 12,
  },
  { kind: 'transcription', externalRef: '2', account: grandchild.id, body: 'Good night' },
]);
const [c1, c2, c3, cf, m1, m2, r1, r2, t1, t2] = made.map(({ sid }) => sid);
await put([
  { kind: 'recording', id: r1, account: child.id, call: c1 },
  { kind: 'transcription', id: t1, account: child.id, recording: r1 },
]);
const at = (path: string) => `/Accounts/${child.sid}/${path}`;

test('calls are found by every filter', async () => {
  const table: Record<string, readonly (string | undefined)[]> = {
    '': [c2, c1],
    'SubAccounts=true': [c3, c2, c1],
    'SubAccounts=TRUE&PageSize=99999999': [c3, c2, c1],
    'From=%2B31208005100': [c1],
    'From=8005101': [c2],
    'To=client:bob': [c1],
    'Status=COMPLETED': [c1],
    'StartTime=2026-01-06': [c2],
    'EndTime=2026-01-05': [c1],
    'StartTime=2026-01-05&EndTime=2026-01-06': [c2, c1],
    'ParentCallSid=CA00000000000000000000000000000001': [c2],
    'SubAccounts=true&ConferenceSid=CF00000000000000000000000000000002': [c3],
    'SortBy=Duration:asc': [c2, c1],
    'SortBy=Duration:desc': [c1, c2],
    'SortBy=DateCreated': [c1, c2],
    'SortBy=From:asc&Reverse=true': [c2, c1],
    'Reverse=true': [c1, c2],
    'localOnly=true&Nothing=known': [c2, c1],
  };
  for (const [query, sids] of Object.entries(table)) {
    const answer = await asParent('GET', `${at('Calls')}.json?${query}`);
    assert.equal(answer.status, 200, query);
    assert.deepEqual(sidsOf(answer, 'calls'), sids, query);
    assert.equal(answer.body['total'], sids.length);
  }
  for (const query of [
    'StartTime=yesterday',
    'EndTime=2026-02-30',
    'SortBy=Colour',
    'SortBy=From:up',
    'SortBy=a:b:c',
    'ParentCallSid=x',
    'Page=1',
    'From=%00',
  ])
    assert.equal((await asParent('GET', `${at('Calls')}?${query}`)).status, 400, query);
});

test('messages, recordings and transcriptions have exactly their members, in both formats', async () => {
  const [message] = (await asParent('GET', `${at('SMS/Messages')}.json?SubAccounts=true&Body=bYE`)).body['messages'];
  assert.deepEqual(
    Object.entries(message).filter(([name]) => !name.startsWith('date_')),
    [
      ['sid', m2],
      ['account_sid', grandchild.sid],
      ['from', '1'],
      ['to', '3'],
      ['body', 'Bye'],
      ['status', 'undelivered'],
      ['direction', 'inbound'],
      ['error_code', 30_002],
      ['error_message', 'Account suspended'],
      ['price', '0.1'],
      ['price_unit', 'USD'],
      ['api_version', '2012-04-24'],
      ['uri', `/2012-04-24/Accounts/${grandchild.sid}/SMS/Messages/${m2}.json`],
    ],
  );
  const xml = xmlOf((await asParent('GET', `/Accounts/${grandchild.sid}/SMS/Messages/${m2}`)).text).SMSMessage;
  assert.deepEqual(xml.Error, { ErrorCode: 30_002, ErrorMessage: 'Account suspended' });
  assert.ok(!('ErrorCode' in xml) && xml.Uri.endsWith(m2));
  const read = (await asParent('GET', `${at('SMS/Messages')}/${m1}.json`)).body;
  assert.equal(read['date_sent'], '2026-01-05T10:00:00.000Z');
  assert.equal(read['date_created'], 'Mon, 5 Jan 2026 10:00:00 +0000');
  const recording = (await asParent('GET', `${at('Recordings')}/${r1}.json`)).body;
  assert.deepEqual(
    Object.entries(recording).filter(([name]) => !name.startsWith('date_')),
    [
      ['sid', r1],
      ['account_sid', child.sid],
      ['call_sid', c1],
      ['duration', '12'],
      ['api_version', '2012-04-24'],
      ['uri', `/2012-04-24/Accounts/${child.sid}/Recordings/${r1}.json`],
      ['file_uri', `/restcomm/2012-04-24/Accounts/${child.sid}/Recordings/${r1}.wav`],
      ['s3_uri', 's3://b/1'],
    ],
  );
  assert.deepEqual(sidsOf(await asParent('GET', `${at('Recordings')}.json?CallSid=${c1}`), 'recordings'), [r1]);
  assert.deepEqual(sidsOf(await asParent('GET', `${at(`Calls/${c1}/Recordings`)}.json`), 'recordings'), [r1]);
  assert.deepEqual(sidsOf(await asParent('GET', `${at(`Calls/${c1}/Notifications`)}.json`), 'notifications'), []);
  const transcription = (await asParent('GET', `${at('Transcriptions')}.json?TranscriptionText=MORNING`)).body;
  assert.deepEqual(Object.keys(transcription['transcriptions'][0]), [
    'sid',
    'date_created',
    'date_updated',
    'account_sid',
    'status',
    'recording_sid',
    'duration',
    'transcription_text',
    'uri',
  ]);
  const list = xmlOf((await asParent('GET', at('Transcriptions'))).text);
  assert.equal(list.Transcriptions.Transcription.TranscriptionText, 'Good morning');
});

test('conferences have participants, which are calls', async () => {
  const path = `/Accounts/${grandchild.sid}/Conferences`;
  const conferences = await asParent('GET', `${path}.json?Status=running_moderator_present&FriendlyName=Monday`);
  assert.deepEqual(sidsOf(conferences, 'conferences'), [cf]);
  const { subresource_uris: uris } = (await asParent('GET', `${path}/${cf}.json`)).body;
  assert.deepEqual(uris, { participants: `/2012-04-24${path}/${cf}/Participants.json` });
  const [participant] = (await asParent('GET', `${path}/${cf}/Participants.json`)).body['calls'];
  assert.deepEqual(
    [participant.sid, participant.conference_sid, participant.muted, participant.hold, participant.uri],
    [c3, cf, true, false, `/2012-04-24${path}/${cf}/Participants/${c3}.json`],
  );
  assert.equal((await asParent('GET', `${path}/${cf}/Participants/${c3}`)).status, 200);
  assert.equal((await asParent('GET', `${path}/${cf}/Participants/${c1}`)).status, 403);
  assert.equal((await asParent('GET', `${path}.json?DateCreated=2001-01-01`)).body['total'], 0);
  assert.equal((await asParent('GET', `${path}?DateCreated=today`)).status, 400);
});

test('nobody else reads or removes any of it, nor through another account', async () => {
  for (const [path, sid] of [
    ['Calls', c1],
    ['SMS/Messages', m1],
    ['Recordings', r1],
    ['Transcriptions', t1],
  ] as const) {
    for (const url of [at(path), `${at(path)}/${sid}`]) {
      assert.equal((await asStranger('GET', url)).status, 403, url);
      assert.equal((await restAs(app, BASE, null)('GET', url)).status, 401, url);
    }
    assert.equal((await asParent('GET', `/Accounts/${parent.sid}/${path}/${sid}`)).status, 403);
    assert.equal((await asParent('GET', `${at(path)}/XX00000000000000000000000000000009`)).status, 404);
    assert.equal((await asParent('GET', `${at(path)}/x`)).status, 400);
  }
  assert.equal((await asStranger('DELETE', `${at('Transcriptions')}/${t1}`)).status, 403);
  assert.equal(
    (await restAs(app, BASE, developer)('GET', `/Accounts/${developer.sid}/Supervisor/metrics`)).status,
    403,
  );
  assert.equal((await asParent('GET', `/Accounts/${parent.sid}/Supervisor/metrics`)).status, 403);
});

test('media are open to whoever has the link, and 404 when there are none', async () => {
  const nobody = restAs(app, BASE, null);
  for (const suffix of ['wav', 'mp4']) {
    const media = await nobody('GET', `${at('Recordings')}/${r1}.${suffix}`);
    assert.deepEqual([media.status, media.headers['location']], [302, 'https://media.example/1.wav']);
    assert.equal((await nobody('GET', `/Accounts/${grandchild.sid}/Recordings/${r2}.${suffix}`)).status, 404);
    assert.equal((await nobody('GET', `/Accounts/${parent.sid}/Recordings/${r1}.${suffix}`)).status, 404);
    assert.equal((await nobody('GET', `/Accounts/nobody/Recordings/x.${suffix}`)).status, 404);
  }
  for (const path of ['Recordings/x.wavw', 'Recordings/x.w', 'Recordings/x|', 'Recordings/x.wav/more'])
    assert.equal((await nobody('GET', at(path))).status, 401, path);
});

test('a removed recording is gone, and that it was removed is in the log', async () => {
  const { items } = await put([{ kind: 'recording', externalRef: 'gone', account: child.id }]);
  const sid = items[0]?.sid;
  assert.equal((await asParent('DELETE', `${at('Recordings')}/${sid}`)).status, 200);
  assert.equal((await asParent('DELETE', `${at('Recordings')}/${sid}`)).status, 404);
  assert.equal((await asParent('GET', `${at('Recordings')}/${sid}`)).status, 404);
  const { rows } = await pool.query(`select facts ->> 'record' as record from change where kind = 'record.removed'`);
  assert.deepEqual(rows, [{ record: items[0]?.id }]);
});

test('a closed account still shows what it did, and no more what it had', async () => {
  await closeEntity(context, ADMIN, grandchild.id);
  await here.follow();
  const under = `/Accounts/${grandchild.sid}`;
  const beneath = async (path: string, array: string) =>
    sidsOf(await asParent('GET', `${at(path)}.json?SubAccounts=true`), array);
  assert.deepEqual(await beneath('Calls', 'calls'), [c3, c2, c1]);
  assert.deepEqual(await beneath('SMS/Messages', 'messages'), [m2, m1]);
  assert.deepEqual(await beneath('Recordings', 'recordings'), [r1]);
  assert.deepEqual(await beneath('Transcriptions', 'transcriptions'), [t1]);
  assert.deepEqual(sidsOf(await asParent('GET', `${under}/Calls.json`), 'calls'), [c3]);
  assert.equal((await asParent('GET', `${under}/Calls/${c3}`)).status, 200);
  assert.equal((await asParent('GET', `${under}/Conferences/${cf}`)).status, 200);
  assert.equal((await asParent('GET', `${under}/Usage/Records/AllTime`)).status, 200);
  assert.equal((await asParent('GET', `${under}/Recordings.json`)).body['total'], 0);
  assert.equal((await asParent('GET', `${under}/Recordings/${r2}`)).status, 404);
  assert.equal((await asParent('GET', `${under}/Transcriptions/${t2}`)).status, 404);
  assert.equal((await asParent('DELETE', `${under}/Transcriptions/${t2}`)).status, 404);
  assert.equal(
    (await asParent('POST', `${under}/Calls`, { From: '1', To: '2', Url: 'https://x.example/' })).status,
    403,
  );
});
