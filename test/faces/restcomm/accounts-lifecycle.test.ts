/** Suspending, resuming and closing by `Status`: one account is named, and only what was its own comes and goes. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { createEntity } from '#operations/create-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { changeAccount } from '#operations/telephony/change-account.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { basic } from '#test/people.ts';
import {
  type Rest,
  type TelephonyAccount,
  addAccount,
  forgetFailures,
  giveLogin,
  restAs,
  restWith,
} from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const STRONG = 'RestComm1234';
const here = await testInstallation({ after });
const { context, app, pool } = here;
const domain = (await createEntity(context, ADMIN, { kind: 'sip_domain', domain: 'org.example', parent: 0 })).value;
const platform = await giveLogin(context, { id: 'not asked for', number: 0 }, 'root@provider.example');
const top = await addAccount(context, null, { organization: domain.id });
await here.follow();
const root = as(platform);
const rest = as(top);

function as(account: TelephonyAccount): Rest {
  return restAs(app, BASE, account);
}

const set = async (by: Rest, account: TelephonyAccount, status: string) =>
  by('PUT', `/Accounts.json/${account.sid}`, { Status: status });
const statusOf = async (account: TelephonyAccount) =>
  (await root('GET', `/Accounts.json/${account.sid}`)).body['status'];
const statuses = (...accounts: TelephonyAccount[]) => Promise.all(accounts.map(statusOf));
const holdsOf = async ({ number }: TelephonyAccount) =>
  (
    await pool.query<{ profile: string }>(
      'select profile from hold where entity_id = $1 and ended_at is null order by id',
      [number],
    )
  ).rows.map(({ profile }) => profile);
const changes = async () => (await pool.query<{ revision: number }>('select revision from change_counter')).rows[0];

/** M > {c1 > {g1, g2}, c2}, as the tests of Restcomm have it. */
async function tree() {
  const m = await addAccount(context, top);
  const c1 = await addAccount(context, m);
  const c2 = await addAccount(context, m);
  const g1 = await addAccount(context, c1);
  const g2 = await addAccount(context, c1);
  await here.follow();
  return { m, c1, c2, g1, g2, all: [m, c1, c2, g1, g2] };
}

test('suspending shows on everything beneath, and writes one hold', async () => {
  const { m, all } = await tree();
  const suspended = await set(rest, m, 'SUSPENDED');
  assert.deepEqual([suspended.status, suspended.body['status']], [200, 'suspended']);
  assert.deepEqual(
    await statuses(...all),
    all.map(() => 'suspended'),
  );
  const { rows } = await pool.query('select count(*)::int as count from hold where entity_id = any ($1)', [
    all.map(({ number }) => number),
  ]);
  assert.equal(rows[0].count, 1);
  for (const account of all) {
    const own = await as(account)('GET', `/Accounts/${account.sid}`);
    const text = account === m ? 'Provided Account is not active' : 'Parent Account is not active';
    assert.deepEqual([own.status, own.text], [403, text]);
    assert.equal((await set(as(account), account, 'active')).status, 403, 'it cannot resume itself');
  }
  assert.equal((await set(rest, m, 'active')).body['status'], 'active');
  assert.deepEqual(
    await statuses(...all),
    all.map(() => 'active'),
  );
});

test('what was held before by itself stays so, whatever comes and goes above', async () => {
  const { m, c1, c2, g1, g2, all } = await tree();
  assert.equal((await set(as(c1), g1, 'suspended')).body['status'], 'suspended');
  assert.equal((await set(as(m), c2, 'closed')).body['status'], 'closed');
  await set(rest, m, 'suspended');
  assert.deepEqual(await statuses(m, c1, c2, g1, g2), ['suspended', 'suspended', 'closed', 'suspended', 'suspended']);
  await set(rest, m, 'active');
  assert.deepEqual(await statuses(m, c1, c2, g1, g2), ['active', 'active', 'closed', 'suspended', 'active']);
  assert.equal((await set(as(c1), g1, 'active')).body['status'], 'active');
  assert.deepEqual(await statuses(...all), ['active', 'active', 'closed', 'active', 'active']);
});

test('the same again changes nothing; suspended by inheritance is not yet by itself', async () => {
  const { m, c1 } = await tree();
  await set(rest, m, 'suspended');
  const before = await changes();
  assert.equal((await set(rest, m, 'suspended')).status, 200);
  assert.deepEqual(await changes(), before);
  assert.equal((await set(rest, c1, 'suspended')).body['status'], 'suspended');
  assert.deepEqual(await holdsOf(c1), ['suspended']);
  await set(rest, m, 'active');
  assert.equal(await statusOf(c1), 'suspended');
  await set(rest, c1, 'active');
  const active = await changes();
  assert.equal((await set(rest, c1, 'active')).body['status'], 'active');
  assert.deepEqual(await changes(), active);
});

test('active on a child lifts its own holds alone, and answers what remains', async () => {
  const { m, c1, g1 } = await tree();
  await set(rest, c1, 'suspended');
  await set(rest, m, 'suspended');
  const lifted = await set(rest, c1, 'active');
  assert.deepEqual([lifted.status, lifted.body['status']], [200, 'suspended']);
  assert.deepEqual(await holdsOf(c1), []);
  assert.equal((await as(g1)('GET', `/Accounts/${g1.sid}`)).status, 403);
  await set(rest, m, 'active');
  assert.deepEqual(await statuses(m, c1, g1), ['active', 'active', 'active']);
});

test('a hold of a higher authority stays', async () => {
  const { m, c1 } = await tree();
  await set(root, c1, 'suspended');
  const tried = await set(as(m), c1, 'active');
  assert.deepEqual([tried.status, tried.body['status']], [200, 'suspended']);
  await set(as(m), c1, 'suspended');
  assert.deepEqual(await holdsOf(c1), ['suspended', 'suspended'], 'one for each authority');
  assert.equal((await set(as(m), c1, 'active')).body['status'], 'suspended');
  assert.deepEqual(await holdsOf(c1), ['suspended']);
  assert.equal((await set(root, c1, 'active')).body['status'], 'active');
  await set(as(m), c1, 'suspended');
  assert.equal((await set(rest, c1, 'active')).body['status'], 'active', 'whoever is above can');
});

test('who is strict is refused where active would not be the outcome, and nothing changes', async () => {
  const { m, c1 } = await tree();
  const actor = { ...ADMIN, accountId: m.number, ownAccountId: m.number, authority: 'customer' as const };
  const activate = () =>
    changeAccount(context, actor, c1.sid, { status: 'active', friendlyName: 'x' }, { isStrict: true });
  await set(as(m), c1, 'suspended');
  await placeHold(context, ADMIN, c1.id, { profile: 'fraud' });
  await assert.rejects(
    activate(),
    (error: { facts: unknown }) => assert.deepEqual(error.facts, { code: 21478 }) === undefined,
  );
  assert.deepEqual(await holdsOf(c1), ['suspended', 'fraud']);
  assert.notEqual((await root('GET', `/Accounts.json/${c1.sid}`)).body['friendly_name'], 'x');
  await set(root, c1, 'active');
  const above = await addAccount(context, c1);
  await here.follow();
  await set(root, c1, 'suspended');
  const strict = { isStrict: true };
  const asRoot = changeAccount(context, ADMIN, above.sid, { status: 'active' }, strict);
  await assert.rejects(
    asRoot,
    (error: { facts: unknown }) => assert.deepEqual(error.facts, { code: 21476 }) === undefined,
  );
});

test('an account stops itself, and only who is above starts it again', async () => {
  const { m, c1 } = await tree();
  assert.equal((await set(as(c1), c1, 'suspended')).body['status'], 'suspended');
  assert.equal((await set(as(c1), c1, 'active')).status, 403);
  assert.equal((await set(as(m), c1, 'active')).body['status'], 'active');
  assert.equal((await set(as(c1), c1, 'closed')).body['status'], 'closed');
  assert.equal((await as(c1)('GET', `/Accounts/${c1.sid}`)).status, 403);
});

test('inactive is a hold of its own word', async () => {
  const { m, c1, g1 } = await tree();
  assert.equal((await set(as(m), c1, 'inactive')).body['status'], 'inactive');
  assert.equal(await statusOf(g1), 'suspended');
  assert.equal((await as(g1)('GET', `/Accounts/${g1.sid}`)).status, 403);
  assert.equal((await set(as(m), c1, 'suspended')).body['status'], 'suspended');
  assert.equal((await set(as(m), c1, 'active')).body['status'], 'active');
  assert.deepEqual(await holdsOf(c1), []);
});

test('closing is for ever, for all beneath; nothing is removed, and the e-mail is never free again', async () => {
  const email = 'closing@accounts.example';
  const made = (await rest('POST', '/Accounts.json', { EmailAddress: email, Password: STRONG })).body;
  const own = restWith(app, BASE, basic(email, STRONG));
  const child = (await own('POST', '/Accounts.json', { EmailAddress: 'closing@child.example', Password: STRONG })).body;
  await rest('PUT', `/Accounts.json/${email}`, { Status: 'suspended' });
  const closed = await rest('PUT', `/Accounts.json/${email}`, { Status: 'closed', FriendlyName: 'Gone' });
  assert.deepEqual([closed.status, closed.body['status'], closed.body['friendly_name']], [200, 'closed', 'Gone']);
  assert.equal((await rest('GET', `/Accounts.json/${child['sid']}`)).body['status'], 'closed');
  assert.equal((await own('GET', `/Accounts/${made['sid']}`)).status, 403);
  for (const by of [rest, root])
    for (const [form, id] of [
      [{ Status: 'active' }, made['sid']],
      [{ Status: 'closed' }, made['sid']],
      [{ Status: 'frozen' }, made['sid']],
      [{ FriendlyName: 'Back' }, email],
      [{ Password: '1' }, child['sid']],
      [{ Status: 'active' }, child['sid']],
    ] as const) {
      const refused = await by('POST', `/Accounts.json/${id}`, form);
      assert.deepEqual([refused.status, refused.text], [400, 'Account is closed'], JSON.stringify(form));
    }
  const phrase = await app.inject({
    method: 'PUT',
    url: `${BASE}/Accounts/${made['sid']}`,
    headers: { authorization: basic(top.sid, top.token) },
  });
  assert.equal(phrase.statusMessage, 'Account is closed');
  const again = await rest('POST', '/Accounts', { EmailAddress: email.toUpperCase(), Password: STRONG });
  assert.equal(again.status, 409);
  assert.equal((await rest('DELETE', `/Accounts/${made['sid']}`)).status, 405);
  const { rows } = await pool.query('select uuid from entity where label = $1', ['Gone']);
  assert.equal(rows.length, 1, 'the row is there');
});

test('the login of a closed account is free for the client of another', async () => {
  const make = (email: string) => rest('POST', '/Accounts.json', { EmailAddress: email, Password: STRONG });
  const ownerOf = async (name: string) =>
    (
      await pool.query<{ sid: string }>(
        `select 'AC' || replace(o.uuid::text, '-', '') as sid from identifier i join entity e on e.id = i.entity_id
          join entity o on o.id = e.owner_id where i.scheme = 'sip' and i.value = $1`,
        [name],
      )
    ).rows[0]?.sid;
  const one = (await make('shared@one.example')).body;
  const two = await make('shared@two.example');
  assert.equal(two.status, 200, 'without a client of its own');
  assert.equal(await ownerOf('shared@org.example'), one['sid']);
  await rest('PUT', `/Accounts/${one['sid']}`, { Status: 'closed' });
  const three = (await make('shared@three.example')).body;
  assert.equal(await ownerOf('shared@org.example'), three['sid']);
  assert.equal((await make('shared@org.example')).status, 200);
  assert.equal(await ownerOf('shared@org.example'), three['sid']);
});

test('the platform neither suspends nor closes itself', async () => {
  for (const status of ['suspended', 'inactive', 'closed', 'uninitialized'])
    assert.equal((await set(root, platform, status)).status, 400, status);
  assert.equal((await set(root, platform, 'active')).status, 200);
  assert.equal((await root('PUT', `/Accounts.json/${platform.sid}`, { FriendlyName: 'Provider' })).status, 200);
});

test('nobody acts upwards or sideways, and an account that is not there is told from a foreign one', async () => {
  const { m, c1, c2, g1 } = await tree();
  await forgetFailures(here);
  for (const target of [top, platform, c2, m])
    for (const status of ['suspended', 'closed', 'active'])
      assert.equal((await set(as(c1), target, status)).status, 403);
  assert.equal((await set(as(c1), { ...c1, sid: `AC${'0'.repeat(32)}` }, 'closed')).status, 404);
  assert.equal((await set(as(c1), { ...c1, sid: c1.email }, 'active')).status, 200, 'by e-mail');
  assert.equal((await set(as(c1), { ...c1, sid: 'account-1' }, 'active')).status, 404, 'never by name');
  assert.deepEqual(await statuses(top, platform, m, c2, g1), ['active', 'active', 'active', 'active', 'active']);
});

test('a status counts now and for good, though its hold was placed for later or for a while', async () => {
  const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  for (const period of [{ startsAt: hour(1) }, { endsAt: hour(1) }, { startsAt: hour(1), endsAt: hour(2) }]) {
    const account = await addAccount(context, top);
    const { rows } = await pool.query('select uuid from entity where id = 0');
    const asked = { profile: 'suspended', source: 'status', externalRef: rows[0]?.uuid, ...period };
    await placeHold(context, ADMIN, account.id, asked);
    await here.follow();
    for (const time of ['first', 'again']) {
      const { status, text } = await root('PUT', `/Accounts.json/${account.sid}`, { Status: 'suspended' });
      assert.deepEqual([status, JSON.parse(text).status], [200, 'suspended'], `${time} ${JSON.stringify(period)}`);
    }
    const open = await pool.query('select ends_at, activated_at from hold where entity_id = $1 and ended_at is null', [
      account.number,
    ]);
    assert.equal(open.rows.length, 1);
    assert.equal(open.rows[0]?.ends_at, null);
    assert.ok(open.rows[0]?.activated_at !== null);
    assert.equal((await root('PUT', `/Accounts.json/${account.sid}`, { Status: 'active' })).body['status'], 'active');
  }
});
