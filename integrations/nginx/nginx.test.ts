/** nginx lets through whoever may act and nobody else, with the files that we ship. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, describe, test } from 'node:test';

import { NO_LIMITS, makeApp, makeEngine, testInstallation } from '#test/installation.ts';
import { DOMAIN, makeOperator } from '#test/operator.ts';
import { addPerson, basic, made } from '#test/people.ts';
import { freePort } from '#test/real-server.ts';

import { type Answered, listen, startNginx } from './nginx-for-test.ts';

const here = await testInstallation({ after: (work) => after(work) });
const operator = await makeOperator(here);
const { admin, entities } = operator;
const ALICE = `sip:alice@${DOMAIN}`;
const domain = await operator.create('sip_domain', entities.account.id, { domain: DOMAIN });
await operator.create('sip_account', domain.id, { username: 'alice', password: 'a secret' }, entities.owner.id);
const server = await addPerson(admin, '0', 'operator');
const { key } = await made(
  admin('POST', `/v1/logins/${server.login}/keys`, { name: 'nginx', scopes: ['decision:ask'] }),
);
const stranger = await operator.create('account', '0', { name: 'Stranger' });
const boss = await addPerson(admin, entities.account.id, 'administrator', { password: true });

const abeyance = await makeApp(here.context, { settings: { ...NO_LIMITS, trustedProxies: ['127.0.0.1'] } });
after(() => abeyance.close());
const abeyanceAddress = new URL(await abeyance.listen({ host: '127.0.0.1', port: 0 })).host;
const settings = { abeyance_address: abeyanceAddress, gateway_key: String(key), answer_timeout: '5s' };
const nginx = await startNginx({ after: (work) => after(work) }, settings);
const { ask, reached } = nginx;

const alice = (path = 'x', headers: Record<string, string> = {}) => ask(`/named/${path}?who=${ALICE}`, headers);
const own = (path = '/', headers: Record<string, string> = {}) =>
  ask(path, { authorization: `Bearer ${boss.key}`, ...headers });
const isServed = ({ status, text }: Answered) => status === 200 && text === 'served';

describe('a request that nginx itself names', () => {
  test('passes until something that reaches its subject is held, and again afterwards', async () => {
    assert.ok(isServed(await alice()));
    assert.equal(reached.at(-1)?.headers['x-abeyance-effect'], 'allow');
    for (const place of ['account', 'parent', 'reseller', 'owner'] as const) {
      const lift = await operator.hold(entities[place].id);
      const refused = await alice();
      assert.equal(refused.status, 403, place);
      assert.equal(refused.headers['content-type'], 'application/problem+json');
      assert.deepEqual(JSON.parse(refused.text), {
        title: 'Refused',
        status: 403,
        code: 'held',
        detail: 'Account suspended',
        standing: 'suspended',
        profile: 'suspended',
      });
      assert.ok(isServed(await ask(`/named/x?who=${stranger.id}`)), 'others are not touched');
      await lift();
      assert.ok(isServed(await alice()), place);
    }
  });

  test('is judged by its action and destination: limited, intercepted, and emergency', async () => {
    const call = (to: string) => ask(`/named/calls?who=${ALICE}&to=${to}`);
    for (const profile of ['limited', 'bad_payer']) {
      const lift = await operator.hold(entities.account.id, profile);
      assert.ok(isServed(await alice()), 'api is not held');
      assert.equal((await call('31208005100')).status, 403, profile);
      assert.ok(isServed(await call('112')), 'emergency calls pass');
      await lift();
    }
    assert.ok(isServed(await call('31208005100')));
  });

  test('without a name, or by one that nobody has, it does not pass', async () => {
    for (const path of ['/nobody/x', '/named/x', '/named/x?who=', '/named/x?who=sip:nobody@nowhere.example'])
      assert.equal((await ask(path)).status, 403, path);
    assert.equal((await ask('/nobody/x', { 'x-abeyance-subject': entities.other.id })).status, 403);
  });
});

describe('a request with a key of its own', () => {
  test('passes by the standing of its account', async () => {
    assert.ok(isServed(await own()));
    assert.ok(isServed(await ask('/', { authorization: basic(boss.name, boss.password) })), 'by password, too');
    for (const place of ['account', 'parent', 'reseller'] as const) {
      const lift = await operator.hold(entities[place].id, 'fraud');
      const refused = await own();
      assert.equal(refused.status, 403, place);
      assert.equal(JSON.parse(refused.text).detail, 'Account blocked');
      await lift();
      assert.ok(isServed(await own()), place);
    }
  });

  test('is asked who it is when it says nothing, or something wrong', async () => {
    for (const headers of [
      {},
      { authorization: 'Bearer aby_nobody' },
      { authorization: `Bearer ${'x'.repeat(9_000)}` },
    ]) {
      const refused = await ask('/', headers);
      assert.equal(refused.status, 401);
      assert.equal(refused.headers['www-authenticate'], 'Bearer');
    }
  });

  test('of a closed account is refused for good', async () => {
    const account = await operator.create('account', entities.parent.id, { name: 'To close' });
    const person = await addPerson(admin, account.id);
    const asked = () => ask('/', { authorization: `Bearer ${person.key}` });
    assert.ok(isServed(await asked()));
    await operator.close(account.id);
    assert.equal(JSON.parse((await asked()).text).detail, 'Account closed');
    assert.equal((await ask(`/named/x?who=${account.id}`)).status, 403);
  });
});

test('what a client writes into headers of ours never wins, and never reaches the application', async () => {
  const lift = await operator.hold(entities.account.id, 'limited');
  const forged = {
    'x-abeyance-subject': entities.other.id,
    'x-abeyance-action': 'call.emergency',
    'x-abeyance-destination': '112',
    'x-abeyance-intercept': 'allow',
    'x-abeyance-effect': 'allow',
    'x-abeyance-standing': 'active',
    'x-abeyance-problem': 'none',
    'abeyance-act-as': entities.other.id,
  };
  assert.equal((await ask(`/named/calls?who=${ALICE}`, forged)).status, 403);
  assert.ok(isServed(await own('/', forged)), 'api is not held');
  const seen = reached.at(-1)?.headers ?? {};
  assert.equal(seen['x-abeyance-standing'], 'limited');
  assert.equal(seen['x-abeyance-action'], 'api');
  for (const name of ['x-abeyance-subject', 'x-abeyance-problem', 'x-abeyance-intercept', 'x-abeyance-destination'])
    assert.equal(seen[name], undefined, name);
  await lift();
  const suspended = await operator.hold(entities.account.id);
  assert.equal((await own('/', forged)).status, 403);
  assert.equal((await alice('x', forged)).status, 403);
  await suspended();
});

test('odd paths, queries, methods, bodies and large headers are judged alike', async () => {
  const paths = [
    '/a%20b?x=1&y=%2F..',
    '/x?a=%ZZ',
    '/%E2%98%83',
    '/a//b/./c',
    `/${'x'.repeat(9_000)}`,
    '/x?/v1/decisions',
  ];
  const large = { cookie: 'c='.padEnd(20_000, 'x') };
  for (const path of paths) assert.ok(isServed(await own(path)), path.slice(0, 30));
  assert.ok(isServed(await own('/', large)));
  assert.equal((await ask('/_abeyance/own_key')).status, 404, 'the inner locations are not for clients');
  const posted = await ask('/post', { authorization: `Bearer ${boss.key}` }, 'POST', 'a body');
  assert.ok(isServed(posted));
  assert.equal(reached.at(-1)?.body, 'a body', 'the body reaches the application, whole');
  const lift = await operator.hold(entities.account.id);
  for (const path of paths) assert.equal((await own(path)).status, 403, path.slice(0, 30));
  assert.equal((await own('/', large)).status, 403);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])
    assert.equal((await ask('/', { authorization: `Bearer ${boss.key}` }, method, 'x')).status, 403, method);
  assert.equal((await own('/_abeyance/subject?who=x')).status, 404);
  await lift();
});

test('a browser is shown a page in which the reason can do no harm', async () => {
  const text = '<script>alert(1)</script> "Überfällig"';
  await made(admin('PUT', '/v1/profiles/strange', { denied: ['api'], refusal: { text } }));
  const lift = await operator.hold(entities.account.id, 'strange');
  const page = await alice('x', { accept: 'text/html,*/*' });
  assert.equal(page.status, 403);
  assert.match(String(page.headers['content-type']), /^text\/html/);
  assert.doesNotMatch(page.text, /<script/);
  const json = await alice();
  assert.equal(decodeURIComponent(JSON.parse(json.text).detail), text);
  await lift();
});

const AWAY = { closed: 503, open: 200 } as const;
for (const [choice, status] of Object.entries(AWAY))
  describe(`when_away ${choice}`, () => {
    const start = (t: { after(work: () => unknown): void }, address: string, more: Record<string, string> = {}) =>
      startNginx(t, { ...settings, abeyance_address: address, when_away: choice, ...more });

    const judge = ({ status: answered, headers }: Answered, why: string) => {
      assert.equal(answered, status, why);
      if (choice === 'closed') assert.equal(headers['retry-after'], '5', why);
    };

    test('nobody there', async (t) => {
      const { ask: asked } = await start(t, `127.0.0.1:${await freePort()}`);
      judge(await asked('/', { authorization: `Bearer ${boss.key}` }), 'with a key');
      judge(await asked(`/named/x?who=${ALICE}`), 'with a name');
    });

    test('one that never answers, one that cuts off, one that answers something else', async (t) => {
      const strange = createServer((request, response) => {
        switch (request.headers['x-abeyance-subject']) {
          case 'silent':
            return;
          case 'cut':
            request.socket.destroy();
            return;
          default:
            response.writeHead(Number(request.headers['x-abeyance-subject'] ?? 404)).end();
        }
      });
      const address = `127.0.0.1:${await listen(t, strange)}`;
      const { ask: asked } = await start(t, address, { answer_timeout: '100ms' });
      for (const how of ['silent', 'cut', '500', '502', '503', '504']) judge(await asked(`/named/x?who=${how}`), how);
      for (const how of ['302', '404', '429', '431'])
        assert.equal((await asked(`/named/x?who=${how}`)).status, 503, 'what nobody there would say lets nobody in');
    });

    test('one that knows too little to decide', async (t) => {
      const blind = await makeApp({ ...here.context, engine: makeEngine(here) });
      t.after(() => blind.close());
      const { host } = new URL(await blind.listen({ host: '127.0.0.1', port: 0 }));
      const { ask: asked } = await start(t, host);
      judge(await asked(`/named/x?who=${ALICE}`), 'unavailable');
    });

    test('what is refused stays refused', async (t) => {
      const { ask: asked } = await start(t, abeyanceAddress);
      const lift = await operator.hold(entities.account.id);
      assert.equal((await asked(`/named/x?who=${ALICE}`)).status, 403);
      assert.equal((await asked('/', { authorization: 'Bearer aby_nobody' })).status, 401);
      const large = { authorization: `Bearer ${boss.key}`, cookie: 'c='.padEnd(20_000, 'x') };
      assert.equal((await asked('/', large)).status, 403, 'by no header of the client, however large');
      assert.equal((await asked('/', { authorization: `Bearer ${'x'.repeat(25_000)}` })).status, 503);
      await lift();
    });
  });

test('a cache keeps what was allowed for a moment, apart by subject, and never what was refused', async (t) => {
  const cached = await startNginx(t, { ...settings, cache: 'abeyance', cache_time: '3600s' });
  const asked = (who: string, path = 'x') => cached.ask(`/named/${path}?who=${who}`);
  const lift = await operator.hold(entities.account.id);
  assert.equal((await asked(ALICE)).status, 403);
  assert.ok(isServed(await asked(entities.other.id)));
  await lift();
  assert.ok(isServed(await asked(ALICE)), 'a refusal is not cached');
  const again = await operator.hold(entities.account.id);
  assert.ok(isServed(await asked(ALICE)), 'what was allowed is');
  assert.equal((await asked(ALICE, 'calls')).status, 403, 'another action is another question');
  await again();
});
