/** Applications on the Restcomm face: every exchange in both formats, whose they are, and what closing leaves of them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { createEntity } from '#operations/create-entity.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { uuidOfSid } from '#core/sid.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const here = await testInstallation({ after });
const parent = await addAccount(here.context);
const child = await addAccount(here.context, parent);
const sibling = await addAccount(here.context);
await here.follow();
const as = (account: typeof parent) => restAs(here.app, BASE, account);
const path = (account: typeof parent, end = '') => `/Accounts/${account.sid}/Applications${end}`;
const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [1-9]\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/;

async function add(account = child, more = {}): Promise<string> {
  const made = await as(account)('POST', path(account, '.json'), { FriendlyName: 'Greeter', ...more });
  assert.equal(made.status, 200, made.text);
  return String(made.body['sid']);
}

test('an application is created with the members of Restcomm in their order, in either format', async () => {
  const form = { FriendlyName: 'Menu', VoiceCallerIdLookup: 'true', RcmlUrl: 'https://x.example/rcml', Kind: 'VOICE' };
  const json = await as(child)('POST', path(child, '.json'), form);
  assert.equal(json.status, 200, json.text);
  assert.deepEqual(
    Object.keys(json.body),
    'sid date_created date_updated friendly_name account_sid api_version voice_caller_id_lookup uri rcml_url kind numbers'.split(
      ' ',
    ),
  );
  const { sid, date_created: created, date_updated: updated, ...rest } = json.body;
  assert.match(String(sid), /^AP[0-9a-f]{32}$/);
  assert.match(String(created), DATE);
  assert.match(String(updated), DATE);
  assert.deepEqual(rest, {
    friendly_name: 'Menu',
    account_sid: child.sid,
    api_version: '2012-04-24',
    voice_caller_id_lookup: true,
    uri: `/2012-04-24/Accounts/${child.sid}/Applications/${String(sid)}.json`,
    rcml_url: 'https://x.example/rcml',
    kind: 'voice',
    numbers: [],
  });
  const xml = await as(child)('GET', path(child, `/${String(sid)}`));
  assert.match(String(xml.headers['content-type']), /xml/);
  assert.deepEqual(
    [...xml.text.matchAll(/<(\w+)[ />]/g)].map(([, name]) => name),
    `RestcommResponse Application Sid DateCreated DateUpdated FriendlyName AccountSid ApiVersion VoiceCallerIdLookup Uri RcmlUrl Kind Numbers`.split(
      ' ',
    ),
  );
  assert.match(xml.text, new RegExp(`<Uri>/2012-04-24/Accounts/${child.sid}/Applications/${String(sid)}</Uri>`));
});

test('a name is needed, need not be unique, and a kind is one of three', async () => {
  for (const form of [{}, { FriendlyName: '' }, { FriendlyName: 'x', Kind: 'fax' }]) {
    const refused = await as(child)('POST', path(child), form);
    assert.deepEqual([refused.status, refused.headers['x-abeyance-problem']], [400, 'invalid'], refused.text);
  }
  assert.notEqual(await add(), await add());
});

test('a list is a bare array of what the account has, and PUT changes as POST does', async () => {
  const sid = await add(parent);
  for (const method of ['POST', 'PUT'] as const) {
    const changed = await as(parent)(method, path(parent, `/${sid}.json`), { FriendlyName: method, RcmlUrl: '' });
    assert.deepEqual([changed.status, changed.body['friendly_name'], 'rcml_url' in changed.body], [200, method, false]);
  }
  const list = await as(parent)('GET', path(parent, '.json'));
  assert.ok(Array.isArray(list.body));
  assert.deepEqual(
    (list.body as unknown as { sid: string }[]).map((one) => one.sid),
    [sid],
  );
  const xml = await as(parent)('GET', path(parent));
  assert.match(xml.text, /<RestcommResponse>\s*<Applications>\s*<Application>/);
});

test('deleting is 200 whether it is there or not, and a number keeps no trace of what is gone', async () => {
  const sid = await add();
  const number = await createEntity(here.context, ADMIN, {
    kind: 'phone_number',
    e164: '+31208005101',
    parent: child.id,
    voiceApplication: uuidOfSid(sid),
  });
  const read = await as(child)('GET', path(child, `/${sid}.json`));
  assert.deepEqual(read.body['numbers'], [
    {
      sid: `PN${number.value.id.replaceAll('-', '')}`,
      friendly_name: '+31208005101',
      phone_number: '+31208005101',
      voice_application_sid: sid,
    },
  ]);
  for (let times = 0; times < 2; times++) {
    const gone = await as(child)('DELETE', path(child, `/${sid}`));
    assert.deepEqual([gone.status, gone.text], [200, '']);
  }
  assert.equal((await as(child)('DELETE', path(child, '/nonsense'))).status, 200);
  assert.equal((await as(child)('GET', path(child, `/${sid}`))).status, 404);
  assert.equal((await as(child)('PUT', path(child, `/${sid}`), { FriendlyName: 'x' })).status, 404);
});

test('what another account has is 403, through whatever path, and what is nowhere is 404', async () => {
  const sid = await add();
  for (const method of ['GET', 'POST', 'DELETE'] as const) {
    const form = method === 'POST' ? { FriendlyName: 'Mine now' } : undefined;
    for (const [who, where] of [
      [parent, parent],
      [sibling, child],
      [sibling, sibling],
      [child, parent],
    ] as const) {
      const answer = await as(who)(method, path(where, `/${sid}.json`), form);
      assert.deepEqual([answer.status, answer.text], [403, ''], `${method} ${answer.text}`);
    }
    assert.equal((await as(parent)(method, path(child, `/${sid}`), form)).status, 200);
  }
  assert.equal((await as(child)('GET', path(child, '/AP00000000000000000000000000000000'))).status, 404);
  assert.equal((await as(child)('GET', path(child, `/${child.sid}`))).status, 404, 'an account is no application');
});

test('beneath a suspended account its parent still manages; beneath a closed one nothing is there', async () => {
  const below = await addAccount(here.context, parent);
  const sid = await add(below);
  await placeHold(here.context, ADMIN, below.id, { profile: 'suspended' });
  await here.follow();
  assert.equal((await as(below)('GET', path(below))).status, 403);
  assert.equal((await as(parent)('POST', path(below), { FriendlyName: 'Later' })).status, 200);
  assert.equal((await as(parent)('GET', path(below, `/${sid}`))).status, 200);
  await closeEntity(here.context, ADMIN, below.id);
  await here.follow();
  assert.deepEqual((await as(parent)('GET', path(below, '.json'))).body, []);
  assert.equal((await as(parent)('GET', path(below, `/${sid}`))).status, 404);
  assert.equal((await as(parent)('PUT', path(below, `/${sid}`), { FriendlyName: 'x' })).status, 404);
  assert.equal((await as(parent)('POST', path(below), { FriendlyName: 'x' })).status, 403);
  assert.equal((await as(parent)('DELETE', path(below, `/${sid}`))).status, 200);
});
