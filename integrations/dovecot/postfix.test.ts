/** The maps of Postfix, asked by postmap and by a real Postfix that takes mail, delivers it to Dovecot and submits. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Installation, testInstallation } from '#test/installation.ts';
import { type Operator, makeOperator } from '#test/operator.ts';
import { made } from '#test/people.ts';
import { accessAs } from '#test/real-server.ts';

import { type Dovecot, startDovecot } from './dovecot-server.ts';
import { converse, countMail, message } from './line-client.ts';
import { type Postfix, startPostfix } from './postfix-server.ts';

const BOB = 'bob@voice.example';
const DAVE = 'dave@other.example';
const PASSWORD = 'secret 1';
const WORLD = 'world@elsewhere.example';

let installation: Installation;
let operator: Operator;
let dovecot: Dovecot;
let postfix: Postfix;
const cleanup: (() => Promise<void> | void)[] = [];
const t = { after: (work: () => Promise<void> | void) => void cleanup.unshift(work) };

before(async () => {
  installation = await testInstallation(t);
  operator = await makeOperator(installation);
  const { account, other } = operator.entities;
  const { id: zone } = await operator.create('dns_zone', account.id, { name: 'voice.example' });
  await operator.create('mailbox', zone, { address: BOB, password: PASSWORD });
  await operator.create('mailbox', other.id, { address: DAVE, password: PASSWORD });
  dovecot = await startDovecot(t, installation.connectionString, { penalty_mode: '0' });
  postfix = await startPostfix(t, dovecot);
});
after(async () => {
  for (const work of cleanup) await work();
});

const receive = (recipient: string) =>
  converse(postfix.port, ['EHLO test', `MAIL FROM:<${WORLD}>`, `RCPT TO:<${recipient}>`, 'DATA', message('Text.')]);
const authenticate = (user: string, password: string) =>
  `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`;
const submit = (user: string, sender: string, recipient = DAVE) =>
  converse(postfix.port, [
    'EHLO test',
    authenticate(user, PASSWORD),
    `MAIL FROM:<${sender}>`,
    `RCPT TO:<${recipient}>`,
    'DATA',
    message('Text.'),
  ]);

async function arrived(user: string, wanted: number): Promise<void> {
  for (;;) {
    const count = await countMail(dovecot.imapPort, user, PASSWORD).catch(() => 0);
    if (count >= wanted) return assert.equal(count, wanted);
    await sleep(100);
  }
}

test('the maps know mailboxes and their domains, and nothing else', async () => {
  assert.equal(await postfix.lookUp('domain', 'voice.example'), 'dovecot');
  assert.equal(await postfix.lookUp('domain', 'elsewhere.example'), null);
  assert.equal(await postfix.lookUp('mailbox', BOB), 'dovecot');
  assert.equal(await postfix.lookUp('mailbox', 'Bob@VOICE.example'), 'dovecot');
  assert.equal(await postfix.lookUp('mailbox', 'nobody@voice.example'), null);
  assert.equal(await postfix.lookUp('login', BOB), BOB);
  for (const map of ['sender', 'recipient']) assert.equal(await postfix.lookUp(map, BOB), null);
  for (const map of ['mailbox', 'login', 'sender', 'recipient', 'domain'])
    for (const key of [`x' or '1'='1`, `' or '1'='1'@voice.example`, String.raw`\' or 1=1 --@voice.example`, '%s'])
      assert.equal(await postfix.lookUp(map, key), null, `${map} ${key}`);
});

test('a mailbox receives and sends; held it does neither; lifted it does both again', async () => {
  const { account, reseller } = operator.entities;
  assert.match(await receive(BOB), /^250 2\.0\.0 Ok: queued/);
  await arrived(BOB, 1);
  assert.match(await submit(BOB, BOB), /^250 2\.0\.0 Ok: queued/);
  await arrived(DAVE, 1);
  for (const at of [account.id, reseller.id]) {
    const lift = await operator.hold(at);
    assert.equal(await postfix.lookUp('recipient', BOB), '450 4.2.1 Account suspended');
    assert.equal(await postfix.lookUp('sender', BOB), '550 5.7.1 Account suspended');
    assert.equal(await receive(BOB), `450 4.2.1 <${BOB}>: Recipient address rejected: Account suspended`);
    assert.match(await submit(BOB, BOB), /^535 5\.7\.8 Error: authentication failed/);
    await lift();
  }
  assert.match(await receive(BOB), /^250/);
  await arrived(BOB, 2);
  assert.match(await submit(BOB, BOB), /^250/);
  await arrived(DAVE, 2);
});

test('limited: what arrives is taken, what is sent is refused, also in a session that is signed in already', async () => {
  const lines = ['EHLO test', authenticate(BOB, PASSWORD)];
  assert.match(await converse(postfix.port, lines), /^235/);
  let lift: () => Promise<void> = () => Promise.resolve();
  const answer = await converse(postfix.port, [...lines, `MAIL FROM:<${BOB}>`, `RCPT TO:<${DAVE}>`], async (line) => {
    if (line.startsWith('MAIL')) lift = await operator.hold(operator.entities.account.id, 'limited');
  });
  assert.equal(answer, `550 5.7.1 <${BOB}>: SASL login name rejected: Service limited`);
  assert.match(await submit(BOB, BOB), /^535/);
  assert.match(await receive(BOB), /^250/);
  await arrived(BOB, 3);
  await lift();
});

test('nobody sends in the name of another mailbox', async () => {
  assert.equal(
    await submit(DAVE, BOB, WORLD),
    `553 5.7.1 <${BOB}>: Sender address rejected: not owned by user ${DAVE}`,
  );
});

test('a profile rejects for good where it says so; closed mailboxes are rejected, and an empty domain is ours no more', async () => {
  await made(
    operator.admin('PUT', '/v1/profiles/gone', {
      denied: ['mail.receive'],
      refusal: { text: 'Mailbox – gone' },
      systems: { postfix: { answer: 'reject' } },
    }),
  );
  const lift = await operator.hold(operator.entities.account.id, 'gone');
  assert.equal(await receive(BOB), `550 5.2.1 <${BOB}>: Recipient address rejected: Mailbox ? gone`);
  await lift();
  const second = await operator.create('mailbox', operator.entities.account.id, { address: 'second@voice.example' });
  await operator.close(second.id);
  assert.match(await receive('second@voice.example'), /^550 5\.2\.1 <second@voice\.example>: .*: Account closed$/);
  await operator.close(operator.entities.account.id);
  assert.equal(await postfix.lookUp('domain', 'voice.example'), null);
});

test('without the database mail is deferred, not refused', async () => {
  const { name, user } = accessAs('dovecot', installation.connectionString);
  await installation.pool.query(`revoke connect on database ${name} from public`);
  await installation.pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and datname = $2',
    [user, name],
  );
  assert.match(await receive(DAVE), /^4/);
  await installation.pool.query(`grant connect on database ${name} to public`);
});
