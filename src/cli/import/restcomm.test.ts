import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { bodies, collect, memoryFiles } from './memory-files.ts';
import { parseRestcomm } from './restcomm.ts';
import { Dump, type RestcommOptions } from './restcomm-dump.ts';
import { columnsOf, type RestcommTable, restcommTableOf } from './restcomm-tables.ts';

const TOKEN = '6ba059c7ef4fc989f320e401863e6815';
const A = `AC${'a1'.repeat(16)}`;
const B = `AC${'B2'.repeat(16)}`;
const ORGANIZATION = `OR${'0f'.repeat(16)}`;
const ID_A = 'a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1';
const CLIENT = 'sid,account_sid,login,password,password_algorithm,status';
const TIME = '2018-04-07 11:00:51.120000000';

async function read(files: Partial<Record<RestcommTable, string>>, options: Partial<RestcommOptions> = {}) {
  const notes: string[] = [];
  const dump = new Dump(Object.fromEntries(Object.keys(files).map((table) => [table, table])), {
    open: memoryFiles(files),
    parent: null,
    domain: null,
    provider: null,
    hasOwnHolds: false,
    onNote: (file, line, text) => notes.push(`${file}:${line}: ${text}`),
    onPart: () => undefined,
    ...options,
  });
  const all = await collect(parseRestcomm(dump));
  return { ...all, notes, bad: all.bad.map(({ file, line, reason }) => `${file}:${line}: ${reason}`) };
}

test('the tables are told by the names of their files', () => {
  const names = [
    'restcomm_accounts.csv',
    'Accounts.TSV',
    'restcomm.restcomm_clients.txt',
    'incoming_phone_numbers.csv',
  ];
  assert.deepEqual(names.map(restcommTableOf), ['accounts', 'accounts', 'clients', 'numbers']);
  for (const other of ['restcomm_accounts.sql', 'restcomm_accounts_extensions.csv', 'available_phone_numbers.csv'])
    assert.equal(restcommTableOf(other), null, other);
});

const ACCOUNT = [A, TIME, TIME, 'a@a.example', 'Firm A', 'NULL', 'Full', 'active'];
const URI = `/2012-04-24/Accounts/${A}`;
const account = (...rest: string[]) => [...ACCOUNT, ...rest];
const layouts = [
  { what: 'the first', row: account(TOKEN, 'Administrator', URI), md5: TOKEN },
  { what: 'with organizations', row: account(TOKEN, 'Developer', URI, ORGANIZATION), md5: TOKEN },
  {
    what: 'with passwords at the end',
    row: account(TOKEN, 'Developer', URI, 'f'.repeat(32), 'md5'),
    md5: 'f'.repeat(32),
  },
  { what: 'with passwords', row: account('f'.repeat(32), 'MD5', TOKEN, 'Robot', URI), md5: 'f'.repeat(32) },
  {
    what: 'with passwords that are bcrypt',
    row: account(`$2a$10$${'x'.repeat(53)}`, 'bcrypt', TOKEN, 'Robot', URI),
    md5: undefined,
  },
  { what: 'with passwords that are empty', row: account('NULL', '', TOKEN, 'Robot', URI, ORGANIZATION), md5: TOKEN },
  {
    what: 'with passwords in clear text',
    row: account('hush', 'plain', TOKEN, 'Robot', URI),
    md5: createHash('md5').update('hush').digest('hex'),
  },
];
for (const { what, row, md5 } of layouts)
  test(`a table of accounts without names is told by its first row: ${what}`, async () => {
    const { items, bad } = await read({ accounts: `${row.join(',')}\n` });
    assert.deepEqual(bad, []);
    const login = items.find((item) => item.op === 'account-login');
    assert.ok(login?.op === 'account-login');
    assert.deepEqual([login.entity, login.body['token'], login.body['passwordMd5']], [ID_A, TOKEN, md5]);
  });

test('a table whose columns cannot be told is refused whole, and asks for names', async () => {
  const clients = `${CLIENT}\nCL${'c3'.repeat(16)},${A},alice,1234,,1\n`;
  const { items, bad } = await read({ accounts: `${A},${A},3\n${A},2,3\n`, clients });
  assert.deepEqual(items, []);
  assert.deepEqual(bad, ['accounts:1: the columns cannot be told from 3 values; put a line with their names first']);
  // A date where a role should be: no version has that.
  assert.equal(columnsOf('accounts', account(TOKEN, '', URI)), null);
});

test('names of columns stand in any order and case, and nothing is written in three ways', async () => {
  const header = 'Status;SID;Account_SID;FRIENDLY_NAME;auth_token;email_address;role;organization_sid';
  const rows = [`active;${A};\\N;"Firm; A";${TOKEN};;Administrator;NULL`, `Inactive;${B};${A};;${TOKEN};b@b.example;;`];
  const { items, bad, notes } = await read({ accounts: `\ufeff${header}\r\n${rows.join('\r\n')}\r\n` });
  assert.deepEqual(bad, []);
  const idOfB = 'b2b2b2b2-b2b2-b2b2-b2b2-b2b2b2b2b2b2';
  const login = { token: TOKEN, passwordMd5: TOKEN, onlyNew: true };
  assert.deepEqual(bodies(items), [
    { kind: 'account', id: ID_A, name: 'Firm; A', reseller: false, accountType: 'Full', role: 'Administrator' },
    {
      kind: 'account',
      id: idOfB,
      parent: ID_A,
      name: 'b@b.example',
      reseller: false,
      accountType: 'Full',
      email: 'b@b.example',
    },
    { op: 'account-login', entity: ID_A, body: { role: 'Administrator', ...login } },
    { op: 'account-login', entity: idOfB, body: { email: 'b@b.example', role: 'none', ...login } },
    {
      op: 'hold',
      entity: idOfB,
      body: { profile: 'inactive', source: 'import', externalRef: B, authority: 'customer' },
    },
  ]);
  assert.deepEqual(notes.length, 1);
});

const credentials = [
  { given: [TOKEN.toUpperCase(), 'MD5'], kept: { ha1: TOKEN } },
  { given: [TOKEN, ''], kept: { ha1: TOKEN } },
  { given: ['1234', 'NULL'], kept: { password: '1234' } },
  { given: [TOKEN, 'cleartext'], kept: { password: TOKEN } },
  { given: ['1234', 'MD5'], kept: 'clients:2: password must be an MD5 digest' },
  { given: ['', 'cleartext'], kept: 'clients:2: password is empty' },
  { given: ['{SSHA}secret', 'SSHA'], kept: 'clients:2: password_algorithm must be MD5 or cleartext, not "ssha"' },
];
for (const { given, kept } of credentials)
  test(`a client's credential is kept as it was meant: ${given.join(', ')}`, async () => {
    const rows = `${CLIENT}\nCL${'c3'.repeat(16)},${A},alice,${given.join(',')},1\n`;
    const { items, bad } = await read({ clients: rows }, { domain: 'a.example' });
    if (typeof kept === 'string') {
      assert.equal(bad.length, 1);
      assert.ok(bad[0]?.startsWith(kept) && !bad[0].includes('secret'), bad[0]);
      return;
    }
    const body = bodies(items)[1] as Record<string, unknown>; // the first one is the domain
    assert.deepEqual(
      { ...kept, parent: 'sip:a.example', owner: ID_A },
      pick(body, [...Object.keys(kept), 'parent', 'owner']),
    );
    assert.equal('ha1' in body, 'ha1' in kept);
  });

function pick(body: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, body[name]]));
}

test('applications of older versions are their address for calls, or for messages', async () => {
  const header = 'sid,account_sid,friendly_name,voice_url,sms_url';
  const rows = [`AP${'d4'.repeat(16)},${A},Calls,https://v,https://s`, `AP${'e5'.repeat(16)},${A},Texts,,https://s`];
  const { items, notes } = await read({ applications: `${header}\n${rows.join('\n')}\n` });
  assert.deepEqual(
    bodies(items).map((body) => pick(body as Record<string, unknown>, ['name', 'medium', 'url'])),
    [
      { name: 'Calls', medium: undefined, url: 'https://v' },
      { name: 'Texts', medium: 'sms', url: 'https://s' },
    ],
  );
  assert.match(notes.join(), /^applications:2: sms_url was left out/);
});
