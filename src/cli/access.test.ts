/** Who asks, and the commands for logins, keys, roles and properties, against canned answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemAnswer, run } from './canned-server.ts';
import { ACME_ID, hold, reason, standing, entity } from './canned-views.ts';
import { holdTable } from './render/hold-table.ts';
import { whyLines } from './render/why-lines.ts';
import { plain } from './terminal.ts';

const LOGIN_ID = '66666666-6666-4666-8666-666666666666';
const PASSWORD = 'a long enough word';
const login = (more: object = {}) => ({
  id: LOGIN_ID,
  account: ACME_ID,
  name: 'jan@acme.example',
  role: 'operator',
  enabled: true,
  hasPassword: true,
  lastUsedAt: null,
  ...more,
});
const me = (more: object = {}) => ({
  actor: `login:${LOGIN_ID}`,
  login: LOGIN_ID,
  name: 'jan@acme.example',
  account: ACME_ID,
  actsAs: ACME_ID,
  level: 'customer',
  role: 'operator',
  subject: 'fraud',
  permissions: ['entity:read', 'hold:place'],
  heldByItself: false,
  ...more,
});
const LOGINS = 'POST /v1/entities/ref:C-1/logins';
const LOGIN = '/v1/logins/jan@acme.example';

test('the account to act as and the reason are headers of every request, in UTF-8', async () => {
  const ran = await run({ 'GET /v1/me': me() }, ['whoami', '--as', 'ref:C-1', '--reason', 'träge', '--json']);
  assert.equal(ran.code, 0, ran.err);
  const { headers } = ran.asked[0] ?? assert.fail('nothing was asked');
  assert.equal(headers['abeyance-act-as'], 'ref:C-1');
  assert.equal(Buffer.from(String(headers['abeyance-reason']), 'latin1').toString('utf8'), 'träge');
  assert.equal(headers.authorization, 'Bearer canned-token');
  const platform = await run({ 'GET /v1/me': me() }, ['whoami', '--as', 'platform']);
  assert.equal(platform.asked[0]?.headers['abeyance-act-as'], '0');
});

const basic = { ABEYANCE_TOKEN: '', ABEYANCE_LOGIN: 'jörg@acme.example', ABEYANCE_PASSWORD: 'p:ä' };
test('a login with its password is HTTP Basic in UTF-8', async () => {
  const ran = await run({ 'GET /v1/me': me() }, ['whoami'], { env: basic });
  assert.equal(ran.code, 0, ran.err);
  const [, encoded = ''] = String(ran.asked[0]?.headers.authorization).split(' ');
  assert.equal(Buffer.from(encoded, 'base64').toString('utf8'), 'jörg@acme.example:p:ä');
});

const wrong = [
  { env: { ABEYANCE_LOGIN: 'a' }, args: ['whoami'], message: /set one of them/, reason: 'two credentials' },
  { env: { ...basic, ABEYANCE_PASSWORD: '' }, args: ['whoami'], message: /ABEYANCE_PASSWORD/, reason: 'no password' },
  { env: { ...basic, ABEYANCE_LOGIN: 'a:b' }, args: ['whoami'], message: /colon/, reason: 'a colon in the name' },
  { args: ['whoami', '--reason', 'two\nlines'], message: /--reason must be one line/, reason: 'a reason of two lines' },
  { args: ['whoami', '--as', ' '], message: /--as must be one line/, reason: 'no account to act as' },
  { args: ['logins', 'add', 'ref:C-1', 'jan'], message: /--role/, reason: 'a login without a role' },
  { args: ['logins', 'set', 'jan'], message: /nothing is to be set/, reason: 'nothing to set' },
  { args: ['logins', 'set', 'jan', '--enable', '--disable'], message: /two choices/, reason: 'both at once' },
  { args: ['logins', 'set', 'jan', '--password'], message: /--password-stdin/, reason: 'nobody to ask' },
  {
    args: ['logins', 'set', 'jan', '--no-password', '--password-stdin'],
    message: /three choices/,
    reason: 'two ways to say a password',
  },
  { args: ['keys', 'add', 'jan', 'x', '--scopes', 'a,,b'], message: /commas/, reason: 'an empty scope' },
  { args: ['keys', 'add', 'jan', 'x', '--expires', 'soon'], message: /--expires must be/, reason: 'no time' },
  { args: ['properties', 'set', 'ref:C-1', 'colour'], message: /name=value/, reason: 'a property without a value' },
  { args: ['suspend', 'ref:C-1', '--subject', 'money'], message: /wish, technical/, reason: 'an unknown subject' },
];
for (const { env, args, message, reason: because } of wrong)
  test(`wrong usage sends nothing: ${because}`, async () => {
    const ran = await run({}, args, env === undefined ? {} : { env });
    assert.equal(ran.code, 2, ran.err);
    assert.match(ran.err, message);
    assert.deepEqual(ran.asked, []);
    assert.ok(!ran.err.includes('p:ä'), 'no password is shown');
  });

test('whoami tells the login, where it acts, and what it may', async () => {
  const { out } = await run({ 'GET /v1/me': me({ actsAs: '0', heldByItself: true }) }, ['whoami']);
  assert.match(out, /^who +jan@acme\.example, operator$/m);
  assert.match(out, /^acts as +0$/m);
  assert.match(out, /^may +entity:read, hold:place$/m);
  assert.match(out, /held by its own hold/);
  const token = me({ actor: 'token:admin', login: null, name: null, role: null });
  assert.match((await run({ 'GET /v1/me': token }, ['whoami'])).out, /the first administrator, by token/);
});

test('a password is asked for twice at a terminal and never shown', async () => {
  const ran = await run({ [LOGINS]: login() }, ['logins', 'add', 'ref:C-1', 'jan@acme.example', '--role', 'operator'], {
    typed: `${PASSWORD}\n${PASSWORD}\n`,
  });
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(ran.asked[0]?.body, { name: 'jan@acme.example', role: 'operator', password: PASSWORD });
  assert.ok(!`${ran.out}${ran.err}`.includes(PASSWORD));
  assert.match(ran.err, /^Password of jan@acme\.example \(empty: none\): \nThe same again: \n$/);
});

test('passwords that differ change nothing, and the end of input is an interruption', async () => {
  const add = ['logins', 'add', 'ref:C-1', 'jan', '--role', 'operator'];
  const differing = await run({}, add, { typed: 'one\ntwo\n' });
  assert.deepEqual([differing.code, differing.asked.length], [1, 0]);
  assert.equal((await run({}, add, { typed: 'one\n' })).code, 130);
});

test('a login is made without a password where nobody is asked, or with that of standard input', async () => {
  const args = ['logins', 'add', 'ref:C-1', 'jan', '--role', 'billing'];
  const without = await run({ [LOGINS]: login({ hasPassword: false }) }, args);
  assert.deepEqual(without.asked[0]?.body, { name: 'jan', role: 'billing' });
  const piped = await run({ [LOGINS]: login() }, [...args, '--password-stdin'], { typed: `${PASSWORD}\n` });
  assert.deepEqual(piped.asked[0]?.body, { name: 'jan', role: 'billing', password: PASSWORD });
  assert.equal((await run({}, [...args, '--password-stdin'], { typed: 'two\nlines\n' })).code, 2);
});

const ownLogin = { sid: 'AC1', email: null, role: 'Administrator', hasPassword: false, token: 'abc' };
test("an account's own login is shown, and set with a password that is never an argument", async () => {
  const path = '/v1/entities/ref:C-1/account-login';
  const shown = await run({ [`GET ${path}`]: ownLogin }, ['account-login', 'ref:C-1']);
  assert.match(shown.out, /SID {7}AC1\n.*none: it signs in by its SID alone\n[^]*token {5}abc/);
  const set = ['account-login', 'set', 'ref:C-1', '--email', 'a@acme.example', '--new-token', '--password-stdin'];
  const ran = await run({ [`PUT ${path}`]: ownLogin }, set, { typed: `${PASSWORD}\n` });
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(ran.asked[0]?.body, { email: 'a@acme.example', password: PASSWORD, newToken: true });
  assert.equal((await run({}, [...set, '--password'])).code, 2);
});

const changes = [
  { args: ['--role', 'auditor', '--disable'], body: { role: 'auditor', enabled: false }, reason: 'role and state' },
  { args: ['--enable', '--name', 'piet'], body: { name: 'piet', enabled: true }, reason: 'name and state' },
  { args: ['--guard-limit', '50'], body: { guardLimit: 50 }, reason: 'a limit of its own' },
  { args: ['--guard-limit', 'none'], body: { guardLimit: null }, reason: 'no limit of its own' },
  { args: ['--no-password'], body: { password: null }, reason: 'no password any more' },
  { args: ['--password'], body: { password: PASSWORD }, reason: 'a password that is asked for' },
];
for (const { args, body, reason: because } of changes)
  test(`a login is set: ${because}`, async () => {
    const ran = await run({ [`PATCH ${LOGIN}`]: login() }, ['logins', 'set', 'jan@acme.example', ...args], {
      typed: `${PASSWORD}\n${PASSWORD}\n`,
    });
    assert.equal(ran.code, 0, ran.err);
    assert.deepEqual(ran.asked[0]?.body, body);
  });

test('logins are listed without a command of its own, and those beneath when they are asked for', async () => {
  const answer = { items: [login(), login({ name: 'piet', enabled: false })], next: null, total: null };
  const ran = await run({ 'GET /v1/entities/ref:C-1/logins': answer }, ['logins', 'ref:C-1', '--beneath']);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.asked[0]?.path ?? '', /beneath=true/);
  assert.match(ran.out, /^piet +operator +disabled +yes +- +1111/m);
});

test('the own password needs the one until now', async () => {
  const answers = { 'PUT /v1/me/password': login() };
  const asked = await run(answers, ['password'], { typed: `the old word\n${PASSWORD}\n${PASSWORD}\n` });
  assert.deepEqual(asked.asked[0]?.body, { current: 'the old word', password: PASSWORD }, asked.err);
  const piped = await run(answers, ['password', '--password-stdin'], { typed: `the old word\n${PASSWORD}\n` });
  assert.deepEqual(piped.asked[0]?.body, { current: 'the old word', password: PASSWORD }, piped.err);
});

test('a new key stands alone on standard output with --quiet', async () => {
  const key = { id: 'k', login: LOGIN_ID, name: 'proxy', scopes: ['decision:ask'], expiresAt: null, key: 'aby_secret' };
  const args = [
    'keys',
    'add',
    'jan@acme.example',
    'proxy',
    '--scopes',
    'decision:ask, entity:read',
    '--expires',
    '90d',
  ];
  const quiet = await run({ [`POST ${LOGIN}/keys`]: key }, [...args, '--quiet']);
  assert.deepEqual([quiet.out, quiet.err], ['aby_secret\n', '']);
  const body = quiet.asked[0]?.body as { scopes: string[]; expiresAt: string }; // sent by the line above
  assert.deepEqual(body.scopes, ['decision:ask', 'entity:read']);
  assert.ok(Date.parse(body.expiresAt) > Date.now());
  const told = await run({ [`POST ${LOGIN}/keys`]: key }, args);
  assert.match(told.out, /shown this once:\naby_secret\nk\n/);
});

test('roles and properties are sent as they were said', async () => {
  const role = {
    name: 'desk',
    builtin: false,
    account: ACME_ID,
    description: '',
    permissions: ['*:read'],
    subject: 'wish',
  };
  const put = await run({ 'PUT /v1/entities/ref:C-1/roles/desk': role }, [
    'roles',
    'put',
    'ref:C-1',
    'desk',
    '--permissions',
    '*:read,hold:*',
    '--subject',
    'technical',
  ]);
  assert.deepEqual(put.asked[0]?.body, { permissions: ['*:read', 'hold:*'], subject: 'technical' }, put.err);
  const answers = { 'PATCH /v1/entities/ref:C-1/properties': { items: [] } };
  const set = await run(answers, ['properties', 'set', 'ref:C-1', 'a=b=c', 'd=', '--permission', 'admin']);
  assert.deepEqual(set.asked[0]?.body, {
    properties: [
      { name: 'a', value: 'b=c', permission: 'admin' },
      { name: 'd', value: '', permission: 'admin' },
    ],
  });
  const unset = await run(answers, ['properties', 'unset', 'ref:C-1', 'a', 'd']);
  assert.deepEqual(unset.asked[0]?.body, {
    properties: [
      { name: 'a', value: null },
      { name: 'd', value: null },
    ],
  });
});

const refused = problemAnswer(403, 'forbidden', 'This needs the permission installation:read.');
test('doctor says who a caller is that may not see the installation', async () => {
  const ready = { ready: true, checks: {} };
  const ran = await run({ 'GET /readyz': ready, 'GET /v1/status': refused, 'GET /v1/me': me() }, ['doctor']);
  assert.equal(ran.code, 0, ran.out);
  assert.match(ran.out, /right +access: jan@acme\.example, operator, of account 1111.*level of the customer/);
  const suspended = await run(
    { 'GET /readyz': ready, 'GET /v1/status': refused, 'GET /v1/me': problemAnswer(403, 'forbidden', 'Suspended.') },
    ['doctor'],
  );
  assert.equal(suspended.code, 4);
  assert.match(suspended.out, /wrong +access: Suspended\./);
});

test('a hold tells its subject and the name of its author; one from above has neither name nor note', () => {
  const known = hold({ subject: 'billing', placedByName: 'anna@north.example', placedBy: `login:${LOGIN_ID}` });
  const above = hold({ subject: 'fraud', authority: 'reseller', placedBy: 'reseller', placedByName: null });
  const [, first = '', second = ''] = holdTable([known, above], plain);
  assert.match(first, /platform +billing +anna@north\.example/);
  assert.match(second, /reseller +fraud +an account above/);
  const chain = [{ ...entity(), holds: [known] }];
  const own = reason({ entity: ACME_ID, inherited: false, placedBy: `login:${LOGIN_ID}` });
  const hidden = reason({ hold: null, entity: null, entityNumber: null, placedBy: 'platform', note: null });
  const lines = whyLines(entity(), standing({ standing: 'suspended', reasons: [own, hidden] }), chain, plain).join(
    '\n',
  );
  assert.match(lines, /placed by anna@north\.example with the authority of the platform in matters of billing/);
  assert.match(lines, /inherited from an account above\n.*\n +placed with the authority of the platform\n/);
});
