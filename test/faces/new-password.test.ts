/** What counted with the former password of an account counts no more with another one. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { RESTCOMM_BASE } from '#faces/shared/account-path.ts';
import { testInstallation } from '#test/installation.ts';
import { administrator, asking, basic, made } from '#test/people.ts';
import { addAccount, forgetFailures, restWith } from '#test/telephony-world.ts';

const here = await testInstallation({ after });
const { app } = here;
const admin = administrator(app);
const account = await addAccount(here.context);
await here.follow();

test('another password ends the token and the sessions that the former one began, wherever it is set', async () => {
  const { sid, email, id } = account;
  const reads = async (secret: string) =>
    (await restWith(app, RESTCOMM_BASE, basic(sid, secret))('GET', `/Accounts/${sid}.json`)).status;
  const open = async (password: string) => {
    const response = await app.inject({ method: 'POST', url: '/v1/sessions', payload: { login: email, password } });
    assert.ok(response.statusCode < 300, response.body);
    return String(response.headers['set-cookie']).split(';')[0] ?? '';
  };
  const counts = async (cookie: string) =>
    (await app.inject({ method: 'GET', url: '/v1/me', headers: { cookie } })).statusCode;
  const login = String((await made(admin('GET', `/v1/entities/${id}/account-login`)))['login']);
  let password = account.password;
  for (const [place, change] of [
    (next: string) =>
      restWith(app, RESTCOMM_BASE, basic(email, password))('POST', `/Accounts/${sid}.json`, { Password: next }),
    (next: string) => admin('PATCH', `/v1/logins/${login}`, { password: next }),
    (next: string) =>
      asking(app, basic(email, password))('PUT', '/v1/me/password', { current: password, password: next }),
  ].entries()) {
    const token = String((await made(admin('GET', `/v1/entities/${id}/account-login`)))['token']);
    const cookie = await open(password);
    assert.deepEqual([await reads(token), await counts(cookie)], [200, 200]);
    const next = `Quite-Another-Word-${place}`;
    await made(change(next));
    await here.follow();
    await forgetFailures(here);
    assert.deepEqual([await reads(token), await counts(cookie), await reads(next)], [401, 401, 200], `way ${place}`);
    password = next;
  }
});
