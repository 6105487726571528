/** Who asks on the account APIs: SID or e-mail, with token, password or its MD5; and that no other face takes that. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';

import { placeHold } from '#operations/place-hold.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { basic } from '#test/people.ts';
import { addAccount, forgetFailures, restWith } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const here = await testInstallation({ after });
const account = await addAccount(here.context);
const child = await addAccount(here.context, account);
await here.follow();

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const as = (user: string, secret: string) => restWith(here.app, BASE, basic(user, secret));

test('an account is known by SID or e-mail, with its token, its password, or the MD5 of that', async () => {
  const { sid, email, token, password } = account;
  for (const user of [sid, email, email.toUpperCase()])
    for (const secret of [token, password, md5(password)]) {
      const answer = await as(user, secret)('GET', `/Accounts/${sid}.json`);
      assert.equal(answer.status, 200, `${user} ${answer.text}`);
      assert.equal(answer.body['sid'], sid);
      assert.equal(answer.body['auth_token'], token);
    }
});

test('whatever else is shown is nobody, before any path is looked at', async () => {
  const { sid, token, password } = account;
  const wrong = [null, basic(sid, 'wrong'), basic(child.sid, token), basic('account-1', password), `Bearer ${token}`];
  for (const authorization of [...wrong, basic(sid, token).replace('Basic', 'basic')])
    for (const path of ['', '/Accounts', `/Accounts/${sid}`, '/nowhere', `/Accounts/${sid}/Clients/CL1`]) {
      await forgetFailures(here);
      const answer = await restWith(here.app, BASE, authorization)('GET', path);
      assert.equal(answer.status, 401, `${authorization} ${path}`);
      assert.equal(answer.headers['www-authenticate'], 'Basic realm="Restcomm realm"');
      assert.equal(answer.text, '');
    }
});

test('what signs in here is no credential of the native face, but for the password', async () => {
  const native = (user: string, secret: string) =>
    here.app.inject({ url: '/v1/entities', headers: { authorization: basic(user, secret) } });
  const { sid, email, token, password } = account;
  assert.equal((await native(email, password)).statusCode, 200);
  for (const [user, secret] of [
    [sid, token],
    [email, token],
    [email, md5(password)],
    [sid, password],
  ] as const) {
    await forgetFailures(here);
    assert.equal((await native(user, secret)).statusCode, 401, `${user} ${secret}`);
  }
});

test('an account that does not operate is refused before the path, told apart by whose hold it is', async () => {
  await placeHold(here.context, ADMIN, account.id, { profile: 'suspended' });
  await here.follow();
  for (const path of ['', '/nowhere', `/Accounts/${account.sid}`, '/Accounts/AC00000000000000000000000000000000']) {
    const own = await as(account.email, account.password)('GET', path);
    assert.deepEqual([own.status, own.text], [403, 'Provided Account is not active'], path);
    const inherited = await as(child.sid, child.token)('GET', path);
    assert.deepEqual([inherited.status, inherited.text], [403, 'Parent Account is not active'], path);
    await forgetFailures(here);
    assert.equal((await as(child.sid, 'wrong')('GET', path)).status, 401);
  }
});
