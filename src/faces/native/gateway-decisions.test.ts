/** Gateways are told 200 or 403 whatever they send, and why in headers that can stand anywhere. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, test } from 'node:test';

import { testInstallation, makeApp, makeEngine, NO_LIMITS, TOKEN } from '#test/installation.ts';
import { DOMAIN, makeOperator } from '#test/operator.ts';
import { type Answer, addPerson, asking, basic, by, made } from '#test/people.ts';

const here = await testInstallation({ after: (work) => after(work) });
const { app } = here;
const operator = await makeOperator(here);
const { admin, entities } = operator;
const PATH = '/v1/decisions/http';
const proxy = await addPerson(admin, '0', 'operator');
const { key: gatewayKey } = await made(
  admin('POST', `/v1/logins/${proxy.login}/keys`, { name: 'gateway', scopes: ['decision:ask'] }),
);
const gateway = asking(app, `Bearer ${String(gatewayKey)}`);
const domain = await operator.create('sip_domain', entities.account.id, { domain: DOMAIN });
await operator.create('sip_account', domain.id, { username: 'alice', password: 'a secret' }, entities.owner.id);
const ALICE = `sip:alice@${DOMAIN}`;

/** What a gateway reads of an answer. */
function told({ status, headers }: Pick<Answer, 'status' | 'headers'>): Record<string, unknown> {
  const names = Object.keys(headers).filter((name) => name.startsWith('x-abeyance-') && name !== 'x-abeyance-revision');
  return Object.fromEntries([
    ['status', status],
    ...names.map((name) => [name.slice('x-abeyance-'.length), headers[name]] as const),
  ]);
}

const ask = (headers: Record<string, string> = {}, url = PATH) => gateway('GET', url, undefined, headers);
const about = (subject: string, more: Record<string, string> = {}) => ask({ 'x-abeyance-subject': subject, ...more });
const allowed = { status: 200, effect: 'allow', standing: 'active' };

test('a subject passes until something that reaches it is held, and again afterwards', async () => {
  assert.deepEqual(told(await about(ALICE)), allowed);
  for (const place of ['account', 'parent', 'reseller', 'owner'] as const) {
    const lift = await operator.hold(entities[place].id);
    const refused = await about(ALICE);
    assert.deepEqual(
      told(refused),
      { status: 403, effect: 'deny', standing: 'suspended', profile: 'suspended', reason: 'Account suspended' },
      place,
    );
    assert.deepEqual(
      [refused.body['code'], refused.body['status'], refused.body['detail']],
      ['held', 403, 'Account suspended'],
    );
    assert.ok(Number(refused.headers['x-abeyance-revision']) > 0);
    await lift();
    assert.deepEqual(told(await about(ALICE)), allowed, place);
  }
});

test('what is intercepted is refused unless the gateway says that it does so itself', async () => {
  const lift = await operator.hold(entities.account.id, 'bad_payer');
  const call = { 'x-abeyance-action': 'call.out' };
  const intercepted = {
    effect: 'intercept',
    standing: 'limited',
    profile: 'bad_payer',
    reason: 'Payment overdue',
    announcement: 'bad_payer',
  };
  assert.deepEqual(told(await about(ALICE, call)), { status: 403, ...intercepted });
  assert.deepEqual(told(await about(ALICE, { ...call, 'x-abeyance-intercept': 'allow' })), {
    status: 200,
    ...intercepted,
  });
  assert.equal((await about(ALICE, { ...call, 'x-abeyance-destination': '112' })).status, 200, 'an emergency call');
  assert.equal((await about(ALICE)).status, 200, 'api is not held');
  await lift();
});

test('a key without a subject asks about the account that it belongs to', async () => {
  const boss = await addPerson(admin, entities.account.id, 'administrator', { password: true });
  const own = by(app, boss);
  const own403 = async (headers: Record<string, string> = {}) => told(await own('GET', PATH, undefined, headers));
  assert.deepEqual(await own403(), allowed);
  assert.equal((await asking(app, basic(boss.name, boss.password))('GET', PATH)).status, 200, 'by password, too');
  for (const place of ['account', 'parent', 'reseller'] as const) {
    const lift = await operator.hold(entities[place].id, 'fraud');
    assert.deepEqual(
      await own403(),
      { status: 403, effect: 'deny', standing: 'suspended', profile: 'fraud', reason: 'Account blocked' },
      place,
    );
    assert.equal((await own403({ 'x-abeyance-action': 'call.emergency' }))['status'], 200);
    await lift();
    assert.deepEqual(await own403(), allowed, place);
  }
  const child = await operator.create('account', entities.account.id, { name: 'Child' });
  const lift = await operator.hold(entities.account.id, 'limited');
  const send = { 'x-abeyance-action': 'message.out' };
  assert.equal((await own403(send))['status'], 403);
  assert.equal((await own403({ ...send, 'abeyance-act-as': child.id }))['status'], 403, 'acting is no way around');
  await lift();
});

test('a closed account stays refused, by its key and by name', async () => {
  const account = await operator.create('account', entities.parent.id, { name: 'To close' });
  const own = by(app, await addPerson(admin, account.id));
  await operator.close(account.id);
  const closed = { status: 403, effect: 'deny', standing: 'closed', reason: 'Account closed' };
  assert.deepEqual(told(await own('GET', PATH)), closed);
  assert.deepEqual(told(await about(account.id)), closed);
  assert.equal((await about(account.id)).body['code'], 'closed');
});

test('whatever is wrong is 403, with the problem in a header', async () => {
  const stranger = by(app, await addPerson(admin, entities.other.id));
  const reader = await addPerson(admin, entities.other.id);
  const { key } = await made(admin('POST', `/v1/logins/${reader.login}/keys`, { name: 'k', scopes: ['hold:read'] }));
  const wrong: [string, string, Promise<Answer>][] = [
    ['no credential', 'unauthenticated', asking(app, null)('GET', PATH)],
    ['an unknown key', 'unauthenticated', asking(app, 'Bearer aby_nobody')('GET', PATH)],
    ['no scheme', 'unauthenticated', asking(app, 'x')('GET', PATH)],
    ['a key that may not ask', 'forbidden', asking(app, `Bearer ${String(key)}`)('GET', PATH)],
    ['no subject from the platform', 'malformed', ask()],
    ['an empty subject', 'malformed', about('')],
    ['an unknown subject', 'not_found', about('sip:nobody@nowhere.example')],
    ['a subject of others', 'not_found', stranger('GET', PATH, undefined, { 'x-abeyance-subject': ALICE })],
    ['a subject that is too long', 'invalid', about('x'.repeat(600))],
    ['two subjects', 'not_found', about(`${ALICE}, ${ALICE}`)],
    ['an unknown action', 'invalid', about(ALICE, { 'x-abeyance-action': 'fly' })],
    ['a strange wish', 'invalid', about(ALICE, { 'x-abeyance-intercept': 'perhaps' })],
  ];
  for (const [why, code, asked] of wrong) {
    const answer = await asked;
    assert.deepEqual(told(answer), { status: 403, effect: 'unknown', problem: code }, why);
    assert.deepEqual([answer.body['code'], answer.body['status']], [code, 403], why);
  }
});

test('a cookie of a session is no credential here', async () => {
  const person = await addPerson(admin, entities.other.id, 'administrator', { password: true });
  const signedIn = await asking(app, null)('POST', '/v1/sessions', { login: person.name, password: person.password });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  assert.equal((await asking(app, null)('GET', '/v1/me', undefined, { cookie })).status, 200);
  assert.equal(
    (await asking(app, null)('GET', PATH, undefined, { cookie })).headers['x-abeyance-problem'],
    'unauthenticated',
  );
});

test('method, path, query, body and content type of the client mean nothing', async () => {
  const lift = await operator.hold(entities.account.id);
  const cors = await makeApp(here.context, { settings: { ...NO_LIMITS, corsOrigins: ['https://desk.example'] } });
  for (const server of [await makeApp(here.context), cors]) {
    const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
    const send = (method: string, path: string, more: Record<string, string> = {}, body?: string) =>
      new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
        const headers = { authorization: `Bearer ${String(gatewayKey)}`, ...more };
        const request = httpRequest({ port, method, path, headers }, (response) => {
          response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
        });
        request.on('error', reject).end(body);
      });
    const paths = [
      '',
      '/',
      '/orders?x=1',
      '?subject=x&action=call.emergency',
      '/%ZZ',
      '/%00',
      `/${'x'.repeat(9_000)}`,
      '/../..',
    ];
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'])
      for (const path of paths) {
        const hasBody = method === 'POST' || method === 'PUT';
        const preflight = { origin: 'https://desk.example', 'access-control-request-method': 'GET' };
        const asked = (subject: string) =>
          send(
            method,
            `${PATH}${path}`,
            { 'x-abeyance-subject': subject, ...preflight, ...(hasBody ? { 'content-type': 'text/strange' } : {}) },
            hasBody ? 'x'.repeat(2_000_000) : undefined,
          );
        assert.equal((await asked(ALICE)).status, 403, `${method} ${path.slice(0, 40)}`);
        assert.equal((await asked(entities.other.id)).status, 200, `${method} ${path.slice(0, 40)}`);
      }
    assert.equal((await send('GET', `${PATH}x`)).status, 404, 'beside it there is nothing');
    await server.close();
  }
  await lift();
});

test('words of any kind become headers that can stand in HTML and JSON', async () => {
  const text = 'Überfällig 100% "sofort" <b>\\ \u{1F600} &\t\'';
  await made(admin('PUT', '/v1/profiles/strange', { denied: ['api'], refusal: { text, announcement: 'näher.wav' } }));
  const lift = await operator.hold(entities.account.id, 'strange');
  const answer = await about(ALICE);
  const reason = String(answer.headers['x-abeyance-reason']);
  assert.match(reason, /^[ -~]+$/);
  assert.doesNotMatch(reason, /["<>\\&']/);
  assert.equal(decodeURIComponent(reason), text);
  assert.equal(decodeURIComponent(String(answer.headers['x-abeyance-announcement'])), 'näher.wav');
  assert.equal(answer.body['detail'], text);
  await lift();
});

test('a name that is no ASCII is read as UTF-8', async () => {
  const answer = await about(Buffer.from('sip:bücher@voice.example').toString('latin1'));
  assert.equal(answer.headers['x-abeyance-problem'], 'not_found');
});

test('beyond the limit of a login, and while the server stops, it is 403, too', async () => {
  const limited = await makeApp(here.context, { settings: { ...NO_LIMITS, rateLimit: 2 } });
  after(() => limited.close());
  const asked = () =>
    asking(limited, `Bearer ${String(gatewayKey)}`)('GET', PATH, undefined, { 'x-abeyance-subject': ALICE });
  const [first, , third] = [await asked(), await asked(), await asked()];
  assert.equal(first.status, 200);
  assert.equal(first.headers['ratelimit-limit'], undefined);
  assert.deepEqual(told(third), { status: 403, effect: 'unknown', problem: 'rate_limited' });
  assert.ok(Number(third.headers['retry-after']) > 0);
  const stopping = await makeApp(here.context, { stopping: AbortSignal.abort() });
  after(() => stopping.close());
  assert.deepEqual(told(await asking(stopping, `Bearer ${TOKEN}`)('GET', PATH)), {
    status: 403,
    effect: 'unknown',
    problem: 'unavailable',
  });
});

test('an engine that knows nothing answers nobody', async () => {
  const blind = await makeApp({ ...here.context, engine: makeEngine(here) });
  after(() => blind.close());
  const answer = await asking(blind, `Bearer ${TOKEN}`)('GET', PATH, undefined, { 'x-abeyance-subject': ALICE });
  assert.deepEqual(told(answer), { status: 403, effect: 'unknown', problem: 'unavailable' });
});
