/** A real Dovecot as a system: whose sessions end with a hold, and whose do not. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { makeOperator } from '#test/operator.ts';
import { freePort } from '#test/real-server.ts';

import { toldNode } from '../told-node-for-test.ts';
import { API_KEY, startDovecot } from './dovecot-server.ts';
import { type LineClient, imapAnswer, imapLogin, openImap } from './line-client.ts';

const [BOB, CAROL, DAVE] = ['bob@voice.example', 'carol@voice.example', 'dave@other.example'];
const PASSWORD = 'password';

/** Not `after` alone: within a test that would be the end of that test. */
const cleanup: (() => Promise<void> | void)[] = [];
const t = { after: (work: () => Promise<void> | void) => void cleanup.unshift(work) };
after(async () => {
  for (const work of cleanup) await work();
});

const installation = await testInstallation(t);
const operator = await makeOperator(installation);
const { account, parent, owner, other } = operator.entities;
const zone = await operator.create('dns_zone', account.id, { name: 'voice.example' });
const bob = await operator.create('mailbox', zone.id, { address: BOB, password: PASSWORD });
await operator.create('mailbox', zone.id, { address: CAROL, password: PASSWORD }, owner.id);
await operator.create('mailbox', other.id, { address: DAVE, password: PASSWORD });
const doveadmPort = await freePort();
const FIXED = { doveadm_port: String(doveadmPort) };
let dovecot = await startDovecot(t, installation.connectionString, FIXED);
const system = { settings: { url: `http://127.0.0.1:${doveadmPort}` }, secrets: { key: API_KEY } };
const told = (node: number) => toldNode(installation.pool, 'dovecot', system, node);
const signedOut = (users: number) => ({ type: 'done', note: `${users} ${users === 1 ? 'user' : 'users'} signed out` });

async function idle(user: string): Promise<LineClient> {
  const session = await openImap(dovecot.imapPort);
  cleanup.unshift(() => session.close());
  assert.match(await imapAnswer(session, `LOGIN ${user} ${PASSWORD}`), /^OK/);
  await imapAnswer(session, 'SELECT INBOX');
  session.send('b IDLE');
  await session.until(/^\+ idling/);
  return session;
}

async function assertGoesOn(session: LineClient): Promise<void> {
  session.send('DONE');
  assert.match((await session.until(/^b /)).at(-1) ?? '', /^b OK/);
  session.send('b IDLE');
  await session.until(/^\+ idling/);
}

async function assertEnded(session: LineClient): Promise<void> {
  assert.match((await session.until(/^\* BYE/)).at(-1) ?? '', /^\* BYE/);
  assert.equal(await session.line(), null);
}

test('a dunning hold leaves sessions, fraud ends those beneath, and nobody beside is touched', async () => {
  const [bobs, carols, daves] = [await idle(BOB), await idle(CAROL), await idle(DAVE)];
  const node = told(parent.number);
  const dunning = await operator.hold(parent.id, 'suspended');
  assert.equal(await node.tell(), null, 'suspended lets sessions finish');
  await assertGoesOn(bobs);
  const fraud = await operator.hold(parent.id, 'fraud');
  assert.deepEqual(await node.tell(), signedOut(2));
  for (const session of [bobs, carols]) await assertEnded(session);
  await assertGoesOn(daves);
  assert.equal(await imapLogin(dovecot.imapPort, BOB, PASSWORD), 'NO [CONTACTADMIN] Account blocked');
  await fraud();
  assert.equal(await node.tell(), null, 'a lift tells nothing');
  await dunning();
  assert.equal(await node.tell(), null);
});

test('signed in again between two holds, and the lift was never told: the second hold ends it', async () => {
  const node = told(bob.number);
  const first = await operator.hold(bob.id, 'fraud');
  assert.deepEqual(await node.tell(), signedOut(0), 'nobody is connected');
  await first();
  const [session, carols] = [await idle(BOB), await idle(CAROL)];
  const second = await operator.hold(bob.id, 'fraud');
  assert.deepEqual(await node.tell(), signedOut(1));
  await assertEnded(session);
  await assertGoesOn(carols);
  await second();
});

test('an owner that is held loses its sessions in the zone of somebody else, and a closed mailbox its own', async () => {
  const [bobs, carols] = [await idle(BOB), await idle(CAROL)];
  const lift = await operator.hold(owner.id, 'fraud');
  assert.deepEqual(await told(owner.number).tell(), signedOut(1));
  await assertEnded(carols);
  await lift();
  await assertGoesOn(bobs);
  await operator.close(bob.id);
  assert.deepEqual(await told(bob.number).tell(), signedOut(1));
  await assertEnded(bobs);
});

test('a server that is down is told later, and a wrong key needs a person', async () => {
  await dovecot.stop();
  const lift = await operator.hold(other.id, 'fraud');
  const node = told(other.number);
  const away = await node.tell();
  assert.deepEqual([away?.type, away !== null && 'code' in away && away.code], ['later', 'unavailable']);
  dovecot = await startDovecot(t, installation.connectionString, FIXED);
  assert.deepEqual(await node.tell(), signedOut(0));
  const keyless = toldNode(installation.pool, 'dovecot', { ...system, secrets: { key: 'another' } }, other.number);
  const wrong = await keyless.tell();
  assert.deepEqual([wrong?.type, wrong !== null && 'code' in wrong && wrong.code], ['never', 'credentials']);
  await lift();
});
