import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConnection } from './connection.ts';
import { UsageError } from './exit-code.ts';
import { readFieldArguments } from './field-arguments.ts';
import { readHold } from './hold-arguments.ts';
import { sizeText } from './progress.ts';
import { printable } from './terminal.ts';
import { readTime } from './time-argument.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

const times = [
  { text: 'now', value: '2026-03-01T12:00:00.000Z', reason: 'now' },
  { text: '+90m', value: '2026-03-01T13:30:00.000Z', reason: 'minutes from now' },
  { text: '+2w', value: '2026-03-15T12:00:00.000Z', reason: 'weeks from now' },
  { text: '2026-12-01T18:00:00Z', value: '2026-12-01T18:00:00.000Z', reason: 'UTC' },
  { text: '2026-12-01T18:00+02:00', value: '2026-12-01T16:00:00.000Z', reason: 'an offset' },
  { text: '2026-12-01', value: new Date('2026-12-01T00:00:00').toISOString(), reason: 'midnight here' },
  { text: '2026-12-01 18:00', value: new Date('2026-12-01T18:00:00').toISOString(), reason: 'a time here' },
  { text: '2026-02-31', value: null, reason: 'no such day' },
  { text: 'tomorrow', value: null, reason: 'a word' },
  { text: '12/01/2026', value: null, reason: 'a spelling that two continents read differently' },
  { text: '+30', value: null, reason: 'a distance without unit' },
];
for (const { text, value, reason } of times)
  test(`a time is read: ${reason}`, () => {
    if (value === null) assert.throws(() => readTime(text, '--ends', NOW_MS), UsageError);
    else assert.equal(readTime(text, '--ends', NOW_MS), value);
  });

test('a hold is read with what was said and no more', () => {
  assert.deepEqual(readHold({}), { profile: 'suspended' });
  assert.deepEqual(readHold({ profile: 'fraud', note: 'n', ref: 'r', starts: '2026-12-01T00:00:00Z' }), {
    profile: 'fraud',
    note: 'n',
    startsAt: '2026-12-01T00:00:00.000Z',
    externalRef: 'r',
  });
  assert.throws(() => readHold({ starts: '2026-12-02', ends: '2026-12-01' }), /--ends must be later/);
});

test('fields get the type of their kind', () => {
  const pairs = [
    'username=alice',
    'callLimit=3',
    'enabled=no',
    'groups=a, b',
    'acl=[{"ip":"192.0.2.7"}]',
    'quota:=null',
    'parent=17',
    'friendlyName=a=b',
  ];
  assert.deepEqual(readFieldArguments('sip_account', pairs), {
    username: 'alice',
    callLimit: 3,
    enabled: false,
    groups: ['a', 'b'],
    acl: [{ ip: '192.0.2.7' }],
    quota: null,
    parent: '17',
    friendlyName: 'a=b',
  });
});

test('a field can stand in a file, so that no secret is on the command line', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'abeyance-field-')), 'secret');
  writeFileSync(file, 'hush\n');
  assert.deepEqual(readFieldArguments('sip_account', [`password=@${file}`]), { password: 'hush' });
});

const wrongPairs = [
  { pairs: ['alice'], message: /not "alice"/, reason: 'no sign' },
  { pairs: ['a=1', 'a=2'], message: /given twice/, reason: 'twice' },
  { pairs: ['acl={'], message: /acl must be JSON/, reason: 'no JSON' },
  { pairs: ['password=@/nowhere/at/all'], message: /cannot be read \(ENOENT\)/, reason: 'no file' },
];
for (const { pairs, message, reason } of wrongPairs)
  test(`a field is refused before anything is sent: ${reason}`, () =>
    assert.throws(() => readFieldArguments('sip_account', pairs), message));

test('address and token come from options, environment and data folder, in this order', () => {
  const folder = mkdtempSync(join(tmpdir(), 'abeyance-token-'));
  writeFileSync(join(folder, 'admin.token'), 'of-the-folder\n');
  writeFileSync(join(folder, 'other'), 'of-the-option\n');
  const env = { ABEYANCE_URL: 'http://env.example:1', ABEYANCE_TOKEN: 'of-the-environment', ABEYANCE_DATA: folder };
  assert.equal(readConnection({}, {}).url, 'http://127.0.0.1:8080/');
  assert.equal(readConnection({}, env).url, 'http://env.example:1/');
  assert.equal(readConnection({ url: 'https://opt.example/abeyance' }, env).url, 'https://opt.example/abeyance');
  assert.equal(readConnection({ tokenFile: join(folder, 'other') }, env).token, 'of-the-option');
  assert.equal(readConnection({}, env).token, 'of-the-environment');
  assert.equal(readConnection({}, { ABEYANCE_DATA: folder }).token, 'of-the-folder');
  assert.equal(readConnection({}, { ABEYANCE_DATA: join(folder, 'absent') }).token, null);
});

const wrongConnections = [
  { options: { url: 'acme' }, message: /must be a URL/, reason: 'no URL' },
  { options: { url: 'ftp://acme.example' }, message: /http:\/\/ or https:\/\//, reason: 'another protocol' },
  {
    options: { url: 'http://user:hush@acme.example' },
    message: /no user and password/,
    reason: 'a password in the address',
  },
  { options: { tokenFile: '/nowhere/at/all' }, message: /cannot be read \(ENOENT\)/, reason: 'no such token file' },
  { options: { tokenFile: '/proc/self/status' }, message: /holds no token/, reason: 'a file that is no token' },
];
for (const { options, message, reason } of wrongConnections)
  test(`a connection is refused without showing a secret: ${reason}`, () =>
    assert.throws(
      () => readConnection(options, {}),
      (error) => error instanceof UsageError && message.test(error.message) && !error.message.includes('hush'),
    ));

test('what comes from outside cannot steer the terminal', () => {
  assert.equal(printable('a\u001b[31mb\u001b[39m'), 'a\u001b[31mb\u001b[39m', 'colours stay');
  assert.equal(printable('a\u001b[2Jb\u0007c\rd\ne\u202ef'), 'a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffdf');
});

test('sizes are told in the unit that suits them', () => {
  assert.deepEqual([0, 999, 1500, 2_500_000, 3e12].map(sizeText), ['0 B', '999 B', '1.5 kB', '2.5 MB', '3000.0 GB']);
});
