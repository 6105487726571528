/** Names that mean something to SQL, to Dovecot or to the file system; mailboxes without password; a database that is away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { testInstallation } from '#test/installation.ts';
import { makeOperator } from '#test/operator.ts';
import { accessAs } from '#test/real-server.ts';

import { startDovecot } from './dovecot-server.ts';
import { deliver, imapLogin } from './line-client.ts';

const PASSWORD = 'secret 1';
const OK = 'OK Logged in';
const REFUSED = 'NO [AUTHENTICATIONFAILED] Authentication failed.';
/** Logins that Dovecot slows down by address would make these tests slow; what is slowed is no part of them. */
const ANY_CHARACTER = { username_characters: '', penalty_mode: '0' };

const HOSTILE = [
  `' or "user" = 'bob@voice.example`,
  `x' or '1'='1`,
  `bob@voice.example' --`,
  String.raw`\' or 1=1 --`,
  String.raw`bob@voice.example\\`,
  `x'; select pg_sleep(60); --`,
  '%u%{password}%',
  `'||(select password from dovecot_passdb limit 1)||'`,
  `${'a'.repeat(5000)}@voice.example`,
];

test('no name reaches SQL as anything but a name, even where every character is let through', async (t) => {
  const installation = await testInstallation(t);
  const operator = await makeOperator(installation);
  const { account } = operator.entities;
  await operator.create('mailbox', account.id, { address: 'bob@voice.example', password: PASSWORD });
  await operator.create('mailbox', account.id, { address: "o'brien%u@voice.example", password: PASSWORD });
  const dovecot = await startDovecot(t, installation.connectionString, ANY_CHARACTER);
  for (const name of HOSTILE) {
    assert.equal(await imapLogin(dovecot.imapPort, name, PASSWORD), REFUSED, name);
    assert.match(await deliver(dovecot.lmtpSocket, name.replaceAll(/[ <>]/g, '')), /^5/, name);
  }
  assert.equal(await imapLogin(dovecot.imapPort, "o'brien%u@voice.example", PASSWORD), OK);
  assert.equal(await imapLogin(dovecot.imapPort, 'BOB@Voice.Example', PASSWORD), OK, 'names have no case');
  assert.doesNotMatch(await dovecot.readLog(), /syntax error|unterminated|pg_sleep.*took/i);
});

test('as shipped, names with other characters are refused before they are looked up', async (t) => {
  const installation = await testInstallation(t);
  const operator = await makeOperator(installation);
  const { account } = operator.entities;
  await operator.create('mailbox', account.id, { address: 'bob/.ssh@voice.example', password: PASSWORD });
  await operator.create('mailbox', account.id, { address: "o'brien+1@voice.example", password: PASSWORD });
  await operator.create('mailbox', account.id, { address: 'keyless@voice.example' });
  const dovecot = await startDovecot(t, installation.connectionString, { penalty_mode: '0' });
  assert.equal(await imapLogin(dovecot.imapPort, 'bob/.ssh@voice.example', PASSWORD), REFUSED);
  assert.match(await deliver(dovecot.lmtpSocket, 'bob/.ssh@voice.example'), /^5/);
  assert.equal(await imapLogin(dovecot.imapPort, "o'brien+1@voice.example", PASSWORD), OK);
  for (const password of ['', PASSWORD])
    assert.doesNotMatch(await imapLogin(dovecot.imapPort, 'keyless@voice.example', password), /^OK/);
});

test('without the database nobody gets in and nothing is refused for good; with it all is as before', async (t) => {
  const installation = await testInstallation(t);
  const operator = await makeOperator(installation);
  const { account } = operator.entities;
  await operator.create('mailbox', account.id, { address: 'bob@voice.example', password: PASSWORD });
  const dovecot = await startDovecot(t, installation.connectionString, { penalty_mode: '0' });
  assert.equal(await imapLogin(dovecot.imapPort, 'bob@voice.example', PASSWORD), OK);
  const { name, user } = accessAs('dovecot', installation.connectionString);
  const away = async (isAway: boolean) => {
    const change = isAway ? `revoke connect on database ${name} from` : `grant connect on database ${name} to`;
    await installation.pool.query(`${change} public`);
    if (isAway)
      await installation.pool.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and datname = $2',
        [user, name],
      );
  };
  await away(true);
  assert.match(
    await imapLogin(dovecot.imapPort, 'bob@voice.example', PASSWORD),
    /^NO \[UNAVAILABLE\] Temporary authentication failure\./,
  );
  assert.match(await deliver(dovecot.lmtpSocket, 'bob@voice.example'), /^451 4\.3\.0/);
  await away(false);
  let answer = '';
  for (let attempt = 0; attempt < 60 && answer !== OK; attempt++) {
    answer = await imapLogin(dovecot.imapPort, 'bob@voice.example', PASSWORD);
    if (answer !== OK) await sleep(500); // Dovecot waits a while before it connects again.
  }
  assert.equal(answer, OK);
  const lift = await operator.hold(account.id);
  assert.equal(await imapLogin(dovecot.imapPort, 'bob@voice.example', PASSWORD), 'NO [CONTACTADMIN] Account suspended');
  await lift();
});
