/** The database of a Restcomm-Connect, imported through a real server: who was there signs in as before. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { runCli } from '#cli/canned-server.ts';
import { type Client, makeClient } from '#cli/client.ts';
import { importRestcomm } from '#cli/import-restcomm.ts';
import { uuidOfSid } from '#core/sid.ts';
import { TOKEN, testInstallation } from '#test/installation.ts';
import { administrator, basic } from '#test/people.ts';
import {
  accountRow,
  applicationRow,
  clientRow,
  dumpFolder,
  md5,
  numberRow,
  organizationRow,
  passwordIn,
  sidIn,
  toldLines,
} from '#test/restcomm-dump.ts';
import { takeSnapshot } from '#test/snapshot.ts';
import { forgetFailures, restWith } from '#test/telephony-world.ts';

const here = await testInstallation({ after: (work) => after(work) });
const { app, pool } = here;
const native = administrator(app);
const folders: string[] = [];
let client: Client;
let url = '';
before(async () => {
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  client = makeClient({ url, token: TOKEN });
});
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const BASE = '/restcomm/2012-04-24';
const DOMAIN = 'default.restcomm.example';
const OLD_SID = `AC${'Zz'.repeat(16)}`;
const idIn = (prefix: string, name: string) => String(uuidOfSid(sidIn(prefix, name)));

const TABLES = {
  organizations: [
    organizationRow('default', `${DOMAIN}.`),
    organizationRow('second', 'second.restcomm.example'),
    organizationRow('empty', 'empty.restcomm.example', 'closed'),
    organizationRow('kept', 'kept.restcomm.example', 'closed'),
  ],
  accounts: [
    accountRow('b1', 'b'),
    accountRow('a', 'root', { organization_sid: sidIn('OR', 'second'), type: 'Trial' }),
    accountRow('root', null),
    accountRow('b', 'root', { status: 'suspended' }),
    accountRow('b2', 'b', { status: 'suspended' }),
    accountRow('c', 'root', { status: 'CLOSED' }),
    accountRow('c1', 'c', { status: 'closed' }),
    accountRow('d', 'root', { status: 'uninitialized', role: 'Developer' }),
    accountRow('e', 'root', { status: 'inactive', role: 'Robot', friendly_name: 'Firm, "quoted"' }),
    accountRow('old', 'root', { sid: OLD_SID, organization_sid: sidIn('OR', 'kept') }),
    accountRow('self', 'self', { email_address: 'A@restcomm.example' }),
    accountRow('loop1', 'loop2'),
    accountRow('loop2', 'loop1'),
    accountRow('beneath', 'loop1'),
    accountRow('orphan', 'nobody'),
    accountRow('a', 'root', { email_address: 'twice@restcomm.example' }),
    accountRow('odd', 'root', { status: 'asleep' }),
  ],
  applications: [
    applicationRow('welcome', 'a'),
    applicationRow('texts', 'a', { kind: 'sms' }),
    applicationRow('strange', 'a', { sid: sidIn('AC', 'a').replace('AC', 'AP') }),
  ],
  clients: [
    clientRow('alice', 'a', 'second.restcomm.example', { voice_application_sid: sidIn('AP', 'welcome') }),
    clientRow('bob', 'b1', DOMAIN, { password: passwordIn('bob'), password_algorithm: 'cleartext' }),
    clientRow('carol', 'root', DOMAIN, { status: 0, voice_url: '/restcomm/demos/hello-play.xml' }),
    clientRow('dora', 'root', DOMAIN, { password_algorithm: null, voice_application_sid: sidIn('AP', 'deleted') }),
    clientRow('eve', 'c', DOMAIN),
    clientRow('frank', 'root', DOMAIN, { password: 'hush', password_algorithm: 'SHA-256' }),
  ],
  incoming_phone_numbers: [
    numberRow('+31208005100', 'a', {
      voice_application_sid: sidIn('AP', 'welcome'),
      sms_application_sid: sidIn('AP', 'texts'),
      status_callback: 'https://apps.restcomm.example/status',
      voice_method: 'get',
      sms_capable: 1,
    }),
    numberRow('+31208005101', 'b2'),
    numberRow('+1234', 'root', { pure_sip: 'TRUE', voice_url: '/restcomm/demos/hello-play.xml' }),
    numberRow('+1235', 'root'),
    numberRow('+31208005102', 'c'),
  ],
};
const folder = dumpFolder(TABLES);
folders.push(folder);

const REFUSED = [
  'restcomm_accounts.csv:13: AC.{32} hangs in a loop of parents, or beneath one',
  'restcomm_accounts.csv:14: AC.{32} hangs in a loop of parents, or beneath one',
  'restcomm_accounts.csv:15: AC.{32} hangs in a loop of parents, or beneath one',
  'restcomm_accounts.csv:16: not_found: .* to be the parent',
  'restcomm_accounts.csv:17: sid AC.{32} is there already, by .*restcomm_accounts.csv:3',
  'restcomm_accounts.csv:18: status must be one of active, suspended, closed, inactive, uninitialized, not "asleep"',
  'restcomm_applications.csv:4: sid AP.{32} is there already, by .*restcomm_accounts.csv:3: the digits alone',
  'restcomm_clients.csv:7: password_algorithm must be MD5 or cleartext, not "sha-256"',
  'restcomm_incoming_phone_numbers.csv:5: phone_number must be an international number',
];

function assertRefused(lines: readonly string[], expected: readonly string[] = REFUSED): void {
  assert.equal(lines.length, expected.length, lines.join('\n'));
  for (const [index, line] of lines.toSorted(byPlace).entries())
    assert.match(line, new RegExp(`/${expected[index]}`), lines.join('\n'));
}

function byPlace(a: string, b: string): number {
  const place = (text: string) => /([a-z_]+)\.csv:(\d+):/.exec(text);
  const [of, and] = [place(a), place(b)];
  return String(of?.[1]).localeCompare(String(and?.[1])) || Number(of?.[2]) - Number(and?.[2]);
}

const rest = async (user: string, secret: string, path: string) => {
  await forgetFailures(here);
  return restWith(app, BASE, basic(user, secret))('GET', path);
};

test('a dry run tells by kind what would be done, and why some lines would not, and sends nothing', async () => {
  const snapshot = await takeSnapshot(pool);
  const ran = await runCli(url, ['import', '--restcomm', folder, '--dry-run'], { env: { ABEYANCE_TOKEN: TOKEN } });
  assert.equal(ran.code, 6, ran.err);
  assert.match(ran.out, /^account +12 +0 +5$/m);
  assert.match(ran.out, /^account-login +12 +0 +0$/m);
  assert.match(ran.out, /^Nothing was sent/m);
  assertRefused(
    ran.err.split('\n').filter((line) => line !== '' && !line.startsWith('note: ')),
    REFUSED.filter((line) => !line.includes('not_found')),
  );
  assert.deepEqual(await takeSnapshot(pool), snapshot);
});

test('an import tells every line that it refused, and what it took over otherwise', async () => {
  const ran = await runCli(url, ['import', '--restcomm', folder, '--json'], { env: { ABEYANCE_TOKEN: TOKEN } });
  assert.equal(ran.code, 6, ran.err);
  const told = JSON.parse(ran.out);
  assertRefused(toldLines(told.refusals));
  assert.deepEqual(told.kinds.account, { created: 11, existed: 0, failed: 6 });
  assert.deepEqual(told.kinds['account-login'], { created: 11, existed: 0, failed: 0 });
  assert.deepEqual(told.kinds.hold, { created: 3, existed: 0, failed: 0 });
  assert.deepEqual(told.kinds.close, { created: 2, existed: 0, failed: 0 });
  const notes = toldLines(told.notes).join('\n');
  for (const wanted of [
    /accounts\.csv:12: email_address is that of line 3; the account signs in by its SID alone/,
    /accounts\.csv:10: the role "Robot" of 1 accounts/,
    /accounts\.csv:6: this and other accounts, 1 in all, have the status of their parent/,
    /organizations\.csv:5: the organization stays open: 1 accounts in it are/,
    /clients\.csv:5: voice_application_sid AP.* is no application of the dump and was left out/,
  ])
    assert.match(notes, wanted);
  await here.follow();
});

test('whoever had an account signs in by SID or e-mail, with the token, the password or its MD5', async () => {
  for (const [name, sid] of [
    ['root', sidIn('AC', 'root')],
    ['a', sidIn('AC', 'a')],
    ['old', OLD_SID],
  ] as const)
    for (const user of [sid, `${name}@restcomm.example`])
      for (const secret of [md5(passwordIn(name)), passwordIn(name)]) {
        const answer = await rest(user, secret, `/Accounts/${sid}.json`);
        assert.equal(answer.status, 200, `${user} ${answer.text}`);
        assert.equal(answer.body['auth_token'], md5(passwordIn(name)));
        assert.equal(answer.body['email_address'], `${name}@restcomm.example`);
      }
  const shown = await rest('a@restcomm.example', passwordIn('a'), `/Accounts/${sidIn('AC', 'a')}.json`);
  assert.equal(shown.body['sid'], sidIn('AC', 'a'));
  assert.equal(shown.body['organization'], sidIn('OR', 'second'));
  assert.equal(shown.body['type'], 'Trial');
  assert.equal(shown.body['friendly_name'], 'Firm a');
  assert.equal((await rest('a@restcomm.example', 'wrong', '/Accounts.json')).status, 401);
  assert.equal((await rest(sidIn('AC', 'self'), passwordIn('self'), `/Accounts/${sidIn('AC', 'self')}`)).status, 200);
});

const STATUSES = {
  root: 'active',
  a: 'active',
  b: 'suspended',
  b1: 'suspended',
  b2: 'suspended',
  c: 'closed',
  c1: 'closed',
  d: 'uninitialized',
  e: 'inactive',
};

test('the status of each account is what it was, and who is not active is refused with right credentials', async () => {
  for (const [name, status] of Object.entries(STATUSES)) {
    const path = `/Accounts/${sidIn('AC', name)}.json`;
    const asRoot = await rest('root@restcomm.example', passwordIn('root'), path);
    assert.deepEqual([asRoot.status, asRoot.body['status']], [200, status], name);
    const itself = await rest(sidIn('AC', name), md5(passwordIn(name)), path);
    assert.equal(itself.status, status === 'active' || status === 'uninitialized' ? 200 : 403, name);
    assert.equal((await rest(sidIn('AC', name), 'wrong', path)).status, 401, name);
  }
});

/** The digest of RFC 2617 without qop, as a phone that knows the password sends it, and a registrar that has HA1. */
const digest = (ha1: string) => md5(`${ha1}:nonce:${md5('REGISTER:sip:registrar')}`);

test('clients register with the passwords they had, unless their account, or their own switch, is off', async () => {
  const { rows } = await pool.query<{ aor: string; username: string; realm: string; ha1: string; effect: string }>(
    'select aor, username, realm, ha1, effect from enforce.kamailio_subscriber order by aor',
  );
  const registered = rows.map(({ aor, username, realm, ha1, effect }) => {
    const byPhone = digest(md5(`${username}:${realm}:${passwordIn(username)}`));
    assert.equal(digest(ha1), byPhone, aor);
    return [aor, effect];
  });
  assert.deepEqual(registered, [
    ['alice@second.restcomm.example', 'allow'],
    [`bob@${DOMAIN}`, 'deny'],
    [`carol@${DOMAIN}`, 'deny'],
    [`dora@${DOMAIN}`, 'allow'],
    [`eve@${DOMAIN}`, 'deny'],
  ]);
  for (const [aor, decision] of registered) {
    const answer = await native('GET', `/v1/decisions?subject=sip:${aor}&action=register`);
    // Its own switch is no hold: the registrar alone looks at it.
    const expected = aor?.startsWith('carol') === true ? 'allow' : decision;
    assert.deepEqual([answer.status, answer.body['effect']], [200, expected], aor);
  }
  const alice = await native('GET', `/v1/entities/${idIn('CL', 'alice')}`);
  assert.equal(alice.body['owner'], idIn('AC', 'a'));
  assert.equal(alice.body['voiceApplication'], idIn('AP', 'welcome'));
});

test('numbers are found with what answers them, those of SIP alone in their organization', async () => {
  const number = (await native('GET', '/v1/entities/tel:+31208005100')).body;
  assert.equal(number['id'], idIn('PN', '+31208005100'));
  assert.equal(number['parent'], idIn('AC', 'a'));
  assert.equal(number['voiceApplication'], idIn('AP', 'welcome'));
  assert.equal(number['smsApplication'], idIn('AP', 'texts'));
  assert.deepEqual(
    ['voiceMethod', 'voiceCapable', 'smsCapable', 'mmsCapable'].map((field) => number[field] ?? false),
    ['GET', true, true, false],
  );
  const pure = (await native('GET', `/v1/entities/${encodeURIComponent(`sip:+1234@${DOMAIN}`)}`)).body;
  assert.deepEqual([pure['id'], pure['sipNumber']], [idIn('PN', '+1234'), '+1234']);
  assert.equal((await native('GET', '/v1/entities/tel:+31208005101')).body['standing'], 'suspended');
  assert.equal((await native('GET', `/v1/entities/${idIn('PN', '+31208005102')}`)).body['standing'], 'closed');
});

test('the account API lists what each account had, by the SIDs it had', async () => {
  const under = async (name: string, what: string) =>
    (await rest(sidIn('AC', name), passwordIn(name), `/Accounts/${sidIn('AC', name)}/${what}`)).body;
  const sids = (list: readonly { sid: string }[]) => list.map(({ sid }) => sid).toSorted();
  const clients = await under('a', 'Clients.json');
  assert.deepEqual(sids(clients as never), [sidIn('CL', 'alice')]); // the face answers a bare list
  const [alice] = clients as never as Record<string, unknown>[];
  assert.equal(alice?.['password'], md5(`alice:second.restcomm.example:${passwordIn('alice')}`));
  assert.equal(alice?.['voice_application_sid'], sidIn('AP', 'welcome'));
  const ofRoot = await under('root', 'Clients.json');
  assert.deepEqual(sids(ofRoot as never), [sidIn('CL', 'carol'), sidIn('CL', 'dora')].toSorted());
  const applications = await under('a', 'Applications.json');
  assert.deepEqual(sids(applications as never), [sidIn('AP', 'texts'), sidIn('AP', 'welcome')].toSorted());
  const numbers = (await under('root', 'IncomingPhoneNumbers.json'))['incomingPhoneNumbers'];
  assert.deepEqual(sids(numbers), [sidIn('PN', '+1234')]);
  const one = await under('a', `IncomingPhoneNumbers/${sidIn('PN', '+31208005100')}.json`);
  assert.deepEqual(
    [one['phone_number'], one['sms_application_sid'], one['status_callback']],
    ['+31208005100', sidIn('AP', 'texts'), 'https://apps.restcomm.example/status'],
  );
});

test('the same import again changes nothing and tells the same', async () => {
  const snapshot = await takeSnapshot(pool);
  const again = await importRestcomm(client, folder);
  assertRefused(toldLines(again.refusals));
  assert.equal(again.created, 0);
  assert.deepEqual(again.kinds.get('account'), { created: 0, existed: 11, failed: 6 });
  assert.deepEqual(again.kinds.get('hold'), { created: 0, existed: 3, failed: 0 });
  assert.deepEqual(again.kinds.get('close'), { created: 0, existed: 2, failed: 0 });
  const { revision, rows } = await takeSnapshot(pool);
  assert.equal(revision, snapshot.revision);
  assert.deepEqual(
    // What is kept of requests, so that they can be repeated, is not of the tree.
    Object.keys(rows).filter(
      (table) => rows[table] !== snapshot.rows[table] && !/^(?:bulk_outcome|idempotency)$/.test(table),
    ),
    [],
  );
});

test('the account above lifts what was imported, all beneath comes back, and no later import undoes it', async () => {
  const { body } = await native('GET', `/v1/entities/${idIn('AC', 'b')}/holds`);
  const [hold] = body['items'];
  assert.deepEqual(
    [hold.profile, hold.source, hold.externalRef, hold.authority],
    ['suspended', 'import', sidIn('AC', 'b'), 'customer'],
  );
  const root = restWith(app, BASE, basic('root@restcomm.example', passwordIn('root')));
  const lifted = await root('PUT', `/Accounts/${sidIn('AC', 'b')}.json`, { Status: 'active' });
  assert.deepEqual([lifted.status, lifted.body['status']], [200, 'active'], lifted.text);
  await here.follow();
  for (const name of ['b', 'b1', 'b2'])
    assert.equal((await rest(sidIn('AC', name), passwordIn(name), `/Accounts/${sidIn('AC', name)}`)).status, 200, name);
  const again = await importRestcomm(client, folder);
  assert.deepEqual([again.created, again.kinds.get('hold')?.existed], [0, 3]);
  await here.follow();
  assert.equal((await rest(sidIn('AC', 'b'), passwordIn('b'), `/Accounts/${sidIn('AC', 'b')}`)).status, 200);
});
