/** Outgoing caller ids on the Restcomm face: every exchange in both formats, and whose they are. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { closeEntity } from '#operations/close-entity.ts';
import { eraseEntity } from '#operations/erase-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const here = await testInstallation({ after });
const parent = await addAccount(here.context);
const child = await addAccount(here.context, parent);
const sibling = await addAccount(here.context);
await here.follow();
const as = (account: typeof parent) => restAs(here.app, BASE, account);
const path = (account: typeof parent, end = '') => `/Accounts/${account.sid}/OutgoingCallerIds${end}`;

async function add(account = child): Promise<string> {
  const made = await as(account)('POST', path(account, '.json'), { PhoneNumber: '+31208005100' });
  assert.equal(made.status, 200, made.text);
  return String(made.body['sid']);
}

test('a caller id is noted with the members of Restcomm in their order, in either format', async () => {
  const json = await as(child)('POST', path(child, '.json'), { PhoneNumber: '+31 20 800 5100', FriendlyName: 'Desk' });
  assert.deepEqual(
    Object.keys(json.body),
    'sid account_sid friendly_name phone_number date_created date_updated uri'.split(' '),
  );
  const sid = String(json.body['sid']);
  assert.deepEqual(
    [json.status, json.body['phone_number'], json.body['friendly_name'], json.body['uri']],
    [200, '+31208005100', 'Desk', `/2012-04-24/Accounts/${child.sid}/OutgoingCallerIds/${sid}.json`],
  );
  const xml = await as(child)('GET', path(child, `/${sid}`));
  assert.deepEqual(
    [...xml.text.matchAll(/<(\w+)>/g)].map(([, name]) => name),
    'RestcommResponse OutgoingCallerId Sid AccountSid FriendlyName PhoneNumber DateCreated DateUpdated Uri'.split(' '),
  );
});

test('a number is needed, and it must be one', async () => {
  for (const form of [{}, { PhoneNumber: '' }, { PhoneNumber: 'home' }, { PhoneNumber: '+1', FriendlyName: 'x' }]) {
    const refused = await as(child)('POST', path(child), form);
    assert.deepEqual([refused.status, refused.headers['x-abeyance-problem']], [400, 'invalid'], refused.text);
  }
  const long = await as(child)('POST', path(child), { PhoneNumber: '+31208005100', FriendlyName: 'x'.repeat(256) });
  assert.equal(long.status, 400);
});

test('a name is changed by POST and PUT, an empty one gives the number, and a second delete is 404', async () => {
  const sid = await add();
  for (const [method, given, shown] of [
    ['POST', 'One', 'One'],
    ['PUT', 'Two', 'Two'],
    ['PUT', '', '+31208005100'],
  ] as const) {
    const changed = await as(child)(method, path(child, `/${sid}.json`), { FriendlyName: given });
    assert.deepEqual([changed.status, changed.body['friendly_name']], [200, shown]);
  }
  assert.equal((await as(child)('PUT', path(child, `/${sid}`), {})).status, 200);
  assert.equal((await as(child)('DELETE', path(child, `/${sid}`))).status, 204);
  for (const method of ['GET', 'DELETE', 'PUT'] as const)
    assert.equal((await as(child)(method, path(child, `/${sid}`), method === 'PUT' ? {} : undefined)).status, 404);
});

test('a list is a bare array of what the account has', async () => {
  const sids = [await add(parent), await add(parent)];
  const list = await as(parent)('GET', `${path(parent, '.json')}?PageSize=99999999`);
  assert.deepEqual(
    (list.body as unknown as { sid: string }[]).map((one) => one.sid),
    sids,
  );
  assert.match((await as(parent)('GET', path(parent))).text, /<OutgoingCallerIds>\s*<OutgoingCallerId>/);
});

test('what another account has is 403, and what is nowhere 404', async () => {
  const sid = await add();
  for (const [who, where] of [
    [parent, parent],
    [sibling, child],
    [sibling, sibling],
    [child, parent],
  ] as const)
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const answer = await as(who)(
        method,
        path(where, `/${sid}`),
        method === 'PUT' ? { FriendlyName: 'x' } : undefined,
      );
      assert.deepEqual([answer.status, answer.text], [403, ''], `${method} ${where.sid}`);
    }
  assert.equal((await as(parent)('GET', path(child, `/${sid}`))).status, 200);
  for (const none of ['x', 'PN00000000000000000000000000000000'])
    assert.equal((await as(child)('GET', path(child, `/${none}`))).status, 404);
});

test('beneath a suspended account its parent manages; of a closed one nothing is there, and erasing takes the rows', async () => {
  const below = await addAccount(here.context, parent);
  await here.follow();
  const sid = await add(below);
  await placeHold(here.context, ADMIN, below.id, { profile: 'suspended' });
  await here.follow();
  assert.equal((await as(below)('GET', path(below))).status, 403);
  assert.equal((await as(parent)('POST', path(below), { PhoneNumber: '+31208005109' })).status, 200);
  assert.equal((await as(parent)('GET', path(below, `/${sid}`))).status, 200);
  await closeEntity(here.context, ADMIN, below.id);
  await here.follow();
  assert.equal((await as(parent)('GET', path(below, '.json'))).text, '[]');
  for (const method of ['GET', 'DELETE', 'PUT'] as const)
    assert.equal((await as(parent)(method, path(below, `/${sid}`), method === 'PUT' ? {} : undefined)).status, 404);
  assert.equal((await as(parent)('POST', path(below), { PhoneNumber: '+31208005109' })).status, 403);
  const kept = () =>
    here.pool.query('select phone_number from outgoing_caller_id where account_id = $1', [below.number]);
  assert.equal((await kept()).rowCount, 2, 'closing removes nothing');
  await eraseEntity(here.context, ADMIN, below.id);
  assert.equal((await kept()).rowCount, 0);
  const personal = await here.pool.query(
    `select from change_personal where field like 'callerId%' and revision in
    (select revision from change where entity_id = $1)`,
    [below.number],
  );
  assert.equal(personal.rowCount, 0);
});
