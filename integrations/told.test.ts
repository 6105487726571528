/**
 * A customer of three real servers, and the reconciler that tells them: what runs ends with a hold and what is kept is
 * forgotten, without anybody asking for it; also where a server was away meanwhile.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Values } from '#core/field.ts';
import { LOCAL_PACE, type SystemKindName } from '#core/system-kind.ts';
import { makeDrivers } from '#main/drivers.ts';
import { Reconciler } from '#reconciler/reconciler.ts';
import { systemAuthor } from '#store/change.ts';
import { insertSystem } from '#store/system.ts';
import { transact } from '#store/transaction.ts';
import { waitUntil } from '#test/barrier.ts';
import { DOMAIN } from '#test/operator.ts';
import { freePort } from '#test/real-server.ts';
import { headerOf } from '#test/sip-agent.ts';

import { API_KEY as DOVEADM_KEY, startDovecot } from './dovecot/dovecot-server.ts';
import { type LineClient, imapAnswer, openImap } from './dovecot/line-client.ts';
import { CREDENTIALS, makeSipWorld, startKamailio } from './kamailio/kamailio-fixture.ts';
import { API_KEY as POWERDNS_KEY, startPdns } from './powerdns/pdns-for-test.ts';
import { startSecondary } from './powerdns/secondary-for-test.ts';

/** Not `after` alone: within a test that would be the end of that test. */
const cleanup: (() => Promise<void> | void)[] = [];
const t = { after: (work: () => Promise<void> | void) => void cleanup.unshift(work) };
after(async () => {
  for (const work of cleanup) await work();
});

const world = await makeSipWorld(t);
const { installation } = world;
const { account } = world.entities;
const secondary = await startSecondary(t);
const zone = await world.create('dns_zone', account.id, {
  name: 'mail.example',
  nameservers: ['ns1.example.net'],
  secondaries: [`127.0.0.1:${secondary.port}`],
});
await world.create('dns_record', zone.id, { name: 'www.mail.example', type: 'A', value: '192.0.2.7' });
await world.create('mailbox', zone.id, { address: 'bob@mail.example', password: 'password' });
const [rpcPort, apiPort, doveadmPort] = [await freePort(), await freePort(), await freePort()];
const { connectionString } = installation;
const kamailio = await startKamailio(t, connectionString, { rpc_port: String(rpcPort) });
/** An hour: nothing of what follows happens by time. */
const pdns = await startPdns(t, connectionString, { cache_seconds: '3600', api_port: String(apiPort) });
const FIXED = { doveadm_port: String(doveadmPort) };
let dovecot = await startDovecot(t, connectionString, FIXED);
const [phone, bobs] = [await kamailio.agent(), await kamailio.agent()];

async function addSystem(kind: SystemKindName, settings: Values, secrets: Values = {}): Promise<void> {
  const { context, pool, chainKey } = installation;
  await transact(pool, chainKey, 'none', systemAuthor('token:admin'), async (transaction) => {
    const row = await insertSystem(transaction, context.sealingKey, {
      ...LOCAL_PACE,
      retryMinMs: 50,
      retryMaxMs: 500,
      name: kind,
      kind,
      accountId: 0,
      settings,
      secrets,
      drift: 'off',
    });
    const facts = { system: row.uuid, name: kind, systemKind: kind };
    transaction.record({ kind: 'system.created', entityId: null, facts, touched: [] });
  });
}

const troubles: string[] = [];
const reconciler = new Reconciler({
  pool: installation.pool,
  connectionString,
  sealingKey: () => installation.context.sealingKey,
  chainKey: () => installation.context.chainKey,
  makeDriver: makeDrivers({ pool: installation.pool }),
  workerName: 'test',
  onTrouble: (what, error) => troubles.push(`${what}: ${String(error)}`),
});
t.after(() => reconciler.stop());
reconciler.start();
await addSystem('kamailio', { url: `http://127.0.0.1:${rpcPort}/RPC` });
await addSystem('powerdns', { url: `http://127.0.0.1:${apiPort}` }, { key: POWERDNS_KEY });
await addSystem('dovecot', { url: `http://127.0.0.1:${doveadmPort}` }, { key: DOVEADM_KEY });

interface Told {
  readonly outcome: string;
  readonly note: string | null;
  readonly code: string | null;
  readonly detail: string | null;
}

/** How it stands with the account in each system. */
async function targets(): Promise<Record<string, Told>> {
  const { rows } = await installation.pool.query<Told & { name: string }>(
    `select s.name, target_outcome(t) as outcome, t.note, t.problem_code as code, t.problem_detail as detail
      from target t join system s on s.id = t.system_id where t.entity_id = $1`,
    [account.number],
  );
  return Object.fromEntries(rows.map(({ name, ...row }) => [name, row]));
}

/** Waits until all that was committed is confirmed by these systems. */
async function confirmed(...systems: readonly string[]): Promise<Record<string, Told>> {
  const { rows } = await installation.pool.query<{ revision: number }>('select revision from change_counter');
  await waitUntil(`${systems.join(', ')} agree`, async () => {
    const { rows: open } = await installation.pool.query<{ open: boolean }>(
      `select (select revision from sweep_cursor) < $1 or exists (select from sweep where expanded_at is null) or exists (
        select from target t join system s on s.id = t.system_id
        where s.name = any ($2) and t.generation_applied < t.generation_desired) as open`,
      [rows[0]?.revision, systems],
    );
    return open[0]?.open === false;
  });
  return targets();
}

async function idle(): Promise<LineClient> {
  const session = await openImap(dovecot.imapPort);
  t.after(() => session.close());
  assert.match(await imapAnswer(session, 'LOGIN bob@mail.example password'), /^OK/);
  await imapAnswer(session, 'SELECT INBOX');
  session.send('b IDLE');
  await session.until(/^\+ idling/);
  return session;
}

async function call() {
  for (const [agent, name] of [
    [phone, 'alice'],
    [bobs, 'bob'],
  ] as const)
    assert.equal((await agent.register(`${name}@${DOMAIN}`, CREDENTIALS(name))).code, 200);
  const answered = await phone.request('INVITE', {
    from: `alice@${DOMAIN}`,
    to: `bob@${DOMAIN}`,
    credentials: CREDENTIALS('alice'),
  });
  assert.equal(answered.code, 200);
  const id = headerOf(answered, 'Call-ID');
  return { isEnded: () => bobs.requests.some((one) => one.words === 'BYE' && headerOf(one, 'Call-ID') === id) };
}

const ALL = ['kamailio', 'powerdns', 'dovecot'] as const;

test('a dunning hold changes what names answer, and leaves the call and the session; fraud ends them', async () => {
  assert.equal(await pdns.say('www.mail.example'), '192.0.2.7');
  const [running, session] = [await call(), await idle()];
  const dunning = await world.hold(account.id, 'suspended');
  const first = await confirmed(...ALL);
  assert.deepEqual(
    ALL.map((name) => first[name]?.outcome),
    ['confirmed', 'confirmed', 'confirmed'],
  );
  assert.deepEqual([first['kamailio']?.note, first['dovecot']?.note], [null, null], 'they were told nothing');
  assert.match(first['powerdns']?.note ?? '', /^1 zone purged, \d+ entr(y|ies) forgotten, 1 zone notified$/);
  assert.equal(await pdns.say('www.mail.example'), 'REFUSED');
  assert.equal(await secondary.next(), 'mail.example');
  assert.equal(running.isEnded(), false);
  session.send('DONE');
  assert.match((await session.until(/^b /)).at(-1) ?? '', /^b OK/);
  session.send('b IDLE');
  await session.until(/^\+ idling/);

  const fraud = await world.hold(account.id, 'fraud');
  await session.until(/^\* BYE/);
  assert.equal(await session.line(), null);
  await waitUntil('the call has ended', running.isEnded);
  const second = await confirmed(...ALL);
  assert.equal(second['kamailio']?.note, '2 registrations removed, 1 call ended');
  assert.equal(second['dovecot']?.note, '1 user signed out');
  assert.ok(!('result' in (await kamailio.rpc('ul.lookup', 'location', `alice@${DOMAIN}`))));

  await fraud();
  await dunning();
  await confirmed(...ALL);
  assert.equal(await pdns.say('www.mail.example'), '192.0.2.7', 'the same data as before');
});

test('a server that is away keeps nobody up, and is told what counts when it is back', async () => {
  const running = await call();
  await dovecot.stop();
  const lift = await world.hold(account.id, 'fraud');
  await waitUntil('the call has ended', running.isEnded);
  await confirmed('kamailio', 'powerdns');
  assert.equal(await pdns.say('www.mail.example'), 'REFUSED');
  await waitUntil('Dovecot was tried', async () => (await targets())['dovecot']?.outcome === 'retrying');
  const { code, detail } = (await targets())['dovecot'] ?? {};
  assert.equal(code, 'unavailable');
  assert.match(detail ?? '', /cannot be reached/);
  await lift();
  dovecot = await startDovecot(t, connectionString, FIXED);
  const session = await idle();
  assert.equal((await confirmed(...ALL))['dovecot']?.outcome, 'confirmed');
  session.send('DONE');
  assert.match((await session.until(/^b /)).at(-1) ?? '', /^b OK/, 'paid in the meantime: nobody is signed out');

  await dovecot.stop();
  await world.hold(account.id, 'fraud');
  dovecot = await startDovecot(t, connectionString, FIXED);
  assert.equal((await confirmed(...ALL))['dovecot']?.note, '0 users signed out');
  assert.deepEqual(troubles, []);
});
