/** The story of the small operator through a real Dovecot: IMAP, POP3, deliveries, submission, and running sessions. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { type Installation, testInstallation } from '#test/installation.ts';
import { type Operator, makeOperator } from '#test/operator.ts';
import { made } from '#test/people.ts';
import { run } from '#test/real-server.ts';

import { API_KEY, type Dovecot, startDovecot } from './dovecot-server.ts';
import { countMail, deliver, imapAnswer, imapLogin, openImap, pop3Login, saslAnswer } from './line-client.ts';

const BOB = 'bob@voice.example';
const CAROL = 'carol@voice.example';
const DAVE = 'dave@other.example';
const PASSWORD = 'a pass"word\'s';
const WRONG_PASSWORD = 'NO [AUTHENTICATIONFAILED] Authentication failed.';

let installation: Installation;
let operator: Operator;
let dovecot: Dovecot;
let zone: string;
const cleanup: (() => Promise<void> | void)[] = [];
const t = { after: (work: () => Promise<void> | void) => void cleanup.unshift(work) };

before(async () => {
  installation = await testInstallation(t);
  operator = await makeOperator(installation);
  const { account, owner, other } = operator.entities;
  ({ id: zone } = await operator.create('dns_zone', account.id, { name: 'voice.example' }));
  await operator.create('mailbox', zone, { address: BOB, password: PASSWORD });
  await operator.create('mailbox', zone, { address: CAROL, password: PASSWORD }, owner.id);
  await operator.create('mailbox', other.id, { address: DAVE, password: PASSWORD });
  dovecot = await startDovecot(t, installation.connectionString);
});
after(async () => {
  for (const work of cleanup) await work();
});

/** What each protocol answers a mailbox, with the right password. */
async function ask(user: string) {
  return {
    imap: await imapLogin(dovecot.imapPort, user, PASSWORD),
    pop3: await pop3Login(dovecot.pop3Port, user, PASSWORD),
    mail: (await deliver(dovecot.lmtpSocket, user)).slice(0, 9),
    submission: (await saslAnswer(dovecot.authSocket, user, PASSWORD)).split(' ')[0],
  };
}

const WORKS = { imap: 'OK Logged in', pop3: '+OK Logged in.', mail: '250 2.0.0', submission: 'OK' };
const HELD = {
  imap: 'NO [CONTACTADMIN] Account suspended',
  pop3: '-ERR [AUTH] Account suspended',
  mail: '451 4.3.0',
  submission: 'FAIL',
};

test('a mailbox works; held at any level above it is refused; lifted it works again', async () => {
  const { account, parent, reseller } = operator.entities;
  assert.deepEqual(await ask(BOB), WORKS);
  for (const at of [account.id, parent.id, reseller.id, zone]) {
    const lift = await operator.hold(at);
    assert.deepEqual(await ask(BOB), HELD);
    if (at !== reseller.id) assert.equal(await imapLogin(dovecot.imapPort, DAVE, PASSWORD), WORKS.imap);
    await lift();
    assert.deepEqual(await ask(BOB), WORKS);
  }
});

test('a mailbox that another account owns is held with its owner, and the others of the zone are not', async () => {
  const lift = await operator.hold(operator.entities.owner.id);
  assert.deepEqual(await ask(CAROL), HELD);
  assert.deepEqual(await ask(BOB), WORKS);
  await lift();
  assert.deepEqual(await ask(CAROL), WORKS);
});

test('limited: mail is read and received, and nothing is sent', async () => {
  const lift = await operator.hold(operator.entities.account.id, 'limited');
  assert.deepEqual(await ask(BOB), { ...WORKS, submission: 'FAIL' });
  await lift();
});

test('two holds: the graver one words the refusal, and lifting one leaves the other', async () => {
  const { account, parent } = operator.entities;
  const liftAccount = await operator.hold(account.id);
  const liftParent = await operator.hold(parent.id, 'fraud');
  assert.equal(await imapLogin(dovecot.imapPort, BOB, PASSWORD), 'NO [CONTACTADMIN] Account blocked');
  await liftParent();
  assert.equal(await imapLogin(dovecot.imapPort, BOB, PASSWORD), HELD.imap);
  await liftAccount();
  assert.equal(await imapLogin(dovecot.imapPort, BOB, PASSWORD), WORKS.imap);
});

test('mail arrives by LMTP and by dovecot-lda while nobody may read it, and is there afterwards', async () => {
  await made(
    operator.admin('PUT', '/v1/profiles/unread', { denied: ['mail.read'], refusal: { text: 'Ask Anna — +31 20 800' } }),
  );
  const had = await countMail(dovecot.imapPort, BOB, PASSWORD);
  const lift = await operator.hold(zone, 'unread');
  assert.equal(await imapLogin(dovecot.imapPort, BOB, PASSWORD), 'NO [CONTACTADMIN] Ask Anna ? +31 20 800');
  assert.match(await deliver(dovecot.lmtpSocket, BOB), /^250 2\.0\.0/);
  assert.match(await deliver(dovecot.lmtpSocket, 'bob+lists@voice.example'), /^250 2\.0\.0/);
  assert.equal((await lda(BOB)).code, 0);
  await lift();
  assert.equal(await countMail(dovecot.imapPort, BOB, PASSWORD), had + 3);
});

const EX_NOUSER = 67;
const EX_TEMPFAIL = 75;

function lda(user: string) {
  const input = 'From: world@elsewhere.example\nSubject: Hello\n\nText.\n';
  return run('/usr/lib/dovecot/dovecot-lda', ['-c', `${dovecot.folder}/dovecot.conf`, '-d', user], { input });
}

test('where nothing may be received, mail waits in the queue, or is refused where the profile says so', async () => {
  const profile = { denied: ['mail.receive'], refusal: { text: 'Mailbox away' } };
  await made(operator.admin('PUT', '/v1/profiles/away', profile));
  let lift = await operator.hold(zone, 'away');
  assert.match(await deliver(dovecot.lmtpSocket, BOB), /^451 4\.3\.0/);
  assert.equal((await lda(BOB)).code, EX_TEMPFAIL);
  assert.equal(await imapLogin(dovecot.imapPort, BOB, PASSWORD), WORKS.imap);
  await lift();
  const rejecting = { ...profile, systems: { postfix: { answer: 'reject' } } };
  await made(operator.admin('PUT', '/v1/profiles/gone', rejecting));
  lift = await operator.hold(zone, 'gone');
  assert.match(await deliver(dovecot.lmtpSocket, BOB), /^550 5\.1\.1/);
  assert.equal((await lda(BOB)).code, EX_NOUSER);
  await lift();
  assert.match(await deliver(dovecot.lmtpSocket, BOB), /^250/);
});

test('a wrong password of a held mailbox is answered as any wrong password and as an unknown name', async () => {
  const lift = await operator.hold(zone);
  assert.equal(await imapLogin(dovecot.imapPort, BOB, 'wrong'), WRONG_PASSWORD);
  assert.equal(await pop3Login(dovecot.pop3Port, BOB, 'wrong'), '-ERR [AUTH] Authentication failed.');
  await lift();
  assert.equal(await imapLogin(dovecot.imapPort, BOB, 'wrong'), WRONG_PASSWORD);
  assert.equal(await imapLogin(dovecot.imapPort, 'nobody@voice.example', PASSWORD), WRONG_PASSWORD);
});

test('a session that waits in IDLE is ended over HTTP, and cannot come back', async () => {
  const session = await openImap(dovecot.imapPort);
  assert.match(await imapAnswer(session, `LOGIN ${BOB} "a pass\\"word's"`), /^OK/);
  await imapAnswer(session, 'SELECT INBOX');
  session.send('b IDLE');
  await session.until(/^\+ idling/);
  const lift = await operator.hold(operator.entities.reseller.id, 'fraud');
  const [[name, sessions]] = (await dovecot.doveadm([['who', { mask: [BOB] }]])) as [[string, { username: string }[]]];
  assert.equal(name, 'doveadmResponse');
  assert.deepEqual(
    sessions.map(({ username }) => username),
    [BOB],
  );
  assert.deepEqual(await dovecot.doveadm([['kick', { mask: [BOB] }]]), [['doveadmResponse', [{ result: BOB }], 'tag']]);
  assert.match((await session.until(/^\* BYE/)).at(-1) ?? '', /^\* BYE/);
  assert.equal(await session.line(), null);
  assert.equal(await imapLogin(dovecot.imapPort, BOB, PASSWORD), 'NO [CONTACTADMIN] Account blocked');
  await lift();
});

test('the HTTP interface lets nobody in without the key, and commands do no harm where nobody is', async () => {
  assert.equal((await dovecot.ask('another key', '[["who",{},"tag"]]')).status, 401);
  assert.equal((await dovecot.ask(API_KEY, '[["who",{},"tag"]]')).status, 200);
  assert.deepEqual(await dovecot.doveadm([['kick', { mask: ['nobody@voice.example'] }]]), [
    ['error', { type: 'exitCode', exitCode: 68 }, 'tag'],
  ]);
  assert.deepEqual(await dovecot.doveadm([['authCacheFlush', { user: [BOB] }]]), [
    ['doveadmResponse', [{ entries: '0' }], 'tag'],
  ]);
});

test('mail of a full mailbox is refused', async () => {
  const small = 'small@other.example';
  await operator.create('mailbox', operator.entities.other.id, {
    address: small,
    password: PASSWORD,
    quotaMegabytes: 1,
  });
  assert.match(await deliver(dovecot.lmtpSocket, small), /^250/);
  assert.match(await deliver(dovecot.lmtpSocket, small, 'x'.repeat(900).concat('\r\n').repeat(1300)), /^552 5\.2\.2/);
});

test('a closed mailbox answers so to its owner and is unknown to deliveries; a new one takes its name over', async () => {
  await operator.close(zone);
  const closed = {
    imap: 'NO [CONTACTADMIN] Account closed',
    pop3: '-ERR [AUTH] Account closed',
    mail: '550 5.1.1',
    submission: 'FAIL',
  };
  assert.deepEqual(await ask(BOB), closed);
  assert.deepEqual(await ask(CAROL), closed);
  await operator.create('mailbox', operator.entities.other.id, { address: BOB, password: 'another password' });
  assert.equal(await imapLogin(dovecot.imapPort, BOB, 'another password'), WORKS.imap);
});
