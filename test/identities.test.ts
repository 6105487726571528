/** Logins, keys, sessions and roles through the native face: who is known, who is not, and how soon it is forgotten. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { endHeldSessions } from '#operations/end-held-sessions.ts';
import { Authenticator } from '#operations/identity/authenticator.ts';
import { type Person, addPerson, administrator, asking, basic, by, made } from '#test/people.ts';
import { makeApp, makeEngine, testInstallation } from '#test/installation.ts';

const here = await testInstallation({ after: (work) => after(work) });
const admin = administrator(here.app);
const addAccount = async (name: string, parent?: string): Promise<string> =>
  (await made(admin('POST', '/v1/accounts', { name, ...(parent === undefined ? {} : { parent }) }))).id;
const reseller = await addAccount('Reseller');
const customer = await addAccount('Customer', reseller);
const boss = await addPerson(admin, customer, 'administrator', { password: true });

const basicOf = (person: Person) => asking(here.app, basic(person.name, person.password));

describe('credentials', () => {
  test('a login is known by its password and by its key, whatever the case of its name', async () => {
    const loud = asking(here.app, basic(boss.name.toUpperCase(), boss.password));
    for (const ask of [basicOf(boss), loud, by(here.app, boss)]) {
      const { status, body } = await ask('GET', '/v1/me');
      assert.equal(status, 200);
      assert.deepEqual(
        [body.login, body.account, body.level, body.role],
        [boss.login, customer, 'customer', 'administrator'],
      );
    }
  });

  test('whatever is wrong, the answer is the same', async () => {
    const wrong = [
      basic(boss.name, 'not the password'),
      basic('nobody@people.example', boss.password),
      'Basic !!!',
      'Basic ',
      'Bearer aby_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      'Bearer something-else-that-is-long',
      'Digest x',
      '',
    ];
    const answers = await Promise.all(wrong.map((authorization) => asking(here.app, authorization)('GET', '/v1/me')));
    for (const answer of answers) {
      assert.equal(answer.status, 401);
      assert.equal(answer.text, answers[0]?.text);
    }
  });

  test('a password that changes is forgotten at once, and so are the sessions', async () => {
    const person = await addPerson(admin, customer, 'operator', { password: true });
    const ask = basicOf(person);
    assert.equal((await ask('GET', '/v1/me')).status, 200);
    const next = 'another pass word';
    const wrong = await ask('PUT', '/v1/me/password', { current: 'guessed it', password: next });
    assert.equal(wrong.status, 403);
    await made(ask('PUT', '/v1/me/password', { current: person.password, password: next }));
    assert.equal((await ask('GET', '/v1/me')).status, 401);
    assert.equal((await asking(here.app, basic(person.name, next))('GET', '/v1/me')).status, 200);
    assert.equal((await by(here.app, person)('GET', '/v1/me')).status, 200, 'its key is another credential');
  });

  for (const { what, change } of [
    {
      what: 'a login that is disabled',
      change: (p: Person) => admin('PATCH', `/v1/logins/${p.login}`, { enabled: false }),
    },
    { what: 'a login that is removed', change: (p: Person) => admin('DELETE', `/v1/logins/${p.login}`) },
    {
      what: 'a key that is removed',
      change: async (p: Person) => {
        const { items } = await made(admin('GET', `/v1/logins/${p.login}/keys`));
        return admin('DELETE', `/v1/keys/${items[0].id}`);
      },
    },
  ])
    test(`${what} counts no more, in this process and in another`, async (t) => {
      const person = await addPerson(admin, customer);
      const engine = makeEngine(here);
      t.after(() => engine.stop());
      await engine.start();
      const other = await makeApp({ ...here.context, engine });
      t.after(() => other.close());
      const [near, far] = [by(here.app, person), by(other, person)];
      assert.deepEqual([(await near('GET', '/v1/me')).status, (await far('GET', '/v1/me')).status], [200, 200]);
      const done = await change(person);
      assert.equal(done.status, 200, done.text);
      assert.equal((await near('GET', '/v1/me')).status, 401);
      // A write looks into the database itself; reading follows with the engine.
      assert.equal((await far('POST', '/v1/accounts', { name: 'x', parent: customer })).status, 401);
      await engine.waitFor(Number(done.headers['abeyance-revision']), 5_000);
      assert.equal((await far('GET', '/v1/me')).status, 401);
    });

  test('a key does what its scopes leave of the role, until it runs out', async () => {
    const scopes = ['entity:read', 'hold:*'];
    const endsMs = Date.now() + 3_000;
    const { key } = await made(
      admin('POST', `/v1/logins/${boss.login}/keys`, {
        name: 'narrow',
        scopes,
        expiresAt: new Date(endsMs).toISOString(),
      }),
    );
    const ask = asking(here.app, `Bearer ${key}`);
    assert.equal((await ask('GET', `/v1/entities/${customer}`)).status, 200);
    const refused = await ask('POST', '/v1/accounts', { name: 'x', parent: customer });
    assert.equal(refused.status, 403);
    assert.match(refused.body.detail, /entity:create.*this key/);
    for (let isKnown = true; isKnown;) {
      const askedMs = Date.now();
      const { status } = await ask('GET', `/v1/entities/${customer}`);
      isKnown = status === 200;
      if (isKnown) assert.ok(askedMs < endsMs, 'it is not known after its end');
      else assert.deepEqual([status, Date.now() >= endsMs], [401, true]);
      await sleep(20);
    }
  });

  test('neither a key nor a password is anywhere in the database', async () => {
    const { rows } = await here.pool.query<{ text: string }>(
      `select l::text as text from login l union all select k::text from api_key k union all select c::text from change c`,
    );
    const all = rows.map((row) => row.text).join('\n');
    assert.ok(!all.includes(boss.password) && !all.includes(boss.key) && all.includes('$argon2id$'));
  });
});

describe('failed sign-ins', () => {
  test('are slowed down by name, for a name that nobody has just the same, and end with the lock', async () => {
    const person = await addPerson(admin, customer, 'auditor', { password: true });
    for (const name of [person.name, 'no-such-person@people.example']) {
      const wrong = asking(here.app, basic(name, 'a wrong pass word'));
      const statuses: number[] = [];
      for (let i = 0; i < 8; i++) statuses.push((await wrong('GET', '/v1/me')).status);
      assert.deepEqual(new Set(statuses), new Set([401, 429]));
      assert.equal(statuses[0], 401);
      assert.equal(statuses.at(-1), 429);
    }
    await here.pool.query(`update sign_in_attempt set locked_until = now() + interval '1 minute'`);
    const locked = await basicOf(person)('GET', '/v1/me');
    assert.equal(locked.status, 429, 'even the right password waits');
    assert.ok(Number(locked.headers['retry-after']) >= 1);
    await here.pool.query(`update sign_in_attempt set locked_until = now()`);
    assert.equal((await basicOf(person)('GET', '/v1/me')).status, 200);
  });

  test('are counted before they are tried: a hundred at once get no more tries than one after the other', async () => {
    const person = await addPerson(admin, customer, 'auditor', { password: true });
    await here.pool.query('delete from sign_in_attempt');
    const tries = await Promise.all(
      Array.from({ length: 40 }, (_, i) => asking(here.app, basic(person.name, `wrong guess ${i}`))('GET', '/v1/me')),
    );
    const tried = tries.filter((answer) => answer.status === 401).length;
    assert.ok(tried <= 6, `${tried} were tried`);
    await here.pool.query('delete from sign_in_attempt');
  });

  test('are slowed down by address, whatever the names, in every process, and nowhere else', async (t) => {
    await here.pool.query('delete from sign_in_attempt');
    const other = await makeApp(here.context);
    t.after(() => other.close());
    const signIn = async (app: typeof other, remoteAddress: string, login: string) => {
      const payload = { login, password: 'a wrong pass word' };
      return (await app.inject({ method: 'POST', url: '/v1/sessions', remoteAddress, payload })).statusCode;
    };
    const statuses: number[] = [];
    for (let n = 0; n < 52; n++) statuses.push(await signIn(here.app, '192.0.2.66', `guess-${n}@people.example`));
    assert.deepEqual(new Set(statuses.slice(0, 50)), new Set([401]));
    await here.pool.query(`update sign_in_attempt set locked_until = now() + interval '1 minute' where failures > 50`);
    assert.equal(await signIn(other, '192.0.2.66', 'one-more@people.example'), 429);
    assert.equal(await signIn(other, '192.0.2.67', 'one-more@people.example'), 401);
    await here.pool.query('delete from sign_in_attempt');
  });
});

describe('sessions', () => {
  const cookieOf = (answer: { headers: Readonly<Record<string, unknown>> }) =>
    String(answer.headers['set-cookie']).split(';')[0] ?? '';

  test('begin with a cookie that scripts cannot read, and write only with their token', async () => {
    const nobody = asking(here.app, null);
    const signedIn = await nobody('POST', '/v1/sessions', { login: boss.name, password: boss.password });
    assert.equal(signedIn.status, 201, signedIn.text);
    assert.match(String(signedIn.headers['set-cookie']), /HttpOnly; SameSite=Strict/);
    const cookie = cookieOf(signedIn);
    const ask = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object, headers = {}) =>
      nobody(method, url, payload, { cookie, ...headers });
    const me = await ask('GET', '/v1/me');
    assert.equal(me.body.csrf, signedIn.body.csrf);
    assert.equal((await ask('POST', '/v1/accounts', { name: 'Forged', parent: customer })).status, 403);
    const csrf = { 'abeyance-csrf': signedIn.body.csrf };
    assert.equal((await ask('POST', '/v1/accounts', { name: 'Meant', parent: customer }, csrf)).status, 201);
    const { items } = await made(ask('GET', '/v1/sessions'));
    assert.equal(items.filter((session: { current: boolean }) => session.current).length, 1);
    assert.equal((await ask('DELETE', '/v1/sessions/current', undefined, csrf)).status, 200);
    assert.equal((await ask('GET', '/v1/me')).status, 401);
  });

  for (const { what, statement } of [
    { what: 'silent for too long', statement: `update session set last_seen_at = now() - interval '31 minutes'` },
    { what: 'too old', statement: `update session set expires_at = now() - interval '1 second'` },
  ])
    test(`end when they are ${what}`, async () => {
      const nobody = asking(here.app, null);
      const signedIn = await nobody('POST', '/v1/sessions', { login: boss.name, password: boss.password });
      await here.pool.query(statement);
      assert.equal((await nobody('GET', '/v1/me', undefined, { cookie: cookieOf(signedIn) })).status, 401);
    });
});

test('sessions end with a hold that ends what is running, and with no other', async () => {
  const signIn = async () => {
    const answer = await asking(here.app, null)('POST', '/v1/sessions', { login: boss.name, password: boss.password });
    assert.equal(answer.status, 201, answer.text);
    const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? '';
    return () => asking(here.app, null)('GET', '/v1/me', undefined, { cookie });
  };
  const hold = async (profile: string) => {
    const { id } = await made(admin('POST', `/v1/entities/${customer}/holds`, { profile }));
    return () => made(admin('DELETE', `/v1/entities/${customer}/holds/${id}`));
  };
  const me = await signIn();
  for (const [profile, count] of [
    ['suspended', 0],
    ['fraud', 1],
  ] as const) {
    assert.equal((await me()).status, 200);
    const lift = await hold(profile);
    assert.equal((await me()).status, 403, `${profile} refuses at once`);
    assert.equal(await endHeldSessions(here.context), count);
    await lift();
    assert.equal((await me()).status, count === 0 ? 200 : 401, `after ${profile}`);
  }
  assert.equal(await endHeldSessions(here.context), 0);
  const own = by(here.app, boss);
  const { id } = await made(own('POST', `/v1/entities/${customer}/holds`, { profile: 'fraud' }));
  const again = await signIn();
  assert.equal(await endHeldSessions(here.context), 0, 'whoever stopped itself may come back');
  assert.equal((await again()).status, 200);
  await made(own('DELETE', `/v1/entities/${customer}/holds/${id}`));
});

test('what was verified is remembered, and a stop forgets nothing that has to be written', async () => {
  const authenticator = new Authenticator(here.context, () => null);
  const presented = { authorization: `Bearer ${boss.key}`, address: () => '192.0.2.1' };
  const request = { face: 'native' };
  authenticator.start();
  await authenticator.authenticate(presented, request);
  assert.ok(!(authenticator.authenticate(presented, request) instanceof Promise));
  await here.pool.query('update login set last_used_at = null');
  await authenticator.stop();
  const { rows } = await here.pool.query('select last_used_at from login where id = $1', [boss.login]);
  assert.notEqual(rows[0].last_used_at, null);
});
