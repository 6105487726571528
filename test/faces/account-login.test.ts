/** The login of an account itself on the native face: who gives it, reads it and changes it, and who does not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { addPerson, administrator, basic, by, made } from '#test/people.ts';
import { addAccount, forgetFailures, restWith } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const PASSWORD = 'a long enough word';
const here = await testInstallation({ after });
const { app, context } = here;
const admin = administrator(app);
const account = await addAccount(context);
await here.follow();
const at = `/v1/entities/${account.id}/account-login`;

/** Somebody of the account with a role of these permissions. */
async function personWith(name: string, permissions: readonly string[]) {
  await made(admin('PUT', `/v1/entities/${account.id}/roles/${name}`, { permissions, subject: 'general' }));
  return by(app, await addPerson(admin, account.id, name));
}

test('whoever has less than the login neither reads its token nor changes it', async () => {
  const keeper = await personWith('keeper', ['*:read', 'login:*', 'role:*']);
  assert.equal((await keeper('GET', at)).status, 403);
  for (const body of [{ password: PASSWORD }, { newToken: true }, { role: 'Developer' }])
    assert.equal((await keeper('PUT', at, body)).status, 403, JSON.stringify(body));
  const bare = await made(admin('POST', '/v1/accounts', { name: 'Without', parent: account.id }));
  const gives = { email: 'bare@accounts.example', password: PASSWORD };
  assert.equal(
    (await keeper('PUT', `/v1/entities/${bare.id}/account-login`, gives)).status,
    403,
    'not an administrator',
  );
  const roles = `/v1/entities/${account.id}/roles/wide`;
  assert.equal((await keeper('PUT', roles, { permissions: ['RestComm:*:*'], subject: 'wish' })).status, 403);
  assert.equal((await keeper('PUT', roles, { permissions: ['RestComm:Read:Calls'], subject: 'wish' })).status, 200);
  const { body } = await admin('GET', at);
  assert.equal(body['token'], account.token, 'it is what it was');
});

test('a reader needs the right to keep logins', async () => {
  assert.equal((await by(app, await addPerson(admin, account.id, 'auditor'))('GET', at)).status, 403);
  const other = await addAccount(context);
  await here.follow();
  assert.equal((await by(app, await addPerson(admin, other.id))('GET', at)).status, 404);
});

test('an e-mail is given once, what was elsewhere by the platform alone, and a new token ends the former', async () => {
  const owner = by(app, await addPerson(admin, account.id));
  const fresh = (await made(admin('POST', '/v1/accounts', { name: 'Fresh', parent: account.id }))).id;
  const own = `/v1/entities/${fresh}/account-login`;
  assert.equal((await owner('GET', own)).status, 404);
  const first = await made(owner('PUT', own, {}));
  assert.deepEqual([first.email, first.hasPassword], [null, false]);
  assert.equal((await owner('PUT', own, { email: 'late@accounts.example' })).status, 422);
  const md5 = createHash('md5').update('from elsewhere').digest('hex');
  for (const body of [{ passwordMd5: md5 }, { token: '0123456789abcdef' }])
    assert.equal((await owner('PUT', own, body)).status, 422);
  const taken = await made(admin('PUT', own, { passwordMd5: md5, token: '0123456789abcdef' }));
  assert.equal(taken.token, '0123456789abcdef');
  await here.follow();
  const as = (secret: string) => restWith(app, BASE, basic(taken.sid, secret))('GET', `/Accounts/${taken.sid}`);
  for (const secret of ['from elsewhere', md5, '0123456789abcdef'])
    assert.equal((await as(secret)).status, 200, secret);
  const renewed = await made(owner('PUT', own, { newToken: true }));
  await here.follow();
  assert.equal((await as('0123456789abcdef')).status, 401);
  await forgetFailures(here);
  assert.equal((await as(String(renewed.token))).status, 200);
  assert.equal((await owner('PUT', own, { email: account.email })).status, 422);
  const another = (await made(admin('POST', '/v1/accounts', { name: 'Another', parent: account.id }))).id;
  assert.equal((await owner('PUT', `/v1/entities/${another}/account-login`, { email: account.email })).status, 409);
  await made(admin('POST', `/v1/entities/${another}/close`));
  assert.equal((await owner('PUT', `/v1/entities/${another}/account-login`, {})).status, 409, 'closed');
});

test('a token is in no kept answer and no change', async () => {
  const { token } = await made(admin('PUT', at, { newToken: true }, { 'idempotency-key': '"once"' }));
  const { rows } = await here.pool.query<{ text: string }>(
    `select (select string_agg(c::text, ' ') from change c) as text
      union all select coalesce((select string_agg(i::text, ' ') from idempotency i), '')`,
  );
  assert.equal(rows.length, 2);
  for (const { text } of rows) assert.ok(!text.includes(String(token)));
});
