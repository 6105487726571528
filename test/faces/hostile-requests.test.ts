/** Requests to the account APIs that try to be more than they are: in their paths, credentials, headers and forms. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';

import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { pino } from 'pino';

import { RESTCOMM_BASE, TWILIO_BASE, rewriteAccountUrl } from '#faces/shared/account-path.ts';
import { createEntity } from '#operations/create-entity.ts';
import { ADMIN, TOKEN, makeApp, testInstallation } from '#test/installation.ts';
import { administrator, basic } from '#test/people.ts';
import { addAccount, forgetFailures } from '#test/telephony-world.ts';

const here = await testInstallation({ after });
const account = await addAccount(here.context);
const child = await addAccount(here.context, account);
const stranger = await addAccount(here.context);
await here.follow();

const BASES = [RESTCOMM_BASE, TWILIO_BASE] as const;
const credential = basic(account.sid, account.token);
const ask = (url: string, more: { method?: string; payload?: string; headers?: Record<string, string> } = {}) => {
  const { method = 'GET', headers = {}, ...rest } = more;
  const form = more.payload === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  return here.app.inject({
    method: method as 'GET', // Whatever is a method to the test.
    url,
    ...rest,
    headers: { authorization: credential, ...form, ...headers },
  });
};

test('a path is no other path for its suffixes, slashes, dots and escapes', async () => {
  const { sid, email } = account;
  const same = [`/Accounts.json/${sid}`, `/Accounts/${sid}.json`, `/Accounts/${sid}/`, `/Accounts/${sid}///`];
  const others = [
    `/Accounts.json.json/${sid}`,
    `/Accounts/${sid}.json.json`,
    `/Accounts//${sid}`,
    `//Accounts/${sid}`,
    `/Accounts%2F${sid}`,
    `/Accounts/${sid}%2ejson`,
    `/Accounts/${sid}%2f`,
    `/accounts/${sid}`,
    `/Accounts/${sid};x=1`,
    `/Accounts/${sid}%20`,
    `/Accounts/${sid}%0d%0aX-Evil:1`,
    `/Accounts/.json`,
    `/Accounts/${email}%00`,
    `/Accounts/${email.replace('@', '%2540')}`,
  ];
  for (const base of BASES) {
    for (const path of same) assert.equal((await ask(base + path)).statusCode, 200, base + path);
    for (const path of others) {
      const { statusCode, headers, body } = await ask(base + path);
      assert.ok(statusCode === 404 || statusCode === 400, `${base}${path}: ${statusCode} ${body}`);
      assert.equal(headers['x-evil'], undefined);
      assert.doesNotMatch(headers['content-type'] ?? '', /problem\+json/, `${base}${path}`);
    }
  }
});

test('what cannot be read as a path is refused without a word about anything', async () => {
  for (const base of BASES)
    for (const path of [
      '/Accounts/%zz',
      '/Accounts/%ff%fe',
      `/Accounts/${'A'.repeat(3_000)}`,
      `/${'A'.repeat(9_000)}`,
    ]) {
      const { statusCode, headers } = await ask(base + path);
      assert.ok([400, 404, 414].includes(statusCode), `${path.slice(0, 20)}: ${statusCode}`);
      assert.doesNotMatch(headers['content-type'] ?? '', /problem\+json/, path.slice(0, 20));
    }
});

test('a long row of slashes costs no more than its length', () => {
  const url = `${RESTCOMM_BASE}${'/'.repeat(2_000_000)}x`;
  // By the pattern that this once was it took hours.
  assert.equal(rewriteAccountUrl({ url, headers: {} }), url);
  assert.equal(rewriteAccountUrl({ url: url.slice(0, -1), headers: {} }), RESTCOMM_BASE);
});

test('the base of one API is no way into another', async () => {
  for (const url of [
    `/restcomm.json/2012-04-24/Accounts/${account.sid}`,
    `/restcomm//2012-04-24/Accounts/${account.sid}`,
    `/restcomm/2012-04-24x/Accounts/${account.sid}`,
    `/Restcomm/2012-04-24/Accounts/${account.sid}`,
    `/2010-04-01x/Accounts/${account.sid}`,
    `/v1/accounts.json`,
  ])
    assert.equal((await ask(url)).statusCode, 404, url);
});

test('nothing but HTTP Basic counts, the token of the first administrator included', async () => {
  for (const base of BASES)
    for (const authorization of [
      `Bearer ${TOKEN}`,
      `bearer ${TOKEN}`,
      basic('', TOKEN),
      basic('admin', TOKEN),
      basic(account.sid, ''),
      basic(account.email, ''),
      `Basic  ${credential.slice(6)}=`,
      'Basic',
      'Basic !!!',
      `Basic ${Buffer.from(account.sid).toString('base64')}`,
      `Digest ${credential.slice(6)}`,
      credential.toUpperCase(),
    ]) {
      await forgetFailures(here);
      const { statusCode } = await ask(`${base}/Accounts/${account.sid}`, { headers: { authorization } });
      if (authorization.startsWith('Basic  '))
        assert.ok([200, 401].includes(statusCode), 'spaces may be more than one');
      else assert.equal(statusCode, 401, `${base} ${authorization}`);
    }
});

test('to act as another account is no wish that these APIs know', async () => {
  for (const base of BASES) {
    const headers = { 'abeyance-act-as': child.id, 'x-http-method-override': 'DELETE', cookie: 'abeyance_session=x' };
    const answer = await ask(`${base}/Accounts/${account.sid}.json`, { headers });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.json().sid, account.sid);
  }
});

test('e-mails that look like the one of an account are not it', async () => {
  const { email, password } = account;
  for (const [other, is] of [
    [email.toUpperCase(), 200],
    [` ${email} `, 200],
    [email.replace('a', '\u0430'), 401],
    [email.replace('@', '\uff20'), 401],
    [`${email}.`, 401],
    [email.replace('accounts', 'accounts\u200b'), 401],
    [email.replace('account', 'a%63count'), 401],
    [`"${email}"`, 401],
    [email.replace('-', '_'), 401],
    [email.replace('account-1', 'account-%'), 401],
  ] as const) {
    await forgetFailures(here);
    const authorization = basic(other, password);
    const answer = await ask(`${RESTCOMM_BASE}/Accounts/${account.sid}`, { headers: { authorization } });
    assert.equal(answer.statusCode, is, JSON.stringify(other));
  }
  assert.equal((await ask(`${RESTCOMM_BASE}/Accounts/${encodeURIComponent(stranger.email)}`)).statusCode, 403);
  const lookAlike = stranger.email.replace('a', '\u0430');
  assert.equal((await ask(`${RESTCOMM_BASE}/Accounts/${encodeURIComponent(lookAlike)}`)).statusCode, 404);
});

test('what is no account is not there, though something else has its digits', async () => {
  const { value: domain } = await createEntity(here.context, ADMIN, {
    kind: 'sip_domain',
    parent: account.id,
    domain: 'hostile.example',
  });
  await here.follow();
  const digits = domain.id.replaceAll('-', '');
  for (const base of BASES)
    for (const sid of [`AC${digits}`, `OR${digits}`, `AC${digits.toUpperCase()}`])
      assert.equal((await ask(`${base}/Accounts/${sid}`)).statusCode, 404, sid);
});

test('HEAD says what GET says and no more; other methods say nothing without a credential', async () => {
  for (const base of BASES) {
    const url = `${base}/Accounts/${account.sid}`;
    const [get, head] = [await ask(url), await ask(url, { method: 'HEAD' })];
    assert.deepEqual([head.statusCode, head.body], [get.statusCode, '']);
    for (const method of ['HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'DELETE', 'PUT', 'QUERY'])
      for (const path of [`/Accounts/${account.sid}`, '/Accounts', '/nowhere', '']) {
        const answer = await here.app.inject({ method: method as 'GET', url: base + path });
        assert.ok([401, 404].includes(answer.statusCode), `${method} ${path} ${answer.statusCode}`);
        if (method !== 'QUERY') assert.equal(answer.statusCode, 401, `${method} ${path}`);
      }
  }
});

const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

test('names are text in XML and JSON, whatever is in them', async () => {
  const admin = administrator(here.app);
  const names = [
    '</FriendlyName><Status>active</Status><x>',
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>&a;',
    ']]><![CDATA[',
    `"'&amp;&#0;`,
    'line\u2028separator \ud83d\ude00',
    'control \u0001 \u000b \u001f \ufffe end',
    '@attribute',
    '#text',
    '__proto__',
  ];
  for (const name of names) {
    const renamed = await admin('PATCH', `/v1/entities/${child.id}`, { name });
    assert.equal(renamed.status, 200, renamed.text);
    await here.follow();
    const xml = (await ask(`${RESTCOMM_BASE}/Accounts/${child.sid}`)).body;
    assert.equal(XMLValidator.validate(xml), true, xml);
    // The validator lets pass what XML 1.0 section 2.2 does not allow.
    assert.doesNotMatch(xml, NOT_XML, JSON.stringify(name));
    const parsed = new XMLParser({ htmlEntities: true, processEntities: true, trimValues: false }).parse(xml);
    assert.equal(parsed.RestcommResponse.Account.FriendlyName, name.replaceAll(new RegExp(NOT_XML, 'gu'), '\ufffd'));
    for (const base of BASES)
      assert.equal((await ask(`${base}/Accounts/${child.sid}.json`)).json().friendly_name, name);
  }
});

test('a form that is none, too large, or written twice is no failure of the server', async () => {
  const url = `${RESTCOMM_BASE}/Accounts/${account.sid}`;
  const bodies: readonly (readonly [string, string])[] = [
    ['application/json', '{"Status":"closed"}'],
    ['text/xml', '<Status>closed</Status>'],
    ['multipart/form-data; boundary=x', '--x\r\n'],
    ['application/x-www-form-urlencoded', '{"FriendlyName":"x"}'],
    ['application/x-www-form-urlencoded', '%zz=%zz&&&=&=x&Status'],
    ['application/x-www-form-urlencoded', `x=${'%00'.repeat(1_000)}`],
    ['application/x-www-form-urlencoded', 'a=b&'.repeat(200_000)],
    ['application/x-www-form-urlencoded', `x=${'y'.repeat(10_000_001)}`],
  ];
  for (const method of ['POST', 'PUT', 'DELETE'])
    for (const [type, payload] of bodies) {
      const answer = await ask(url, { method, payload, headers: { 'content-type': type } });
      assert.ok(answer.statusCode < 500, `${method} ${type} ${payload.slice(0, 30)}: ${answer.statusCode}`);
    }
  assert.equal((await ask(`${url}.json`)).json().status, 'active', 'and none of them did anything');
});

test('no credential comes into the log or into an answer that refuses', async () => {
  const lines: string[] = [];
  const log = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const app = await makeApp(here.context, { log: pino({ level: 'trace' }, log) });
  const secret = 'a-secret-nobody-may-read';
  const answers: string[] = [];
  for (const base of BASES)
    for (const path of [`/Accounts/${account.sid}`, '/nowhere', '/Accounts/%zz', `/Accounts/${stranger.sid}`])
      for (const method of ['GET', 'POST'] as const) {
        await forgetFailures(here);
        for (const authorization of [basic(account.sid, secret), basic(secret, 'x'), credential]) {
          const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
          const payload = method === 'POST' ? { payload: `Password=${secret}&EmailAddress=${secret}&Status=no` } : {};
          const { body, statusCode } = await app.inject({
            method,
            url: `${base}${path}?Password=${secret}`,
            headers,
            ...payload,
          });
          if (statusCode >= 400) answers.push(body);
        }
      }
  await app.close();
  assert.ok(lines.length > 10 && answers.length > 10);
  const hidden = [secret, account.token, credential.slice(6), Buffer.from(secret).toString('base64').slice(0, 20)];
  for (const text of [...lines, ...answers]) for (const word of hidden) assert.ok(!text.includes(word), text);
});
