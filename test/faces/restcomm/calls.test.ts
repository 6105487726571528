/** Calls: handed over to a platform, kept, listed, changed; and refused to whoever does not operate. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { XMLParser } from 'fast-xml-parser';

import { placeHold } from '#operations/place-hold.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { readEntity } from '#operations/read-entity.ts';
import { pauseSystem } from '#store/system.ts';
import { Session } from '#store/database.ts';
import { findSystem } from '#store/system.ts';
import { startPlatform } from '#systems/call-platform/simulator.ts';
import { ADMIN, TOKEN, testInstallation } from '#test/installation.ts';
import { addClient, addOrganization, connectPlatform } from '#test/platform-world.ts';
import { addAccount, giveLogin, restAs } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const here = await testInstallation({ after });
const { context, app, pool } = here;
const platform = await startPlatform();
after(() => platform.stop());
await connectPlatform(context, 'switch', platform.origin, {}, { timeoutMs: 300, flightMaxMs: 600 });
const organization = await addOrganization(context, 'calls.example');
const parent = await addAccount(context, null, { organization });
const child = await addAccount(context, parent, { organization });
const other = await addAccount(context, null, { organization });
await addClient(context, organization, child.id, 'alice');
await addClient(context, organization, other.id, 'bob');
await here.follow();

const asParent = restAs(app, BASE, parent);
const asChild = restAs(app, BASE, child);
const CALLS = `/Accounts/${child.sid}/Calls`;
const ORDER = { From: '+31208005100', To: '+31208005101', Url: 'https://app.example/voice' };
const xmlOf = (text: string) => new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@' }).parse(text);
const hold = async (account: { readonly id: string }) => {
  const { value } = await placeHold(context, ADMIN, account.id, { profile: 'suspended' });
  await here.follow();
  return async () => {
    await liftHold(context, ADMIN, account.id, value.hold.id);
    await here.follow();
  };
};
const refusals = async () => {
  const { rows } = await pool.query(
    `select e.uuid, o.action, o.source, o.profile, o.code, o.count from observation o join entity e on e.id = o.entity_id order by o.id`,
  );
  await pool.query('delete from observation');
  return rows;
};

test('a call is handed over with all that was asked, and its record shown in both formats', async () => {
  const made = await asChild('POST', `${CALLS}.json`, {
    ...ORDER,
    Method: 'GET',
    FallbackUrl: 'https://app.example/fallback',
    StatusCallback: '/status',
    StatusCallbackEvent: 'initiated completed',
    Timeout: '30',
    Username: 'u',
    Password: 'p',
  });
  assert.equal(made.status, 200, made.text);
  const id = [...platform.calls.keys()][0] ?? '';
  const sid = `CA${id.replaceAll('-', '')}`;
  assert.deepEqual(platform.calls.get(id), {
    id,
    sid,
    account: child.sid,
    from: ORDER.From,
    to: ORDER.To,
    application: { url: ORDER.Url, method: 'GET' },
    fallback: { url: 'https://app.example/fallback', method: 'POST' },
    statusCallback: { url: '/status', method: 'POST' },
    statusEvents: ['initiated', 'completed'],
    timeout: 30,
    credentials: { username: 'u', password: 'p' },
  });
  const path = `/2012-04-24/Accounts/${child.sid}/Calls/${sid}`;
  assert.deepEqual(Object.keys(made.body), [
    'sid',
    'InstanceId',
    'date_created',
    'date_updated',
    'account_sid',
    'to',
    'from',
    'status',
    'direction',
    'api_version',
    'uri',
    'subresource_uris',
  ]);
  assert.deepEqual(
    [made.body['sid'], made.body['status'], made.body['direction'], made.body['uri'], made.body['subresource_uris']],
    [
      sid,
      'ringing',
      'outbound-api',
      `${path}.json`,
      { notifications: `${path}/Notifications.json`, recordings: `${path}/Recordings.json` },
    ],
  );
  // The platform tells of it under the id that it was given.
  const told = await app.inject({
    method: 'POST',
    url: '/v1/records',
    headers: { authorization: `Bearer ${TOKEN}` },
    payload: {
      source: 'switch',
      records: [
        {
          kind: 'call',
          id: sid,
          account: child.sid,
          status: 'in-progress',
          startedAt: '2026-01-05T10:00:00Z',
          endedAt: '2026-01-05T10:01:00Z',
          duration: 60,
          ringDuration: 5,
          price: '0.015',
          priceUnit: 'EUR',
          answeredBy: 'human',
          forwardedFrom: '+1',
          callerName: 'Ann',
          parent: 'CA00000000000000000000000000000001',
          phoneNumber: 'PN00000000000000000000000000000002',
        },
      ],
    },
  });
  assert.equal(told.statusCode, 200, told.body);
  for (const name of [sid, `ID${'0'.repeat(32)}-${sid}`]) {
    const read = await asParent('GET', `${CALLS}/${name}.json`);
    assert.deepEqual(
      [read.body['status'], read.body['start_time'], read.body['duration'], read.body['ring_duration']],
      ['in-progress', '2026-01-05T10:00:00.000Z', 60, 5],
    );
  }
  const { Call } = xmlOf((await asChild('GET', `${CALLS}/${sid}`)).text).RestcommResponse;
  assert.deepEqual(Object.keys(Call), [
    'Sid',
    'InstanceId',
    'DateCreated',
    'DateUpdated',
    'ParentCallSid',
    'AccountSid',
    'To',
    'From',
    'PhoneNumberSid',
    'Status',
    'StartTime',
    'EndTime',
    'Duration',
    'Price',
    'PriceUnit',
    'Direction',
    'AnsweredBy',
    'ApiVersion',
    'ForwardedFrom',
    'CallerName',
    'Uri',
    'Ring_duration',
    'SubresourceUris',
  ]);
  assert.deepEqual([Call.Uri, Call.Price], [path, 0.015]);
});

test('a running call is changed and ended; an unknown one is 406, an ended one 410, what is no SID 400', async () => {
  const { sid } = (await asChild('POST', `${CALLS}.json`, ORDER)).body;
  const url = `${CALLS}/${sid}.json`;
  const muted = await asChild('POST', url, { Mute: 'true' });
  assert.deepEqual([muted.status, muted.body['status']], [200, 'in-progress']);
  assert.equal((await asChild('POST', url, { Url: 'https://app.example/next' })).status, 200);
  assert.equal((await asChild('POST', url)).status, 200);
  assert.deepEqual(
    platform.changes.map(({ change }) => change),
    [
      { status: null, application: null, muted: true },
      { status: null, application: { url: 'https://app.example/next', method: 'POST' }, muted: null },
    ],
  );
  for (const form of [{ Status: 'ringing' }, { Mute: 'perhaps' }, { Url: 'ftp://x' }] as Record<string, string>[])
    assert.equal((await asChild('POST', url, form)).status, 400);
  const ended = await asChild('POST', url, { Status: 'COMPLETED' });
  assert.deepEqual([ended.status, ended.body['status']], [200, 'completed']);
  assert.deepEqual([(await asChild('POST', url, { Status: 'completed' })).status, platform.changes.length], [410, 3]);
  const none = 'CA00000000000000000000000000000009';
  assert.equal((await asChild('POST', `${CALLS}/${none}`, { Status: 'completed' })).status, 406);
  assert.equal((await asChild('GET', `${CALLS}/${none}`)).status, 404);
  assert.equal((await asChild('POST', `${CALLS}/nonsense`, { Status: 'completed' })).status, 400);
  // Through the wrong account it is somebody else's.
  assert.equal((await asParent('GET', `/Accounts/${parent.sid}/Calls/${sid}`)).status, 403);
  assert.equal((await asParent('POST', `/Accounts/${parent.sid}/Calls/${sid}`, { Status: 'completed' })).status, 403);
  const unheard = (await asChild('POST', `${CALLS}.json`, ORDER)).body;
  platform.ended.add([...platform.calls.keys()].at(-1) ?? '');
  assert.equal((await asChild('POST', `${CALLS}/${unheard.sid}`, { Status: 'completed' })).status, 410);
});

test('what is missing or malformed is 400, and nothing is handed over', async () => {
  const before = platform.count;
  const forms = [
    {},
    { From: '1', To: '2' },
    { From: '1', Url: ORDER.Url },
    { To: '2', Url: ORDER.Url },
    { ...ORDER, To: 'bob' },
    { ...ORDER, To: 'client:' },
    { ...ORDER, To: 'sip:a b' },
    { ...ORDER, Url: 'javascript:1' },
    { ...ORDER, Url: '//x' },
    { ...ORDER, Method: 'PATCH' },
    { ...ORDER, Timeout: '-1' },
    { ...ORDER, From: 'a\u0000b' },
    { ...ORDER, Username: 'x'.repeat(300) },
  ] as Record<string, string>[];
  for (const form of forms) assert.equal((await asChild('POST', CALLS, form)).status, 400, JSON.stringify(form));
  assert.equal((await asChild('POST', CALLS)).status, 400);
  assert.equal(platform.count, before);
});

test('a platform that refuses is 400, one that cannot 503, one that is silent leaves the call queued', async () => {
  const attempt = async () => {
    const { status, body, text } = await asChild('POST', `${CALLS}.json`, { ...ORDER, From: 'trouble' });
    const { body: list } = await asChild('GET', `${CALLS}.json?From=trouble&PageSize=1`);
    return [status, body['status'] ?? text, list['calls'][0]?.status];
  };
  platform.unreachable.add(ORDER.To);
  const [status, text, kept] = await attempt();
  assert.deepEqual([status, kept], [400, 'failed']);
  assert.match(String(text), /cannot be reached/);
  platform.unreachable.clear();
  platform.knobs.refuse = 1;
  assert.deepEqual((await attempt()).toSpliced(1, 1), [503, 'failed']);
  platform.knobs.refuse = 0;
  platform.knobs.isDown = true;
  assert.deepEqual(await attempt(), [200, 'queued', 'queued']);
  platform.knobs.isDown = false;
  platform.knobs.latencyMs = 600;
  const before = platform.calls.size;
  assert.deepEqual(await attempt(), [200, 'queued', 'queued']);
  platform.knobs.latencyMs = 0;
  // It makes the call all the same, which the tests after this one would count.
  while (platform.calls.size === before) await new Promise((resolve) => setTimeout(resolve, 10)); // Until it has.
});

test('whoever does not operate cannot call: the caller, an account above, for it, from it, to it', async () => {
  await refusals();
  const before = platform.calls.size;
  const resume = await hold(child);
  const own = await asChild('POST', CALLS, ORDER);
  assert.deepEqual([own.status, own.text], [403, 'Provided Account is not active']);
  const forIt = await asParent('POST', CALLS, ORDER);
  assert.equal(forIt.status, 403);
  const ORDER_OF_PARENT = `/Accounts/${parent.sid}/Calls`;
  const fromIt = await asParent('POST', ORDER_OF_PARENT, { ...ORDER, From: 'client:alice' });
  const toIt = await asParent('POST', ORDER_OF_PARENT, { ...ORDER, To: 'client:alice' });
  const toAddress = await asParent('POST', ORDER_OF_PARENT, { ...ORDER, To: 'sip:alice@calls.example' });
  const toBob = await asParent('POST', ORDER_OF_PARENT, { ...ORDER, To: 'client:bob' });
  assert.deepEqual([fromIt.status, toIt.status, toAddress.status, toBob.status], [403, 403, 403, 200]);
  assert.equal(platform.calls.size, before + 1);
  const counted = await refusals();
  assert.deepEqual(
    counted.map(({ action, source, profile, code, count }) => [action, source, profile, code, count]),
    [
      ['call.out', 'restcomm', 'suspended', 403, 2],
      ['call.out', 'restcomm', 'suspended', 403, 1],
      ['call.in', 'restcomm', 'suspended', 403, 2],
    ],
  );
  assert.equal(counted[0].uuid, child.id);
  await resume();
  assert.equal((await asChild('POST', CALLS, ORDER)).status, 200);
});

test('the platform changes any call, through whatever account, and not what a suspended one may do', async () => {
  const root = await giveLogin(context, await readEntity(context, ADMIN, 0), 'root@calls.example');
  const asRoot = restAs(app, BASE, root);
  const { sid } = (await asChild('POST', `${CALLS}.json`, ORDER)).body;
  const url = `/Accounts/${root.sid}/Calls/${sid}`;
  assert.equal((await asRoot('GET', url)).status, 403);
  assert.equal((await asRoot('POST', url, { Mute: 'true' })).status, 200);
  const resume = await hold(child);
  assert.equal((await asRoot('POST', url, { Url: 'https://app.example/' })).status, 403);
  assert.equal((await asRoot('POST', url, { Status: 'completed' })).status, 200);
  await resume();
});

test('an end is never refused, and something else is, of a running call of a suspended account', async () => {
  const { sid } = (await asChild('POST', `${CALLS}.json`, ORDER)).body;
  const resume = await hold(child);
  assert.equal((await asParent('POST', `${CALLS}/${sid}`, { Url: 'https://app.example/' })).status, 403);
  assert.equal((await asParent('POST', `${CALLS}/${sid}`, { Status: 'completed' })).status, 200);
  assert.equal((await asParent('GET', `${CALLS}/${sid}`)).status, 200);
  await resume();
});

test('without a platform that serves the account it is 503, with a sentence', async () => {
  const session = new Session(pool);
  const row = await findSystem(session, 'switch');
  assert.ok(row);
  await pauseSystem(session, row.id, { by: 'test', note: null });
  const paused = await asChild('POST', CALLS, ORDER);
  assert.deepEqual([paused.status, paused.text], [503, 'The platform for calls and messages is paused.']);
  // Another one takes it, if it serves such accounts.
  await connectPlatform(context, 'another', platform.origin, { callers: 'platform' });
  assert.equal((await asChild('POST', CALLS, ORDER)).status, 503);
  await connectPlatform(context, 'third', platform.origin, { callers: 'all' });
  assert.equal((await asChild('POST', CALLS, ORDER)).status, 200);
  await pauseSystem(session, row.id, null);
});
