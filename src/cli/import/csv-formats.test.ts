import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAccountMapping } from './account-mapping.ts';
import { parseAccountsCsv } from './accounts-csv.ts';
import { parseDidCsv } from './did-csv.ts';
import { parseKamailioSubscriber } from './kamailio-subscriber.ts';
import { parseMailboxCsv } from './mailbox-csv.ts';
import { bodies, collect, memoryFiles } from './memory-files.ts';

const HA1 = '0123456789abcdef0123456789ABCDEF';
const subscriber = (text: string, accountOf = (_domain: string): string | null => 'ref:C1') =>
  collect(parseKamailioSubscriber('f', { open: memoryFiles({ f: text }), accountOf }));
const accounts = (text: string) => collect(parseAccountsCsv('f', { open: memoryFiles({ f: text }) }));
const dids = (text: string) => collect(parseDidCsv('f', { open: memoryFiles({ f: text }) }));
const mailboxes = (text: string) => collect(parseMailboxCsv('f', { open: memoryFiles({ f: text }) }));

test('a dump of subscribers gives each domain once, before its first account', async () => {
  const { items, bad, lines } = await subscriber(
    `\uFEFF"id";"domain";"username";"password";"ha1";"ha1b";"email_address";"rpid"\r\n` +
      `1;Acme.example;Alice;;${HA1};${HA1};"Alice@acme.example";+31208005100\r\n` +
      `2;acme.example;bob;"s;e""cret";;;NULL;\\N\r\n` +
      `3;müller.example;carol;x;;;;\r\n`,
  );
  assert.deepEqual(bad, []);
  assert.deepEqual(bodies(items), [
    { kind: 'sip_domain', parent: 'ref:C1', domain: 'acme.example' },
    {
      kind: 'sip_account',
      parent: 'sip:acme.example',
      username: 'alice',
      ha1: HA1.toLowerCase(),
      ha1b: HA1.toLowerCase(),
      email: 'Alice@acme.example',
      callerId: '+31208005100',
    },
    { kind: 'sip_account', parent: 'sip:acme.example', username: 'bob', password: 's;e"cret' },
    { kind: 'sip_domain', parent: 'ref:C1', domain: 'xn--mller-kva.example' },
    { kind: 'sip_account', parent: 'sip:xn--mller-kva.example', username: 'carol', password: 'x' },
  ]);
  assert.deepEqual(lines, [2, 2, 3, 4, 4]);
});

const badSubscribers = [
  { row: 'a b,acme.example,x,', reason: /^username must be the user part/, why: 'a user that is none' },
  { row: 'alice,192.0.2.1,x,', reason: /^domain .*not an address/, why: 'an address for a domain' },
  { row: 'alice,acme.example,,', reason: /both are empty/, why: 'nothing to sign in with' },
  {
    row: 'alice,acme.example,,SECRET',
    reason: /^ha1 must be an MD5 digest: 32 hexadecimal digits$/,
    why: 'a digest that is none, and is not shown',
  },
  {
    row: 'alice,acme.example,a,b,c',
    reason: /5 fields where there are 4 columns/,
    why: 'a delimiter that was not quoted',
  },
];
for (const { row, reason, why } of badSubscribers)
  test(`a bad subscriber is reported and the next one read: ${why}`, async () => {
    const { items, bad } = await subscriber(`username,domain,password,ha1\n${row}\nbob,acme.example,x,\n`);
    assert.equal(items.length, 2);
    assert.equal(bad.length, 1);
    assert.equal(bad[0]?.line, 2);
    assert.match(bad[0]?.reason ?? '', reason);
  });

test('a dump without a column that is needed is not read', async () => {
  const { items, bad } = await subscriber('username,realm,password\nalice,acme.example,x\n');
  assert.deepEqual(items, []);
  assert.match(bad[0]?.reason ?? '', /column domain is missing/);
});

test('the output of a database client with tabs is read', async () => {
  const { items } = await subscriber(
    `username\tdomain\tpassword\tha1\nal"ice\tacme.example\tx\t\nbob\tacme.example\t\t${HA1}\n`,
  );
  assert.equal(items.length, 2);
});

test('a quote that is never closed is reported where it opens', async () => {
  const { items, bad } = await dids('number,account\n+31208005100,C1\n+31208005101,"C1\n+31208005102,C1\n');
  assert.equal(items.length, 1);
  assert.deepEqual(
    bad.map(({ line }) => line),
    [3],
  );
});

test('a domain whose account is unknown is reported with the way to name it', async () => {
  const { items, bad } = await subscriber('username,domain,password\nalice,acme.example,x\n', () => null);
  assert.deepEqual(items, []);
  assert.match(bad[0]?.reason ?? '', /account of acme\.example is not known/);
});

test('a mapping names accounts of domains, zones and ranges, and others have the fallback', async () => {
  const open = memoryFiles({
    f: 'domain,account\nAcme.example.,C1\nmüller.example,ref:C2\n+3120800,C3\nacme.example,C4\na b,C5\n',
  });
  const { accountOf, bad } = await readAccountMapping('f', open, 'C9');
  assert.equal(accountOf('acme.example'), 'ref:C1');
  assert.equal(accountOf('xn--mller-kva.example'), 'ref:C2');
  assert.equal(accountOf('0.0.8.0.2.1.3.e164.arpa'), 'ref:C3');
  assert.equal(accountOf('other.example'), 'ref:C9');
  assert.deepEqual(
    bad.map(({ line }) => line),
    [5, 6],
  );
});

test('accounts come out after their parents whatever the order of the rows', async () => {
  const { items, bad } = await accounts(
    'Reference,Name,Parent,Reseller,E-Mail,First Name,Call limit\n' +
      'C2,Branch,C1,,,,\nC3,Desk,C2,no,,,\nR1,North,,yes,info@north.example,Ann,\nC1,"Acme, Inc.",,R1,,,\nC9,Elsewhere,X7,,,,\n',
  );
  assert.deepEqual(bodies(items), [
    { kind: 'account', name: 'North', reference: 'R1', email: 'info@north.example', firstName: 'Ann', reseller: true },
    { kind: 'account', name: 'Acme, Inc.', reference: 'C1', parent: 'ref:R1' },
    { kind: 'account', name: 'Branch', reference: 'C2', parent: 'ref:C1' },
    { kind: 'account', name: 'Desk', reference: 'C3', parent: 'ref:C2', reseller: false },
    { kind: 'account', name: 'Elsewhere', reference: 'C9', parent: 'ref:X7' },
  ]);
  assert.deepEqual(
    bad.map(({ line, reason }) => [line, reason]),
    [[1, 'the column "Call limit" is not known and was not read']],
  );
});

test('accounts that cannot stand are reported: loops, taken references, wrong fields', async () => {
  const { items, bad } = await accounts(
    'reference,name,parent,email,userLimit\nA,a,B,,\nB,b,A,,\nC,c,,,5\nC,c2,,,\n,d,,,\nE,,,,\nF,f,,nobody,\nG,g,,,many\nH,h,H,,\n',
  );
  assert.deepEqual(bodies(items), [{ kind: 'account', name: 'c', reference: 'C', userLimit: 5 }]);
  assert.deepEqual(
    bad.map(({ line }) => line).toSorted((a, b) => a - b),
    [2, 3, 5, 6, 7, 8, 9, 10],
  );
});

test('a record over several lines has the number of its first line', async () => {
  const { lines } = await accounts('reference,name,address\nA,a,"one\ntwo"\n\nB,b,x\n');
  assert.deepEqual(lines, [2, 5]);
});

test('numbers are read with or without header', async () => {
  const expected = [
    {
      kind: 'phone_number',
      parent: 'ref:C1',
      e164: '+31208005100',
      target: 'sip:alice@acme.example',
      friendlyName: 'Front, desk',
    },
    { kind: 'phone_number', parent: 'ref:C1', e164: '+31208005101' },
  ];
  const rows = '+31 20 800 5100,C1,Alice@acme.example,"Front, desk"\n+31208005101,C1\n';
  for (const head of ['', 'DID,Customer,Destination,Label\n']) {
    const { items, bad } = await dids(head + rows);
    assert.deepEqual(bad, []);
    assert.deepEqual(bodies(items), expected);
  }
});

const badNumbers = [
  { row: '0208005100,C1', reason: /^number must be an international number/, why: 'a national number' },
  { row: '+31208005100,', reason: /account is missing/, why: 'nobody has it' },
  { row: '+31208005100,C1,alice', reason: /^target must be a SIP address/, why: 'a target without domain' },
];
for (const { row, reason, why } of badNumbers)
  test(`a bad number is reported: ${why}`, async () => {
    const { items, bad } = await dids(`number,account,target\n${row}\n`);
    assert.deepEqual(items, []);
    assert.match(bad[0]?.reason ?? '', reason);
  });

test('mailboxes have a hash with its scheme and a quota in megabytes', async () => {
  const { items, bad } = await mailboxes(
    'address,account,password,quota\n' +
      'Bob@acme.example,C1,{SHA512-CRYPT}$6$x$y,5G\nann@acme.example,C1,$2y$05$x,0\neve@acme.example,C1,,100\n' +
      'x@acme.example,C1,letmein,1\ny@acme.example,C1,,lots\nz,C1,,\n',
  );
  assert.deepEqual(bodies(items), [
    {
      kind: 'mailbox',
      parent: 'ref:C1',
      address: 'bob@acme.example',
      passwordHash: '{SHA512-CRYPT}$6$x$y',
      quotaMegabytes: 5120,
    },
    { kind: 'mailbox', parent: 'ref:C1', address: 'ann@acme.example', passwordHash: '{BLF-CRYPT}$2y$05$x' },
    { kind: 'mailbox', parent: 'ref:C1', address: 'eve@acme.example', quotaMegabytes: 100 },
  ]);
  assert.deepEqual(
    bad.map(({ line }) => line),
    [5, 6, 7],
  );
  assert.doesNotMatch(bad[0]?.reason ?? '', /letmein/);
});
