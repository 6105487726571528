/** What FreeSWITCH is answered, by requests in the form that its modules send. It has not been run itself. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';

import { fillIn, readManifest, renderIntegration, valuesOf } from '#main/integrate/integration.ts';
import { makeApp, makeEngine, testInstallation } from '#test/installation.ts';
import { DOMAIN, makeOperator } from '#test/operator.ts';
import { addPerson, basic, made } from '#test/people.ts';

const here = await testInstallation({ after: (work) => after(work) });
const operator = await makeOperator(here);
const { admin, entities } = operator;
const domain = await operator.create('sip_domain', entities.account.id, { domain: DOMAIN });
const secret = 'correct horse';
const alice = await operator.create(
  'sip_account',
  domain.id,
  { username: 'alice', password: secret },
  entities.owner.id,
);
await operator.create('sip_account', domain.id, { username: 'bob', password: secret });
await operator.create('sip_alias', domain.id, { username: 'sales', target: alice.id });
await operator.create('phone_number', entities.other.id, { e164: '+31208005100', target: `sip:sales@${DOMAIN}` });
await operator.create('phone_number', entities.other.id, {
  e164: '+31208005101',
  targetUri: 'sip:desk@elsewhere.example',
});
await operator.create('trusted_peer', entities.other.id, { address: '192.0.2.9' });
const server = await addPerson(admin, '0', 'auditor', { password: true });

const request = (name: string) => readFile(new URL(`requests/${name}.form`, import.meta.url), 'utf8');

async function post(section: string, name: string, values: Record<string, string> = {}, app = here.app) {
  const payload = fillIn(await request(name), new Map(Object.entries(values)));
  return app.inject({
    method: 'POST',
    url: `/v1/freeswitch/${section}`,
    payload,
    headers: {
      authorization: basic(server.name, server.password),
      'content-type': 'application/x-www-form-urlencoded',
    },
  });
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const HA1 = md5(`alice:${DOMAIN}:${secret}`);
const responseOf = (ha1: string) =>
  md5(`${ha1}:bd7f1b9e-3c58-4b9f-a2c1-1d7c6e1f0a55:00000001:0a4f113b:auth:${md5(`REGISTER:sip:${DOMAIN}`)}`);

async function xmlOf(asked: ReturnType<typeof post>): Promise<string> {
  const { statusCode, body, headers } = await asked;
  assert.equal(statusCode, 200, body);
  assert.match(String(headers['content-type']), /^text\/xml/);
  assertXml(body);
  assert.match(body, /^<\?xml[^>]*\?>\n<document type="freeswitch\/xml">/);
  return body;
}

/** Fails unless the text is well-formed XML of elements, attributes and comments. */
function assertXml(text: string): void {
  const open: string[] = [];
  const attributes = String.raw`(?:\s+[\w-]+="(?:[^<&"]|&(?:amp|lt|gt|quot|apos);)*")*\s*`;
  const token = new RegExp(
    String.raw`<\?xml[^?]*\?>|<!--(?:(?!--)[^])*-->|<(?<opened>[\w-]+)${attributes}(?<empty>/?)>|</(?<closed>[\w-]+)>|(?:[^<&]|&(?:amp|lt|gt|quot|apos);)+`,
    'y',
  );
  for (let at = 0; at < text.length; at = token.lastIndex) {
    token.lastIndex = at;
    const groups = token.exec(text)?.groups ?? assert.fail(`no XML from here: ${text.slice(at, at + 80)}`);
    if (groups['closed'] !== undefined) assert.equal(open.pop(), groups['closed']);
    else if (groups['opened'] !== undefined && groups['empty'] === '') open.push(groups['opened']);
  }
  assert.deepEqual(open, []);
}

const register = (ha1 = HA1) => xmlOf(post('directory', 'register', { response: responseOf(ha1) }));
const a1 = (xml: string) => /<param name="a1-hash" value="([0-9a-f]{32})"\/>/.exec(xml)?.[1];
const call = (destination: string, from = 'user') =>
  xmlOf(post('dialplan', `call-from-${from}`, { destination: encodeURIComponent(destination) }));
const isNotFound = (xml: string) => xml.includes('<section name="result"><result status="not found"/></section>');
const PLACES = ['account', 'parent', 'reseller', 'owner'] as const;

test('a subscriber registers until something that reaches it is held, and again afterwards', async () => {
  const before = await register();
  assert.match(before, new RegExp(`<domain name="${DOMAIN}">.*<user id="alice">`, 's'));
  assert.equal(a1(before), HA1);
  for (const place of PLACES) {
    const lift = await operator.hold(entities[place].id);
    assert.match(await register(), /<param name="sip-forbid-register" value="true"\/>/, place);
    await lift();
    assert.equal(await register(), before, place);
  }
  const lift = await operator.hold(entities.account.id, 'limited');
  assert.equal(await register(), before, 'limited ones register');
  await lift();
});

test('a wrong password gets a digest of nothing, told apart by nobody from that of who is held', async () => {
  const wrong = await register(md5('x'));
  assert.match(String(a1(wrong)), /^[0-9a-f]{32}$/, 'without one FreeSWITCH would let anybody in');
  assert.notEqual(a1(wrong), HA1);
  const lift = await operator.hold(entities.account.id);
  const held = await register(md5('x'));
  assert.equal(held.replace(String(a1(held)), ''), wrong.replace(String(a1(wrong)), ''));
  await lift();
});

test('who is looked up to be called is there without its digest, and not there while it is held', async () => {
  const found = await xmlOf(post('directory', 'user-call'));
  assert.match(found, /name="dial-string"/);
  assert.notEqual(a1(found), HA1);
  const lift = await operator.hold(entities.owner.id);
  assert.ok(isNotFound(await xmlOf(post('directory', 'user-call'))));
  await lift();
});

test('what is no user is not found', async () => {
  assert.ok(isNotFound(await xmlOf(post('directory', 'gateways'))));
  const disabled = await operator.create('sip_account', domain.id, {
    username: 'off',
    password: secret,
    enabled: false,
  });
  assert.ok(disabled.number > 0);
  const form = (await request('user-call')).replace('user=alice', 'user=off');
  const { body } = await here.app.inject({
    method: 'POST',
    url: '/v1/freeswitch/directory',
    payload: form,
    headers: {
      authorization: basic(server.name, server.password),
      'content-type': 'application/x-www-form-urlencoded',
    },
  });
  assert.ok(isNotFound(body));
});

test('calls are bridged by name, alias and number, or left to the dialplan of the server', async () => {
  for (const destination of ['alice', 'sales', '+31208005100', '31208005100'])
    assert.match(await call(destination), new RegExp(`<action application="bridge" data="user/alice@${DOMAIN}"/>`));
  assert.match(
    await call('+31208005101', 'trunk'),
    /<action application="redirect" data="sip:desk@elsewhere.example"\/>/,
  );
  assert.match(await call('+31208005100', 'trunk'), /<context name="public">.*application="bridge"/s);
  assert.ok(isNotFound(await call('+15550100')));
});

test('a held caller is refused, but for emergency calls', async () => {
  for (const place of PLACES) {
    const lift = await operator.hold(entities[place].id);
    const refused = await call('+15550100');
    assert.match(refused, /<action application="respond" data="403 Account suspended"\/>/, place);
    for (const emergency of ['112', '911', 'urn:service:sos']) assert.ok(isNotFound(await call(emergency)), place);
    await lift();
    assert.ok(isNotFound(await call('+15550100')), place);
  }
});

test('a held callee is refused, whichever name is called', async () => {
  const lift = await operator.hold(entities.owner.id, 'fraud');
  for (const destination of ['alice', 'sales', '+31208005100'])
    assert.match(
      await call(destination, destination === '+31208005100' ? 'trunk' : 'user'),
      /data="403 Account blocked"/,
    );
  await lift();
  const peer = await operator.hold(entities.other.id);
  assert.match(await call('alice', 'trunk'), /data="403 Account suspended"/, 'and so is a held peer');
  await peer();
});

test('limited and intercepted callers', async () => {
  let lift = await operator.hold(entities.account.id, 'limited');
  assert.match(await call('+15550100'), /application="respond" data="403 /);
  assert.match(await call('+31208005100', 'trunk'), /application="bridge"/, 'incoming calls pass');
  await lift();
  lift = await operator.hold(entities.account.id, 'bad_payer');
  assert.match(
    await call('+15550100'),
    /<action application="playback" data="abeyance\/bad_payer.wav"\/><action application="respond" data="403 Payment overdue"\/>/,
  );
  await lift();
});

test('nothing that people wrote is expanded, split or read as XML', async () => {
  const text = '</action><x a="${system(id)}">,|;`\' \u0007$';
  await made(admin('PUT', '/v1/profiles/strange', { denied: ['call.out'], refusal: { text } }));
  const lift = await operator.hold(entities.account.id, 'strange');
  const xml = await call('+15550100');
  const data = /<action application="respond" data="([^"]*)"\/>/.exec(xml)?.[1] ?? assert.fail(xml);
  assert.doesNotMatch(data.replace(/&(?:amp|lt|gt|quot|apos);/g, ''), /[$`{}|,;\\&<>"']/);
  await lift();
  for (const hostile of ['alice${system(id)}', 'alice@evil.example', "a' or 1=1 --", '<x/>', '../../etc', 'a,b|c'])
    assert.ok(isNotFound(await call(hostile)), hostile);
});

test('a closed account neither registers nor calls nor is called, for good', async () => {
  const account = await operator.create('account', entities.parent.id, { name: 'To close' });
  const closing = await operator.create('sip_domain', account.id, { domain: 'closing.example' });
  await operator.create('sip_account', closing.id, { username: 'alice', password: secret });
  await operator.close(account.id);
  const form = (await request('call-from-user')).replaceAll('voice.example', 'closing.example');
  const { body } = await here.app.inject({
    method: 'POST',
    url: '/v1/freeswitch/dialplan',
    payload: form.replaceAll('{{destination}}', '112333'),
    headers: {
      authorization: basic(server.name, server.password),
      'content-type': 'application/x-www-form-urlencoded',
    },
  });
  assert.match(body, /data="403 Account closed"/);
});

test('without a credential, or while too little is known, it is no document but a problem', async () => {
  const { statusCode } = await here.app.inject({ method: 'POST', url: '/v1/freeswitch/directory', payload: {} });
  assert.equal(statusCode, 401);
  const blind = await makeApp({ ...here.context, engine: makeEngine(here) });
  after(() => blind.close());
  assert.equal((await post('dialplan', 'call-from-user', { destination: 'alice' }, blind)).statusCode, 503);
});

test('the file that is shipped is XML, whatever its settings', async () => {
  const manifest = await readManifest('freeswitch');
  const [file] = await renderIntegration('freeswitch', manifest, valuesOf(manifest, null, {}));
  assertXml(file?.text ?? '');
});
