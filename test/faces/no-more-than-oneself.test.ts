/** Nobody comes to more on the account APIs than their own role gives: not by a token, a password, a name or a long form. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { RESTCOMM_BASE, TWILIO_BASE } from '#faces/shared/account-path.ts';
import { addOwned } from '#test/face-owned.ts';
import { type FaceAccount, expectOk, growTree } from '#test/face-tree.ts';
import { testInstallation } from '#test/installation.ts';
import { addPerson, asking, basic, made } from '#test/people.ts';
import { forgetFailures, restWith } from '#test/telephony-world.ts';

const here = await testInstallation({ after });
const { app } = here;
const { admin, accounts } = await growTree(here, { middle: null, child: 'middle', stranger: null });
const [middle, child, stranger] = ['middle', 'child', 'stranger'].map((name) => accounts.get(name)) as [
  FaceAccount,
  FaceAccount,
  FaceAccount, // Grown just now.
];
const BASES = [RESTCOMM_BASE, TWILIO_BASE];

test('only the own login of an account signs in: whoever else it employs would read its token', async () => {
  for (const role of ['auditor', 'operator', 'administrator']) {
    const { name, password } = await addPerson(admin, middle.id, role, { password: true });
    await here.follow();
    for (const base of BASES) {
      const { status, text } = await restWith(app, base, basic(name, password))('GET', `/Accounts/${middle.sid}.json`);
      assert.equal(status, 401, `${role} on ${base}`);
      assert.ok(!text.includes(middle.token));
    }
    await forgetFailures(here);
  }
});

test('a role without all permissions acts on no account beneath, whatever its patterns are', async () => {
  const at = `/v1/entities/${middle.id}`;
  const roles = { clerk: ['entity:*'], keeper: ['entity:*', 'hold:*', 'login:read'], star: ['RestComm:*:*'] };
  for (const [role, permissions] of Object.entries(roles)) {
    await made(admin('PUT', `${at}/roles/${role}`, { permissions, subject: 'general' }));
    await made(admin('PUT', `${at}/account-login`, { role }));
    await here.follow();
    const own = await expectOk(middle.rest('GET', `/Accounts/${middle.sid}.json`));
    assert.deepEqual([own['role'], own['auth_token']], [role, middle.token]);
    for (const form of [undefined, { Status: 'suspended' }, { Password: 'Another-Word-12' }, { FriendlyName: 'x' }])
      for (const base of BASES) {
        const rest = restWith(app, base, basic(middle.sid, middle.token));
        const { status, text } = await rest(form === undefined ? 'GET' : 'POST', `/Accounts/${child.sid}.json`, form);
        assert.equal(status, 403, `${role} ${base} ${JSON.stringify(form)}`);
        assert.ok(!text.includes(child.token));
      }
    for (const base of BASES) {
      const { text } = await restWith(app, base, basic(middle.sid, middle.token))('GET', '/Accounts.json');
      assert.ok(!text.includes(child.token), `${role} lists on ${base}`);
    }
    const form = { EmailAddress: `of-${role}@tree.example`, Password: 'Another-Word-12', Role: 'Administrator' };
    const { role: given } = await expectOk(middle.rest('POST', '/Accounts.json', form));
    assert.equal(given, role, 'the role of the parent, not the one that was asked for');
  }
  await made(admin('PUT', `${at}/account-login`, { role: 'administrator' }));
  await here.follow();
  await expectOk(middle.rest('GET', `/Accounts/${child.sid}.json`));
});

test('a login of somebody else takes no account its SID', async () => {
  const { key } = await addPerson(admin, stranger.id);
  const boss = asking(app, `Bearer ${key}`);
  const logins = `/v1/entities/${stranger.id}/logins`;
  const squat = { role: 'auditor', password: 'a long enough word' };
  assert.equal((await boss('POST', logins, { name: child.sid, ...squat })).status, 422);
  const { id } = await made(boss('POST', logins, { name: 'somebody', ...squat }));
  assert.equal((await boss('PATCH', `/v1/logins/${id}`, { name: child.sid.toLowerCase() })).status, 422);
  // Other spellings of the same SID are free, and still mean the account.
  const spelt = child.sid.replace('AC', 'xx');
  await made(boss('POST', logins, { name: spelt, ...squat }));
  await here.follow();
  const { status } = await restWith(
    app,
    RESTCOMM_BASE,
    basic(spelt, child.token),
  )('GET', `/Accounts/${child.sid}.json`);
  assert.equal(status, 200);
});

test('all spellings of a SID are guesses at one account', async () => {
  await forgetFailures(here);
  const statuses: number[] = [];
  for (const letters of ['AC', 'ac', 'Ac', 'XX', 'PN', 'CL', '00', 'zz', 'qq'])
    statuses.push(
      (await restWith(app, RESTCOMM_BASE, basic(letters + child.sid.slice(2), 'wrong'))('GET', '/Accounts')).status,
    );
  assert.equal(statuses.at(-1), 429, statuses.join(' '));
  await forgetFailures(here);
});

test('a form of very many parameters is refused before anything looks into it', async () => {
  await addOwned(stranger);
  const payload = Array.from({ length: 500_000 }, (_, place) => `parameter${place}=1`).join('&');
  for (const base of BASES)
    for (const path of ['Calls.json', base === RESTCOMM_BASE ? 'SMS/Messages.json' : 'Messages.json', 'Applications']) {
      const { statusCode } = await app.inject({
        method: 'POST',
        url: `${base}/Accounts/${stranger.sid}/${path}`,
        payload,
        headers: {
          authorization: basic(stranger.sid, stranger.token),
          'content-type': 'application/x-www-form-urlencoded',
        },
      });
      assert.equal(statusCode, 400, path);
    }
});
