/** A real PowerDNS that caches, as a system: what it answers changes when it is told, and secondaries hear of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Outcome } from '#systems/system.ts';
import { testInstallation } from '#test/installation.ts';
import { makeOperator } from '#test/operator.ts';
import { made } from '#test/people.ts';
import { freePort } from '#test/real-server.ts';

import { toldNode } from '../told-node-for-test.ts';
import { API_KEY, assertRefused, startPdns } from './pdns-for-test.ts';
import { startSecondary } from './secondary-for-test.ts';
import { NUMBER, RANGE, ZONE, makeDnsWorld } from './world-for-test.ts';

/** Not `after` alone: within a test that would be the end of that test. */
const cleanup: (() => Promise<void> | void)[] = [];
const t = { after: (work: () => Promise<void> | void) => void cleanup.unshift(work) };
after(async () => {
  for (const work of cleanup) await work();
});

const secondary = await startSecondary(t);
const installation = await testInstallation(t);
const operator = await makeOperator(installation);
const { account, parent, owner, other } = operator.entities;
const world = await makeDnsWorld(operator, { secondaries: [`127.0.0.1:${secondary.port}`] });
const apiPort = await freePort();
/** An hour: nothing of what follows happens by time. */
const CACHED = { cache_seconds: '3600', api_port: String(apiPort) };
let pdns = await startPdns(t, installation.connectionString, CACHED);
const system = { settings: { url: `http://127.0.0.1:${apiPort}` }, secrets: { key: API_KEY } };
const told = (node: number) => toldNode(installation.pool, 'powerdns', system, node);
const say = () => Promise.all(['www.example.com', 'rented.example.com'].map((name) => pdns.say(name)));

function noteOf(outcome: Outcome | null): string {
  assert.equal(outcome?.type, 'done');
  return outcome?.type === 'done' ? (outcome.note ?? '') : '';
}

/** What was notified before, of a zone that was made a moment ago, is none of what follows. */
async function settled(): Promise<void> {
  await pdns.call('PUT', `/zones/${ZONE}./notify`);
  assert.equal(await secondary.next(), ZONE);
  secondary.notified.length = 0;
}

test('answers change at once after a suspension and after a resumption, and the secondary is notified of both', async () => {
  await settled();
  const node = told(parent.number);
  assert.equal(await node.tell(), null, 'nothing is held');
  assert.deepEqual(await say(), ['192.0.2.2', '192.0.2.3']);
  const lift = await operator.hold(parent.id);
  assert.deepEqual(await say(), ['192.0.2.2', '192.0.2.3'], 'from the cache');
  assert.match(noteOf(await node.tell()), /^2 zones purged, [1-9]\d* entries forgotten, 1 zone notified$/);
  assertRefused(await pdns.ask('www.example.com'));
  assert.equal(await secondary.next(), ZONE);
  secondary.notified.length = 0;
  assert.equal(await node.tell(), null, 'told once');
  await lift();
  assertRefused(await pdns.ask('www.example.com'));
  assert.match(noteOf(await node.tell()), /^2 zones purged, .*1 zone notified$/);
  assert.deepEqual(await say(), ['192.0.2.2', '192.0.2.3']);
  assert.equal(await secondary.next(), ZONE);
});

test('a hold on an owner, on a record, on a number: the zone that contains it forgets; a hold that leaves names alone tells nothing', async () => {
  const record = await installation.pool.query<{ id: number }>('select id from entity where uuid = $1', [world.www]);
  const number = await installation.pool.query<{ id: number }>('select id from entity where uuid = $1', [world.number]);
  for (const [id, node, name, type] of [
    [owner.id, owner.number, 'rented.example.com', 'A'],
    [world.www, record.rows[0]?.id ?? 0, 'www.example.com', 'A'],
    [world.number, number.rows[0]?.id ?? 0, NUMBER, 'NAPTR'],
  ] as const) {
    const target = told(node);
    const before = await pdns.say(name, type);
    const lift = await operator.hold(id);
    assert.equal(await pdns.say(name, type), before, 'from the cache');
    noteOf(await target.tell());
    assert.equal(await pdns.say(name, type), 'NXDOMAIN', name);
    await lift();
    noteOf(await target.tell());
    assert.equal(await pdns.say(name, type), before);
  }
  const limited = await operator.hold(account.id, 'limited');
  assert.equal(await told(account.number).tell(), null);
  await limited();
});

test('a hold whose lift was overtaken purges again, and so does a profile that answers otherwise', async () => {
  const node = told(account.number);
  const first = await operator.hold(account.id);
  noteOf(await node.tell());
  assertRefused(await pdns.ask('www.example.com'));
  await first();
  // Nobody tells of the lift; the cache is emptied by a hand, and keeps what is answered in between.
  await pdns.call('PUT', '/cache/flush?domain=.');
  assert.equal(await pdns.say('www.example.com'), '192.0.2.2');
  const second = await operator.hold(account.id);
  noteOf(await node.tell());
  assertRefused(await pdns.ask('www.example.com'));
  const parking = { denied: ['dns'], systems: { powerdns: { answer: 'parked', addresses: ['192.0.2.80'] } } };
  await made(operator.admin('PUT', '/v1/profiles/parking', parking));
  await second();
  const parked = await operator.hold(account.id, 'parking');
  noteOf(await node.tell());
  assert.equal(await pdns.say('www.example.com'), '192.0.2.80');
  const elsewhere = { ...parking, systems: { powerdns: { answer: 'parked', addresses: ['192.0.2.81'] } } };
  await made(operator.admin('PUT', '/v1/profiles/parking', elsewhere));
  assert.equal(await pdns.say('www.example.com'), '192.0.2.80', 'from the cache');
  noteOf(await node.tell());
  assert.equal(await pdns.say('www.example.com'), '192.0.2.81');
  await parked();
  noteOf(await node.tell());
  assert.equal(await pdns.say('www.example.com'), '192.0.2.2');
});

test('a server that is down is told later; a wrong key needs a person', async () => {
  const node = told(account.number);
  await pdns.server.stop();
  const lift = await operator.hold(account.id);
  const away = await node.tell();
  assert.deepEqual([away?.type, away !== null && 'code' in away && away.code], ['later', 'unavailable']);
  pdns = await startPdns(t, installation.connectionString, CACHED);
  noteOf(await node.tell());
  assertRefused(await pdns.ask('www.example.com'));
  const keyless = toldNode(installation.pool, 'powerdns', { ...system, secrets: { key: 'another' } }, account.number);
  const wrong = await keyless.tell();
  assert.deepEqual([wrong?.type, wrong !== null && 'code' in wrong && wrong.code], ['never', 'credentials']);
  await lift();
  noteOf(await node.tell());
});

test('what is closed is forgotten at once, and what lies beside it is not touched', async () => {
  assert.equal(await pdns.say('aside.example'), '192.0.2.200');
  assert.equal(await pdns.say('www.example.com'), '192.0.2.2');
  const node = told(account.number);
  await operator.close(account.id);
  assert.equal(noteOf(await node.tell()).split(',')[0], '2 zones purged');
  assertRefused(await pdns.ask('www.example.com'));
  assertRefused(await pdns.ask(RANGE, 'SOA'));
  await operator.hold(other.id);
  assert.equal(await pdns.say('aside.example'), '192.0.2.200', 'nobody told of it, so the cache still has it');
});
