/** What servers refused is counted by subject and minute, seen by whom it concerns, and goes after its time. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { sweepObservations } from '#store/observation.ts';
import { systemAuthor } from '#store/change.ts';
import { transact } from '#store/transaction.ts';
import { runCli } from '#cli/canned-server.ts';
import { TOKEN, testInstallation } from '#test/installation.ts';
import { DOMAIN, makeOperator } from '#test/operator.ts';
import { type Body, addPerson, asking, by, made } from '#test/people.ts';

const here = await testInstallation({ after: (work) => after(work) });
const { app, pool } = here;
const operator = await makeOperator(here);
const { admin, entities } = operator;
const domain = await operator.create('sip_domain', entities.account.id, { domain: DOMAIN });
const alice = await operator.create(
  'sip_account',
  domain.id,
  { username: 'alice', password: 'a secret' },
  entities.owner.id,
);
const ALICE = `sip:alice@${DOMAIN}`;
const stranger = await operator.create('account', '0', { name: 'Stranger' });

const clerk = await addPerson(admin, '0', 'operator');
const keyWith = async (login: string, scopes: string[]) =>
  asking(app, `Bearer ${String((await made(admin('POST', `/v1/logins/${login}/keys`, { name: 'k', scopes }))).key)}`);
const proxy = await keyWith(clerk.login, ['observation:write']);
const report = (observations: object[], source = 'kamailio-1', ask = proxy) =>
  ask('POST', '/v1/observations', { source, observations });
const list = async (query = '', ask = admin): Promise<readonly Body[]> =>
  (await made(ask('GET', `/v1/observations${query}`)))['items'];
const clear = () => pool.query('delete from observation');
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const MINUTE = 60_000;

test('counts add up by subject, action and minute, however they are sent', async () => {
  const at = ago(10 * MINUTE).replace(/:\d\d\.\d+Z/, ':30.000Z');
  const one = { subject: ALICE, action: 'register', effect: 'deny', profile: 'suspended', code: 403, at };
  const before = await pool.query('select revision from change_counter');
  const answer = await report([
    { ...one, count: 3 },
    { ...one, subject: alice.id },
    { ...one, action: 'call.out' },
  ]);
  assert.deepEqual([answer.status, answer.body], [202, { accepted: 3, unknown: 0, late: 0 }]);
  await report([one]);
  await Promise.all(Array.from({ length: 8 }, () => report([one, { ...one, action: 'call.out' }])));
  await report([one], 'kamailio-2');
  const items = await list();
  assert.deepEqual(
    items.map((item) => `${item.action} ${item.source} ${item.count}`).toSorted((a, b) => (a < b ? -1 : 1)),
    ['call.out kamailio-1 9', 'register kamailio-1 13', 'register kamailio-2 1'],
  );
  assert.deepEqual(
    { ...items.find((item) => item.source === 'kamailio-2') },
    {
      minute: at.replace(':30.', ':00.'),
      subject: `alice@${DOMAIN}`,
      entity: alice.id,
      entityNumber: alice.number,
      account: entities.account.id,
      action: 'register',
      effect: 'deny',
      profile: 'suspended',
      code: 403,
      source: 'kamailio-2',
      count: 1,
    },
  );
  assert.deepEqual((await pool.query('select revision from change_counter')).rows, before.rows, 'no part of the log');
  await clear();
});

test('a name that is nobody’s is counted without the name, and told to the platform alone', async () => {
  const answer = await report([
    { subject: 'sip:mallory@nowhere.example', action: 'register' },
    { subject: '\u0007', action: 'api' },
  ]);
  assert.deepEqual(answer.body, { accepted: 2, unknown: 2, late: 0 });
  const items = await list();
  assert.deepEqual(
    items.map((item) => [item.subject, item.account, item.count]),
    [
      [null, null, 1],
      [null, null, 1],
    ],
  );
  assert.doesNotMatch(JSON.stringify((await pool.query('select * from observation')).rows), /mallory/);
  assert.deepEqual(await list('', by(app, await addPerson(admin, entities.reseller.id))), []);
  await clear();
});

test('each sees what was refused beneath its account or to what it owns, and no more', async () => {
  await report([
    { subject: ALICE, action: 'register' },
    { subject: entities.other.id, action: 'api' },
    { subject: stranger.id, action: 'api' },
  ]);
  const seenBy = async (account: string, query = '') =>
    (await list(query, by(app, await addPerson(admin, account)))).map((item) => String(item.entity));
  assert.deepEqual(new Set(await seenBy(entities.reseller.id)), new Set([alice.id, entities.other.id]));
  for (const account of [entities.parent.id, entities.account.id, entities.owner.id])
    assert.deepEqual(await seenBy(account), [alice.id]);
  assert.deepEqual(await seenBy(stranger.id), [stranger.id]);
  assert.deepEqual(await seenBy(entities.reseller.id, `?account=${entities.parent.id}`), [alice.id]);
  assert.deepEqual(await seenBy(entities.reseller.id, `?subject=${encodeURIComponent(ALICE)}`), [alice.id]);
  const outside = by(app, await addPerson(admin, stranger.id));
  for (const filter of ['account', 'subject'])
    assert.equal((await outside('GET', `/v1/observations?${filter}=${alice.id}`)).body.code, 'not_found');
  await clear();
});

test('a server of a reseller counts for what it sees; all else is unknown to it', async () => {
  const person = await addPerson(admin, entities.reseller.id, 'operator');
  const its = await keyWith(person.login, ['observation:write']);
  const answer = await report(
    [
      { subject: ALICE, action: 'api' },
      { subject: stranger.id, action: 'api' },
    ],
    'own',
    its,
  );
  assert.deepEqual(answer.body, { accepted: 2, unknown: 1, late: 0 });
  assert.deepEqual((await list(`?subject=${stranger.id}`)).length, 0);
  await clear();
});

test('a key may do only what it is for', async () => {
  assert.equal((await proxy('GET', '/v1/observations')).body.code, 'forbidden');
  assert.equal((await proxy('GET', `/v1/decisions?subject=${stranger.id}&action=api`)).body.code, 'forbidden');
  const reader = by(app, await addPerson(admin, '0', 'auditor'));
  assert.equal((await report([], 'x', reader)).body.code, 'forbidden');
  assert.equal((await reader('GET', '/v1/observations')).status, 200);
});

test('pages follow one another to the end, the newest first, with every filter', async () => {
  await report(
    Array.from({ length: 50 }, (_, index) => ({
      subject: ALICE,
      action: index % 2 === 0 ? 'register' : 'call.out',
      at: ago(index * MINUTE),
    })),
  );
  const all: string[] = [];
  let cursor = '';
  do {
    const page = await made(admin('GET', `/v1/observations?limit=7&cursor=${cursor}`));
    all.push(...page.items.map((item: Body) => String(item.minute)));
    cursor = page.next ?? '';
  } while (cursor !== '');
  assert.equal(all.length, 50);
  assert.deepEqual(
    all,
    all.toSorted((a, b) => (a < b ? 1 : -1)),
  );
  assert.equal((await list('?action=register')).length, 25);
  assert.equal((await list(`?since=${ago(10 * MINUTE)}&until=${ago(5 * MINUTE)}`)).length, 6);
  for (const query of ['cursor=x', 'action=fly', 'since=yesterday', 'cursor=999999999999999999:1'])
    assert.equal((await admin('GET', `/v1/observations?${query}`)).status, 422, query);
  await clear();
});

test('a time ahead is now, one that is too old is not counted', async () => {
  const observation = (at: string) => ({ subject: ALICE, action: 'api', at });
  const answer = await report([observation(ago(-3_600_000)), observation(ago(25 * 60 * MINUTE))]);
  assert.deepEqual(answer.body, { accepted: 1, unknown: 0, late: 1 });
  const [item] = await list();
  assert.ok(Date.parse(item?.minute) <= Date.now());
  await clear();
});

test('what is wrong is told with its field, and then nothing is counted', async () => {
  const good = { subject: ALICE, action: 'api' };
  const wrong: [object, string][] = [
    [{ ...good, subject: '' }, 'observations[1].subject'],
    [{ ...good, subject: 'x'.repeat(513) }, 'observations[1].subject'],
    [{ ...good, action: 'fly' }, 'observations[1].action'],
    [{ ...good, effect: 'allow' }, 'observations[1].effect'],
    [{ ...good, profile: 'Über' }, 'observations[1].profile'],
    [{ ...good, code: 0 }, 'observations[1].code'],
    [{ ...good, count: 0 }, 'observations[1].count'],
    [{ ...good, count: 1.5 }, 'observations[1].count'],
    [{ ...good, count: 1_000_001 }, 'observations[1].count'],
    [{ ...good, at: 'noon' }, 'observations[1].at'],
    [{ ...good, note: 'x' }, 'observations[1].note'],
  ];
  for (const [observation, field] of wrong) {
    const { status, body } = await report([good, observation]);
    assert.deepEqual([status, body.errors[0].field], [422, field]);
  }
  assert.equal((await report([good], 'a b')).body.errors[0].field, 'source');
  assert.equal((await report(Array.from({ length: 1_001 }, () => good))).body.errors[0].field, 'observations');
  assert.equal((await report(Array.from({ length: 1_000 }, () => good))).status, 202);
  assert.deepEqual(
    (await list()).map((item) => item.count),
    [1_000],
  );
  await clear();
});

test('the command line lists them', async () => {
  await report([
    { subject: ALICE, action: 'register', profile: 'suspended', code: 403, count: 7, at: '2026-01-01T00:00:00Z' },
    { subject: ALICE, action: 'register', profile: 'suspended', code: 403, count: 7 },
    { subject: 'sip:nobody@nowhere.example', action: 'register' },
  ]);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const env = { ABEYANCE_TOKEN: TOKEN };
  const { out, err, code } = await runCli(url, ['observations', '--since', '2026-01-01'], { env });
  assert.equal(code, 0, err);
  assert.match(out, /^minute +subject +action +effect +profile +code +source +count$/m);
  assert.match(out, new RegExp(`^\\S+ \\S+ UTC +alice@${DOMAIN} +register +deny +suspended +403 +kamailio-1 +7$`, 'm'));
  assert.match(out, /\(unknown\) +register +deny +- +- +kamailio-1 +1$/m);
  const one = await runCli(url, ['observations', '--subject', ALICE, '--account', entities.parent.id, '--json'], {
    env,
  });
  assert.equal((JSON.parse(one.out) as unknown[]).length, 1, 'the older one was too late');
  const none = await runCli(url, ['observations', '--action', 'dns'], { env });
  assert.match(none.out, /Nothing was refused/);
  await clear();
});

test('old counts are swept, and those of an erased account go with it', async () => {
  const account = await operator.create('account', entities.parent.id, { name: 'To erase' });
  await report([
    { subject: account.id, action: 'api' },
    { subject: ALICE, action: 'api', at: ago(20 * 60 * MINUTE) },
  ]);
  const sweep = (before: Date) =>
    transact(pool, here.chainKey, 'none', systemAuthor('system:maintenance'), (transaction) =>
      sweepObservations(transaction, before),
    );
  assert.equal((await sweep(new Date(Date.now() - 10 * 60 * MINUTE))).value, 1);
  assert.equal((await list()).length, 1);
  await operator.close(account.id);
  await made(admin('POST', `/v1/entities/${account.id}/erase`));
  assert.deepEqual(await list(), []);
});
