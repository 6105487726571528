/** Messages: handed over and kept; notifications of what was refused, by servers and by the face; and rubbish to all. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { XMLParser } from 'fast-xml-parser';

import { closeEntity } from '#operations/close-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { startPlatform } from '#systems/call-platform/simulator.ts';
import { ADMIN, TOKEN, testInstallation } from '#test/installation.ts';
import { addClient, addOrganization, connectPlatform } from '#test/platform-world.ts';
import type { Body } from '#test/people.ts';
import { type TelephonyAccount, addAccount, restAs } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const here = await testInstallation({ after });
const { context, app, pool } = here;
const platform = await startPlatform();
after(() => platform.stop());
await connectPlatform(context, 'switch', platform.origin);
const organization = await addOrganization(context, 'messages.example');
const parent = await addAccount(context, null, { organization });
const child = await addAccount(context, parent, { organization });
const stranger = await addAccount(context, null, { organization });
const alice = await addClient(context, organization, child.id, 'alice');
await here.follow();

const asParent = restAs(app, BASE, parent);
const asChild = restAs(app, BASE, child);
const asStranger = restAs(app, BASE, stranger);
const MESSAGES = `/Accounts/${child.sid}/SMS/Messages`;
const ORDER = { From: '+31208005100', To: '+31208005101', Body: 'Hällo 😀' };
const report = async (observations: readonly object[]) => {
  const response = await app.inject({
    method: 'POST',
    url: '/v1/observations',
    headers: { authorization: `Bearer ${TOKEN}` },
    payload: { source: 'kamailio-1', observations },
  });
  assert.equal(response.statusCode, 202, response.body);
};
const notified = async (account: TelephonyAccount, query = '', as = asParent) =>
  (await as('GET', `/Accounts/${account.sid}/Notifications.json?${query}`)).body;
const textsOf = (body: Body): string[] =>
  body['notifications'].map(({ message_text }: { message_text: string }) => message_text);

test('a message is handed over, kept and shown; what is missing is 400', async () => {
  const sent = await asChild('POST', `${MESSAGES}.json`, {
    ...ORDER,
    Encoding: 'UCS-2',
    StatusCallback: 'https://a.example/',
  });
  assert.equal(sent.status, 200, sent.text);
  const [taken] = [...platform.messages.values()];
  assert.deepEqual(taken, {
    id: taken?.['id'],
    sid: sent.body['sid'],
    account: child.sid,
    from: ORDER.From,
    to: ORDER.To,
    body: ORDER.Body,
    encoding: 'UCS-2',
    statusCallback: { url: 'https://a.example/', method: 'POST' },
  });
  assert.deepEqual([sent.body['status'], sent.body['direction']], ['sending', 'outbound-api']);
  const read = await asParent('GET', `${MESSAGES}/${sent.body['sid']}`);
  assert.equal(new XMLParser().parse(read.text).RestcommResponse.SMSMessage.Body, ORDER.Body);
  for (const missing of ['From', 'To', 'Body'])
    assert.equal((await asChild('POST', MESSAGES, { ...ORDER, [missing]: '' })).status, 400);
  assert.equal((await asChild('POST', MESSAGES, { ...ORDER, Body: 'x'.repeat(20_000) })).status, 400);
  assert.equal((await asStranger('POST', MESSAGES, ORDER)).status, 403);
  platform.knobs.refuse = 1;
  assert.equal((await asChild('POST', MESSAGES, ORDER)).status, 503);
  platform.knobs.refuse = 0;
  assert.equal(platform.messages.size, 1);
});

test('what servers refused is a notification for each account, subject and minute', async () => {
  await report([
    { subject: 'sip:alice@messages.example', action: 'call.in', profile: 'suspended', code: 403, count: 2 },
    { subject: 'sip:alice@messages.example', action: 'message.in', profile: 'suspended', code: 403 },
    { subject: 'sip:alice@messages.example', action: 'call.in', effect: 'intercept', count: 40 },
    { subject: 'sip:alice@messages.example', action: 'dns', count: 50 },
    { subject: child.id, action: 'call.out', at: '2026-01-01T00:00:00Z' },
    { subject: 'sip:nobody@messages.example', action: 'register' },
  ]);
  const body = await notified(child, '', asChild);
  assert.deepEqual(
    [body['total'], textsOf(body)],
    [
      1,
      [`Client alice@messages.example of account ${child.sid} was refused 3 times: account ${child.sid} is suspended`],
    ],
  );
  const [one] = body['notifications'];
  const path = `/2012-04-24/Accounts/${child.sid}/Notifications/${one.sid}`;
  assert.deepEqual(Object.keys(one), [
    'sid',
    'date_created',
    'date_updated',
    'account_sid',
    'api_version',
    'log',
    'error_code',
    'message_text',
    'message_date',
    'uri',
  ]);
  assert.deepEqual([one.log, one.error_code, one.uri, one.account_sid], [0, 11_005, `${path}.json`, child.sid]);
  assert.match(one.message_date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/);
  const read = new XMLParser().parse((await asParent('GET', `/Accounts/${child.sid}/Notifications/${one.sid}`)).text);
  assert.deepEqual(
    [read.RestcommResponse.Notification.Uri, read.RestcommResponse.Notification.ErrorCode],
    [path, 11_005],
  );
  // More of the same is the same notification, under the same name.
  await report([
    { subject: 'sip:alice@messages.example', action: 'register', profile: 'suspended', at: one.message_date },
  ]);
  const again = await notified(child);
  assert.deepEqual([again['notifications'][0].sid, again['total']], [one.sid, 1]);
  assert.match(again['notifications'][0].message_text, / 4 times/);
});

test('notifications are found by filters, beneath the account too, and seen by nobody else', async () => {
  const counts: Record<string, number> = {
    '': 0,
    'SubAccounts=true': 1,
    'SubAccounts=true&ErrorCode=11005': 1,
    'SubAccounts=true&ErrorCode=11001': 0,
    'SubAccounts=true&MessageText=ALICE': 1,
    'SubAccounts=true&MessageText=bob': 0,
    'SubAccounts=true&RequestUrl=x': 0,
    'SubAccounts=true&StartTime=2026-01-01': 1,
    'SubAccounts=true&EndTime=2026-01-01': 0,
    'SubAccounts=true&SortBy=DateCreated:asc': 1,
  };
  for (const [query, count] of Object.entries(counts))
    assert.equal((await notified(parent, query))['total'], count, query);
  for (const query of ['StartTime=x', 'SortBy=Colour', 'Page=7'])
    assert.equal((await asParent('GET', `/Accounts/${parent.sid}/Notifications?${query}`)).status, 400, query);
  const sid = (await notified(child))['notifications'][0].sid;
  assert.equal((await asParent('GET', `/Accounts/${parent.sid}/Notifications/${sid}`)).status, 403);
  assert.equal((await asStranger('GET', `/Accounts/${child.sid}/Notifications/${sid}`)).status, 403);
  assert.equal((await asStranger('GET', `/Accounts/${child.sid}/Notifications`)).status, 403);
  assert.equal(
    (await asParent('GET', `/Accounts/${child.sid}/Notifications/NO00000000000000000000000000000009`)).status,
    404,
  );
  assert.equal((await asParent('GET', `/Accounts/${child.sid}/Notifications/x`)).status, 400);
});

test('the face counts what it refuses itself: to the caller, for an account, from and to somebody', async () => {
  await pool.query('delete from observation');
  await placeHold(context, ADMIN, child.id, { profile: 'suspended' });
  await here.follow();
  const before = platform.messages.size;
  const inOwn = { ...ORDER, To: 'client:alice' };
  const statuses = [
    (await asChild('POST', MESSAGES, ORDER)).status,
    (await asChild('POST', `/Accounts/${child.sid}/UssdPush`, {})).status,
    (await asChild('GET', MESSAGES)).status,
    (await asParent('POST', MESSAGES, ORDER)).status,
    (await asParent('POST', `/Accounts/${child.sid}/UssdPush`, {})).status,
    (await asStranger('POST', `/Accounts/${stranger.sid}/SMS/Messages`, inOwn)).status,
    (await asStranger('POST', `/Accounts/${stranger.sid}/SMS/Messages`, { ...ORDER, From: 'client:alice' })).status,
  ];
  assert.deepEqual(statuses, [403, 403, 403, 403, 403, 403, 403]);
  assert.equal(platform.messages.size, before);
  const { rows } = await pool.query(
    `select e.uuid, o.action, o.count from observation o join entity e on e.id = o.entity_id where o.source = 'restcomm' order by o.id`,
  );
  assert.deepEqual(
    rows.map(({ uuid, action, count }) => [uuid, action, count]),
    [
      [child.id, 'message.out', 4],
      [alice, 'message.in', 1],
      [alice, 'message.out', 1],
    ],
  );
  const texts = textsOf(await notified(child)).sort();
  assert.deepEqual(texts, [
    `Account ${child.sid} was refused 4 times: account ${child.sid} is suspended`,
    `Client alice@messages.example of account ${child.sid} was refused twice: account ${child.sid} is suspended`.replace(
      'twice',
      '2 times',
    ),
  ]);
});

test('a wrong password is no refusal of the account', async () => {
  await pool.query('delete from observation');
  const wrong = restAs(app, BASE, { ...child, token: 'wrong' });
  assert.equal((await wrong('POST', MESSAGES, ORDER)).status, 401);
  assert.equal((await asStranger('POST', MESSAGES, ORDER)).status, 403);
  const { rows } = await pool.query('select 1 from observation');
  assert.equal(rows.length, 0);
});

test('rubbish in paths, queries and forms is never a failure of ours', async () => {
  const pieces = [
    '',
    'x',
    '%00',
    '%ff',
    '../..',
    "'; drop table entity; --",
    '💥',
    'a'.repeat(300),
    '-1',
    '1e9',
    '[]',
    '{}',
    'NaN',
    '2026-13-45',
    'null',
    ':asc',
    '__proto__',
  ];
  const folders = [
    'Calls',
    'SMS/Messages',
    'Notifications',
    'Recordings',
    'Transcriptions',
    'Conferences',
    'Usage/Records/Daily',
    'Geolocation',
  ];
  const names = [
    'Page',
    'PageSize',
    'From',
    'StartTime',
    'SortBy',
    'Status',
    'Body',
    'MessageText',
    'ParentCallSid',
    'DateCreated',
    'Category',
    'StartDate',
  ];
  const seen = new Set<number>();
  for (const folder of folders)
    for (const [place, piece] of pieces.entries()) {
      const text = encodeURIComponent(piece);
      const name = names[(place + folder.length) % names.length];
      const asks = [
        asParent('GET', `/Accounts/${parent.sid}/${folder}?${name}=${piece.startsWith('%') ? piece : text}`),
        asParent('GET', `/Accounts/${parent.sid}/${folder}/${piece.startsWith('%') ? piece : text}`),
        asParent('POST', `/Accounts/${parent.sid}/${folder}`, {
          From: piece,
          To: piece,
          Body: piece,
          Url: piece,
          Timeout: piece,
          [piece]: piece,
        }),
        asParent('POST', `/Accounts/${parent.sid}/${folder}/${text}`, { Status: piece, Mute: piece }),
        asParent('DELETE', `/Accounts/${parent.sid}/${folder}/${text}`),
      ];
      for (const { status, text: body } of await Promise.all(asks)) {
        assert.ok(status < 500, `${folder} ${piece} ${status} ${body}`);
        seen.add(status);
      }
    }
  assert.ok(
    [200, 400, 404].every((status) => seen.has(status)),
    [...seen].join(),
  );
});

test('a closed account shows no notifications, also not beneath those above', async () => {
  await report([{ subject: 'sip:alice@messages.example', action: 'call.in', profile: 'suspended' }]);
  const { notifications } = await notified(child);
  assert.ok(notifications.length > 0);
  await closeEntity(context, ADMIN, child.id);
  await here.follow();
  assert.deepEqual([(await notified(child))['total'], (await notified(parent, 'SubAccounts=true'))['total']], [0, 0]);
  assert.equal((await asParent('GET', `/Accounts/${child.sid}/Notifications/${notifications[0].sid}`)).status, 404);
});
