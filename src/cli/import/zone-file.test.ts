import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies, collect, memoryFiles } from './memory-files.ts';
import { originOfFileName, parseZoneFile, type ZoneFileOptions } from './zone-file.ts';

const parse = (text: string, more: Partial<ZoneFileOptions> = {}, others: Record<string, string> = {}) =>
  collect(
    parseZoneFile('zones/db.example.com', {
      open: memoryFiles({ 'zones/db.example.com': text, ...others }),
      accountOf: () => 'ref:C1',
      ...more,
    }),
  );

const HEAD = '$TTL 1h\n@ IN SOA ns1 hostmaster 7 4h 2h 1w 10m\n';

test('a forward zone is read as operators write it', async () => {
  const text = `\uFEFF; the zone of a customer\r
$ORIGIN Example.COM.\r
$TTL 1h30m\r
@   IN  SOA ns2.example.net. host\\.master.example.com. ( ; several lines\r
        2024010101 ; serial\r
        4H 2h\r
        1w ; expire\r
        600 )\r
    IN NS ns1\r
       NS ns2.example.net.\r
       MX 10 mail\r
       TXT "v=spf1 mx -all" plain\r
       TXT ( "two; not a comment"\r
             "parts \\"quoted\\"" )\r
www 300 IN A 192.0.2.1\r
    IN 5m AAAA 2001:DB8::1\r
*.dev CNAME www\r
_sip._udp SRV 0 5 5060 sip.müller.example.\r
@ CAA 0 issue "ca.example.net"\r
5100 NAPTR 100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@example.com!" .\r
`;
  const { items, lines, bad } = await parse(text);
  assert.deepEqual(bad, []);
  const record = (name: string, type: string, value: string, more = {}) => ({
    kind: 'dns_record',
    parent: 'dns:example.com',
    name,
    type,
    value,
    ...more,
  });
  assert.deepEqual(bodies(items), [
    {
      kind: 'dns_zone',
      name: 'example.com',
      parent: 'ref:C1',
      ttl: 5400,
      nameservers: ['ns2.example.net', 'ns1.example.com'],
      email: 'host.master@example.com',
      serial: 2024010101,
      refresh: 14_400,
      retry: 7200,
      expire: 604_800,
      minimum: 600,
    },
    record('example.com', 'MX', 'mail.example.com', { priority: 10 }),
    record('example.com', 'TXT', '"v=spf1 mx -all" "plain"'),
    record('example.com', 'TXT', '"two; not a comment" "parts \\"quoted\\""'),
    record('www.example.com', 'A', '192.0.2.1', { ttl: 300 }),
    record('www.example.com', 'AAAA', '2001:db8::1', { ttl: 300 }),
    record('*.dev.example.com', 'CNAME', 'www.example.com'),
    record('_sip._udp.example.com', 'SRV', '5 5060 sip.xn--mller-kva.example', { priority: 0 }),
    record('example.com', 'CAA', '0 issue "ca.example.net"'),
    record('5100.example.com', 'NAPTR', '100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@example.com!" .'),
  ]);
  assert.deepEqual(lines, [4, 11, 12, 13, 15, 16, 17, 18, 19, 20]);
});

const badLines = [
  {
    text: `${HEAD}a A 192.0.2.256\n`,
    line: 3,
    reason: /A must be an IPv4 address/,
    why: 'data that is not of its type',
  },
  {
    text: `${HEAD}a IN WKS 192.0.2.1 TCP smtp\n`,
    line: 3,
    reason: /type WKS is not kept/,
    why: 'a type we do not keep',
  },
  { text: `${HEAD}a CH TXT "x"\n`, line: 3, reason: /class CH/, why: 'another class' },
  {
    text: `${HEAD}a TXT "open\nb A 192.0.2.1\n`,
    line: 3,
    reason: /quote/,
    why: 'a quote that is not closed costs its own line only',
    items: 2,
  },
  {
    text: `${HEAD}a TXT ( "x"\nb A 192.0.2.1\n`,
    line: 3,
    reason: /parenthesis that is not closed/,
    why: 'a parenthesis to the end',
  },
  { text: `${HEAD}a TXT "x" )\n`, line: 3, reason: /never opened/, why: 'a parenthesis too many' },
  { text: `${HEAD}a.example.net. A 192.0.2.1\n`, line: 3, reason: /outside the zone/, why: 'data of another zone' },
  { text: `${HEAD}@ CNAME www\n`, line: 3, reason: /own name/, why: 'a CNAME beside the SOA' },
  { text: `${HEAD}a\n`, line: 3, reason: /no record type/, why: 'a name alone' },
  { text: `${HEAD}a 99999999999 A 192.0.2.1\n`, line: 3, reason: /TTL must be at most/, why: 'a TTL beyond 31 bits' },
  {
    text: `${HEAD}$GENERATE 1-9 a$ A 192.0.2.$\n`,
    line: 3,
    reason: /\$GENERATE is not known/,
    why: 'a directive we do not obey',
  },
  { text: `${HEAD}$TTL never\n`, line: 3, reason: /1h30m/, why: 'a time that is none' },
  {
    text: `${HEAD}$INCLUDE gone.inc\n`,
    line: 3,
    reason: /cannot include .*gone\.inc/,
    why: 'a file that is not there',
  },
  {
    text: `${HEAD}a\\.b A 192.0.2.1\n`,
    line: 3,
    reason: /dot inside a label/,
    why: 'a name that has no plain spelling',
  },
  { text: `${HEAD}a TXT \ufffd\n`, line: 3, reason: /UTF-8/, why: 'octets that were lost' },
  { text: `${HEAD}a MX mail\n`, line: 3, reason: /priority/, why: 'a priority that is missing' },
  {
    text: `${HEAD}a NAPTR 1 1 "u" "E2U+sip" "!a!b" .\n`,
    line: 3,
    reason: /delimiter/,
    why: 'a substitution that is cut off',
  },
];
for (const { text, line, reason, why, items: count } of badLines)
  test(`a bad line is reported and the rest is read: ${why}`, async () => {
    const { items, bad } = await parse(text);
    assert.equal(items.length, count ?? 1);
    assert.equal(bad.length, 1);
    assert.equal(bad[0]?.line, line);
    assert.match(bad[0]?.reason ?? '', reason);
  });

test('an unknown record does not lend its owner or its line to the next one', async () => {
  const { items, bad } = await parse(`${HEAD}bad..name A 192.0.2.1\n  A 192.0.2.2\nok A 192.0.2.3\n`);
  assert.deepEqual(
    bad.map(({ line }) => line),
    [3, 4],
  );
  assert.equal(items.length, 2);
});

const badZones = [
  {
    text: '@ SOA ns1 hostmaster 7 4h 2h 1w\na A 192.0.2.1\n',
    reason: /seven fields.*; 1 more/s,
    why: 'an SOA with a field missing',
  },
  { text: '@ SOA ns1 hostmaster x 4h 2h 1w 1h\na A 192.0.2.1\n', reason: /serial/, why: 'a serial that is no number' },
  { text: 'a A 192.0.2.1\nb A 192.0.2.1\n', reason: /before the SOA.*; 1 more/s, why: 'no SOA at all' },
  { text: '; nothing\n', reason: /no zone/, why: 'an empty file' },
];
for (const { text, reason, why } of badZones)
  test(`a zone is left out whole with one complaint: ${why}`, async () => {
    const { items, bad } = await parse(text);
    assert.deepEqual(items, []);
    assert.equal(bad.length, 1);
    assert.match(bad[0]?.reason ?? '', reason);
  });

test('a zone without account is left out with the way to name one', async () => {
  const { items, bad } = await parse(`${HEAD}a A 192.0.2.1\n`, { accountOf: () => null });
  assert.deepEqual(items, []);
  assert.match(bad[0]?.reason ?? '', /account of example\.com is not known/);
});

test('an included file has its own origin, and the origin and owner before it come back', async () => {
  const { items, bad } = await parse(
    `${HEAD}www A 192.0.2.1\n$INCLUDE sub/hosts.inc dev\n  AAAA 2001:db8::1\n`,
    {},
    {
      'zones/sub/hosts.inc': 'a A 192.0.2.2\n$ORIGIN deep.dev.example.com.\nb A 300 192.0.2.3\nc A 192.0.2.4',
    },
  );
  assert.deepEqual(
    bodies(items.slice(1)).map((body) => (body as { name: string }).name),
    ['www.example.com', 'a.dev.example.com', 'c.deep.dev.example.com', 'www.example.com'],
  );
  assert.deepEqual(
    bad.map(({ file, line }) => [file, line]),
    [['zones/sub/hosts.inc', 3]],
    'a TTL stands before the type',
  );
});

test('a file that includes itself is stopped', async () => {
  const { bad } = await parse(`${HEAD}$INCLUDE db.example.com\n`);
  assert.match(bad[0]?.reason ?? '', /include itself/);
});

test('without $TTL a record has the last TTL stated, and before that the zone has the minimum of its SOA', async () => {
  const { items } = await parse(
    '@ SOA ns1 hostmaster 7 4h 2h 1w 10m\na A 192.0.2.1\nb 60 A 192.0.2.2\nc A 192.0.2.3\n',
  );
  assert.deepEqual(
    bodies(items).map((body) => (body as { ttl?: number }).ttl),
    [600, undefined, 60, 60],
  );
});

test('a $TTL that changes on the way is stated by the records after it', async () => {
  const { items } = await parse(`${HEAD}a A 192.0.2.1\n$TTL 5m\nb A 192.0.2.2\n`);
  assert.deepEqual(
    bodies(items).map((body) => (body as { ttl?: number }).ttl),
    [3600, undefined, 300],
  );
});

test('a zone transfer that ends with its SOA is one zone', async () => {
  const soa = 'example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 7 14400 7200 604800 600\n';
  const { items, bad } = await parse(
    `${soa}example.com. 3600 IN NS ns1.example.com.\nwww.example.com. 60 IN A 192.0.2.1\n${soa}`,
  );
  assert.deepEqual(bad, []);
  assert.equal(items.length, 2);
});

test('an ENUM zone becomes a range with its numbers', async () => {
  const text = `$ORIGIN 0.0.8.0.2.1.3.e164.arpa.
$TTL 1h
@ SOA ns1.example.com. hostmaster.example.com. 7 4h 2h 1w 10m
@ NS ns1.example.com.
0.0.1.5 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:alice@acme.example!" .
        60 NAPTR 100 20 "u" "E2U+voice:tel" "!^(.*)$!tel:\\\\1!" .
1.0.1.5 IN NAPTR 100 10 U E2U+sip "!^.*$!sip:bob@acme.example!" .
1.0.1.5 TXT "x"
*.2.1.5 NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:x@acme.example!" .
`;
  const { items, bad } = await parse(text);
  assert.deepEqual(bodies(items), [
    {
      kind: 'enum_range',
      parent: 'ref:C1',
      ttl: 3600,
      nameservers: ['ns1.example.com'],
      prefix: '3120800',
      tld: 'e164.arpa',
    },
    {
      kind: 'enum_number',
      parent: 'enum-range:3120800.e164.arpa',
      digits: '31208005100',
      mappings: [
        {
          order: 100,
          preference: 10,
          flags: 'u',
          service: 'E2U+sip',
          regexp: '!^.*$!sip:alice@acme.example!',
          replacement: '',
        },
        {
          order: 100,
          preference: 20,
          flags: 'u',
          service: 'E2U+voice:tel',
          regexp: '!^(.*)$!tel:\\1!',
          replacement: '',
          ttl: 60,
        },
      ],
    },
    {
      kind: 'enum_number',
      parent: 'enum-range:3120800.e164.arpa',
      digits: '31208005101',
      mappings: [
        {
          order: 100,
          preference: 10,
          flags: 'u',
          service: 'E2U+sip',
          regexp: '!^.*$!sip:bob@acme.example!',
          replacement: '',
        },
      ],
    },
  ]);
  assert.deepEqual(
    bad.map(({ line }) => line),
    [8, 9],
  );
});

test('a zone of another ENUM tree is one only when the tree is named', async () => {
  const text = '$ORIGIN 1.3.e164.example.\n@ 60 SOA ns1 hostmaster 7 4h 2h 1w 10m\n';
  assert.equal((bodies((await parse(text)).items)[0] as { kind: string }).kind, 'dns_zone');
  const { items } = await parse(text, { enumTlds: ['e164.arpa', 'e164.example'] });
  assert.equal((bodies(items)[0] as { kind: string }).kind, 'enum_range');
});

test('a file name tells the origin when it is a domain', () => {
  assert.equal(originOfFileName('/etc/bind/db.example.com'), 'example.com');
  assert.equal(originOfFileName('zones/Example.com.zone'), 'example.com');
  assert.equal(originOfFileName('zones/customers'), null);
});
