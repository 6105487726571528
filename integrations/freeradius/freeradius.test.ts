/** The story of the small operator through a real FreeRADIUS, asked by radclient. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { type Installation, testInstallation } from '#test/installation.ts';
import { DOMAIN, type Operator, makeOperator } from '#test/operator.ts';
import { made } from '#test/people.ts';
import { type RealServer, accessAs, deploy, freePort, makeFolder, run, startProgram } from '#test/real-server.ts';

const ALICE = `alice@${DOMAIN}`;
const BOB = 'bob@mail.example';
const CAROL = `carol@${DOMAIN}`;
const PASSWORD = 'secret 1';

let installation: Installation;
let operator: Operator;
let radius: RealServer;
let port: number;
let domain: string;
let zone: string;
const cleanup: (() => Promise<void> | void)[] = [];
const t = { after: (work: () => Promise<void> | void) => void cleanup.unshift(work) };

/** What surrounds the files that are shipped, as Debian's raddb does. */
const radiusd = (folder: string) => `
prefix = /usr
name = freeradius
logdir = ${folder}
run_dir = ${folder}
libdir = /usr/lib/freeradius
pidfile = ${folder}/pid
max_request_time = 30
security {
  reject_delay = 0
  status_server = no
}
client loopback {
  ipaddr = 127.0.0.1
  secret = testing
}
thread pool {
  start_servers = 2
  max_servers = 4
  min_spare_servers = 1
  max_spare_servers = 4
}
modules {
  pap {
  }
  digest {
  }
  always ok {
    rcode = ok
  }
  always reject {
    rcode = reject
  }
  always handled {
    rcode = handled
  }
  $INCLUDE ${folder}/mods-enabled/
}
$INCLUDE ${folder}/sites-enabled/
`;

before(async () => {
  installation = await testInstallation(t);
  operator = await makeOperator(installation);
  const { account, owner } = operator.entities;
  ({ id: domain } = await operator.create('sip_domain', account.id, { domain: DOMAIN }));
  ({ id: zone } = await operator.create('dns_zone', account.id, { name: 'mail.example' }));
  await operator.create('sip_account', domain, { username: 'alice', password: PASSWORD });
  await operator.create('sip_account', domain, { username: 'carol', password: PASSWORD }, owner.id);
  await operator.create('mailbox', zone, { address: BOB, passwordHash: await crypt('sha512crypt') });
  const folder = await makeFolder(t, 'freeradius');
  port = await freePort();
  for (const name of ['mods-enabled', 'sites-enabled']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'radiusd.conf'), radiusd(folder));
  await writeFile(join(folder, 'dictionary'), '$INCLUDE /usr/share/freeradius/dictionary\n');
  const settings = { listen_address: '127.0.0.1', listen_port: String(port), connections: '2' };
  await deploy('freeradius', folder, installation.connectionString, settings);
  radius = await startProgram(t, 'freeradius', ['-f', '-l', 'stdout', '-d', folder, '-n', 'radiusd'], (output) =>
    output.includes('Ready to process requests'),
  );
});
after(async () => {
  for (const work of cleanup) await work();
});

async function crypt(method: string): Promise<string> {
  const schemes: Record<string, string> = { sha512crypt: 'SHA512-CRYPT', bcrypt: 'BLF-CRYPT', ssha: 'SSHA256' };
  const { stdout } = await run('doveadm', ['pw', '-s', schemes[method] ?? method, '-p', PASSWORD]);
  return stdout.trim();
}

/** Sends a request and gives what came back: the packet's name and its attributes. */
async function send(attributes: readonly string[], once = false): Promise<string> {
  const { stdout } = await run(
    'radclient',
    ['-x', '-t', '3', '-r', once ? '1' : '3', `127.0.0.1:${port}`, 'auth', 'testing'],
    { input: `${attributes.join('\n')}\n` },
  );
  const received = /^Received (Access-\w+).*\n((?:\s+.*\n?)*)/m.exec(stdout);
  if (received === null) return 'no answer';
  return [received[1], ...(received[2] ?? '').split('\n').map((line) => line.trim())].filter(Boolean).join(', ');
}

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
const pap = (user: string, password = PASSWORD) =>
  send([`User-Name = ${quoted(user)}`, `User-Password = ${quoted(password)}`]);

function digest(user: string, password = PASSWORD, name = user): Promise<string> {
  const [username = '', realm = DOMAIN] = user.split('@');
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const uri = `sip:${realm}`;
  const response = md5(`${md5(`${username}:${realm}:${password}`)}:nonce:${md5(`REGISTER:${uri}`)}`);
  return send([
    `User-Name = ${quoted(name)}`,
    `Digest-Response = "${response}"`,
    `Digest-Realm = "${realm}"`,
    'Digest-Nonce = "nonce"',
    'Digest-Method = "REGISTER"',
    `Digest-URI = "${uri}"`,
    `Digest-User-Name = "${username}"`,
  ]);
}

const ACCEPT = 'Access-Accept';
const REJECT = 'Access-Reject';
const HELD = 'Access-Reject, Reply-Message = "Account suspended"';

test('subjects are accepted; held at any level above they are rejected with a word; lifted they are accepted again', async () => {
  const { account, parent, reseller } = operator.entities;
  assert.equal(await digest(ALICE), ACCEPT);
  assert.equal(await digest(ALICE, PASSWORD, 'alice'), ACCEPT, 'the user part alone, with its realm');
  assert.equal(await pap(BOB), ACCEPT);
  assert.equal(await pap('Bob@Mail.Example'), ACCEPT);
  for (const at of [account.id, parent.id, reseller.id]) {
    const lift = await operator.hold(at);
    for (const answer of [await digest(ALICE), await digest(ALICE, PASSWORD, 'alice'), await pap(BOB)])
      assert.equal(answer, HELD);
    await lift();
    assert.equal(await digest(ALICE), ACCEPT);
    assert.equal(await pap(BOB), ACCEPT);
  }
});

test('a subject that another account owns is held with its owner alone', async () => {
  const lift = await operator.hold(operator.entities.owner.id);
  assert.equal(await digest(CAROL), HELD);
  assert.equal(await digest(ALICE), ACCEPT);
  await lift();
  assert.equal(await digest(CAROL), ACCEPT);
});

test('limited leaves both in: registering and reading mail are allowed', async () => {
  const lift = await operator.hold(operator.entities.account.id, 'limited');
  assert.equal(await digest(ALICE), ACCEPT);
  assert.equal(await pap(BOB), ACCEPT);
  await lift();
});

test('a wrong password of a held subject, of any subject and of nobody are the same', async () => {
  const answers = async () => [
    await digest(ALICE, 'wrong'),
    await pap(BOB, 'wrong'),
    await digest(`nobody@${DOMAIN}`),
    await pap('nobody@mail.example'),
    await pap(ALICE),
  ];
  const all = Array.from({ length: 5 }, () => REJECT);
  assert.deepEqual(await answers(), all);
  const lift = await operator.hold(operator.entities.account.id);
  assert.deepEqual(await answers(), all);
  await lift();
});

test('where the profile says so, held subjects are let into a walled garden', async () => {
  const garden = (pool: string) =>
    made(
      operator.admin('PUT', '/v1/profiles/garden', {
        denied: ['register', 'mail.read'],
        refusal: { text: 'Please pay – "now"' },
        systems: { radius: { answer: 'pool', pool } },
      }),
    );
  await garden('unpaid');
  const lift = await operator.hold(domain, 'garden');
  assert.equal(
    await digest(ALICE),
    String.raw`Access-Accept, Framed-Pool = "unpaid", Reply-Message = "Please pay ? \"now\""`,
  );
  assert.equal(await digest(ALICE, 'wrong'), REJECT);
  await garden('no name, for "sure"');
  assert.match(await digest(ALICE), /^Access-Accept, Framed-Pool = "walled-garden", /);
  const liftGraver = await operator.hold(operator.entities.reseller.id, 'fraud');
  assert.equal(await digest(ALICE), 'Access-Reject, Reply-Message = "Account blocked"');
  await liftGraver();
  await lift();
  assert.equal(await digest(ALICE), ACCEPT);
});

test('the schemes that FreeRADIUS can verify are verified, and others are wrong passwords', async () => {
  const schemes = [
    'CRYPT',
    'SHA256-CRYPT',
    'SHA512-CRYPT',
    'BLF-CRYPT',
    'MD5-CRYPT',
    'SHA',
    'SSHA',
    'SHA256',
    'SSHA256',
  ];
  for (const scheme of [...schemes, 'SHA512', 'SSHA512', 'PLAIN', 'CLEARTEXT']) {
    const address = `${scheme.toLowerCase()}@mail.example`;
    await operator.create('mailbox', zone, { address, passwordHash: await crypt(scheme) });
    assert.equal(await pap(address), ACCEPT, scheme);
    assert.equal(await pap(address, 'wrong'), REJECT, scheme);
  }
  await operator.create('mailbox', zone, { address: 'argon@mail.example', password: PASSWORD });
  await operator.create('mailbox', zone, { address: 'keyless@mail.example' });
  assert.equal(await pap('argon@mail.example'), REJECT);
  assert.equal(await pap('keyless@mail.example', ''), REJECT);
});

test('no name reaches SQL or the expansion of FreeRADIUS as anything but a name', async () => {
  const hostile = [
    `' or '1'='1`,
    `${BOB}' --`,
    String.raw`\' or 1=1 --`,
    `x'; select pg_sleep(60); --`,
    '%{User-Password}',
    '%{abeyance:select 1}',
    '%u',
    `${BOB}\\`,
    `=27 or 1=1`,
  ];
  for (const name of hostile) assert.equal(await pap(name), REJECT, name);
  await operator.create('mailbox', zone, { address: "o'b=27%7brien@mail.example", passwordHash: await crypt('ssha') });
  assert.equal(await pap("o'b=27%7brien@mail.example"), ACCEPT);
  const lift = await operator.hold(zone);
  assert.equal(await pap("o'b=27%7brien@mail.example"), HELD);
  await lift();
});

test('without the database there is no answer; with it all is as before', async () => {
  const { name, user } = accessAs('radius', installation.connectionString);
  await installation.pool.query(`revoke connect on database ${name} from public`);
  await installation.pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and datname = $2',
    [user, name],
  );
  assert.equal(await pap(BOB), 'no answer');
  await installation.pool.query(`grant connect on database ${name} to public`);
  let answer = 'no answer';
  for (let attempt = 0; attempt < 20 && answer === 'no answer'; attempt++) answer = await pap(BOB);
  assert.equal(answer, ACCEPT);
});

test('closed subjects are rejected as closed', async () => {
  await operator.close(operator.entities.account.id);
  const closed = 'Access-Reject, Reply-Message = "Account closed"';
  assert.equal(await digest(ALICE), closed);
  assert.equal(await digest(CAROL), closed);
  assert.equal(await pap(BOB), closed);
  assert.equal(await pap(BOB, 'wrong'), REJECT);
  assert.doesNotMatch(radius.output(), new RegExp(PASSWORD));
});
