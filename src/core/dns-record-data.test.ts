import assert from 'node:assert/strict';
import { test } from 'node:test';
import { naptrPresentation, parseNaptr, readRecordData } from './dns-record-data.ts';

const right: { type: string; value: string; priority?: number; read: string; rank?: number; reason: string }[] = [
  { type: 'A', value: '192.0.2.7', read: '192.0.2.7', reason: 'an address' },
  { type: 'AAAA', value: '2001:DB8:0::7', read: '2001:db8::7', reason: 'a canonical address' },
  { type: 'CNAME', value: 'WWW.Example.com.', read: 'www.example.com', reason: 'no trailing dot' },
  { type: 'PTR', value: 'host.müller.example.', read: 'host.xn--mller-kva.example', reason: 'IDN becomes ASCII' },
  {
    type: 'MX',
    value: '10 Mail.example.com.',
    read: 'mail.example.com',
    rank: 10,
    reason: 'the priority is taken out',
  },
  {
    type: 'MX',
    value: 'mail.example.com',
    priority: 0,
    read: 'mail.example.com',
    rank: 0,
    reason: 'the priority stands apart',
  },
  { type: 'MX', value: '10 mail.example.com', priority: 10, read: 'mail.example.com', rank: 10, reason: 'both agree' },
  { type: 'MX', value: '0 .', read: '.', rank: 0, reason: 'null MX, no mail here' },
  {
    type: 'SRV',
    value: '10 20 05060 sip.example.com.',
    read: '20 5060 sip.example.com',
    rank: 10,
    reason: 'priority taken out',
  },
  {
    type: 'SRV',
    value: '20 5060 sip.example.com',
    priority: 1,
    read: '20 5060 sip.example.com',
    rank: 1,
    reason: 'priority apart',
  },
  { type: 'TXT', value: '"v=spf1 -all"  "b\\"c"', read: '"v=spf1 -all" "b\\"c"', reason: 'strings, one blank between' },
  { type: 'TXT', value: 'v=spf1 mx -all', read: '"v=spf1 mx -all"', reason: 'unquoted text is one string' },
  {
    type: 'TXT',
    value: 'k'.repeat(300),
    read: `"${'k'.repeat(255)}" "${'k'.repeat(45)}"`,
    reason: 'unquoted text is divided',
  },
  {
    type: 'TXT',
    value: '"gr\\195\\188n" "grün"',
    read: '"gr\\195\\188n" "gr\\195\\188n"',
    reason: 'octets in one spelling',
  },
  { type: 'TXT', value: '""', read: '""', reason: 'an empty string is a string' },
  { type: 'SPF', value: '"v=spf1 -all"', read: '"v=spf1 -all"', reason: 'read like TXT' },
  { type: 'A', value: '192.0.2.7', priority: 0, read: '192.0.2.7', reason: 'a priority of no meaning is dropped' },
  {
    type: 'NAPTR',
    value: '100 10 "U" "E2U+sip" "!^(.*)$!sip:\\\\1@example.com!" .',
    read: '100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@example.com!" .',
    reason: 'escapes are resolved and written again',
  },
  {
    type: 'NAPTR',
    value: '1 2 s SIP+D2U "" _sip._udp.Example.com.',
    read: '1 2 "s" "SIP+D2U" "" _sip._udp.example.com',
    reason: 'unquoted fields',
  },
  {
    type: 'CAA',
    value: '0 Issue letsencrypt.example',
    read: '0 issue "letsencrypt.example"',
    reason: 'the value is quoted',
  },
  { type: 'TLSA', value: '3 1 1 0123 ABCD', read: '3 1 1 0123abcd', reason: 'blanks in hexadecimal' },
  { type: 'SSHFP', value: '4 2 ABCDEF', read: '4 2 abcdef', reason: 'a fingerprint' },
  { type: 'DS', value: '60485 5 1 2bb1', read: '60485 5 1 2bb1', reason: 'a digest' },
  {
    type: 'LOC',
    value: '52 22 23 n 4 53 32 e -2m',
    read: '52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m',
    reason: 'defaults written out',
  },
  { type: 'MBOXFW', value: 'Bob@Example.com', read: 'bob@example.com', reason: 'a forward leads to an address' },
  {
    type: 'URL',
    value: 'HTTPS://Example.com/A?b',
    read: 'https://example.com/A?b',
    reason: 'a redirect leads to a page',
  },
];
for (const { type, value, priority, read, rank, reason } of right)
  test(`${type} data is read: ${reason}`, () => {
    const once = readRecordData(type, value, priority ?? null);
    assert.deepEqual(once, { ok: true, value: { value: read, priority: rank ?? null } });
    assert.deepEqual(readRecordData(type, read, rank ?? null), once, 'reading what was read changes nothing');
  });

const wrong = [
  { type: 'A', value: '2001:db8::7', reason: 'the other family' },
  { type: 'AAAA', value: '192.0.2.7', reason: 'the other family' },
  { type: 'A', value: 'host.example', reason: 'a name is no address' },
  { type: 'CNAME', value: '', reason: 'nothing' },
  { type: 'MX', value: 'mail.example.com', reason: 'the priority is missing' },
  { type: 'MX', value: '70000 mail.example.com', reason: 'a priority has 16 bits' },
  { type: 'MX', value: '10 mail.example.com', priority: 20, reason: 'two priorities' },
  { type: 'MX', value: '10 192.0.2.7 x', reason: 'one field too many' },
  { type: 'SRV', value: '10 5060 sip.example.com', reason: 'the weight or the priority is missing' },
  { type: 'SRV', value: '1 2 99999 sip.example.com', reason: 'no such port' },
  { type: 'TXT', value: `"${'a'.repeat(256)}"`, reason: 'a string too long' },
  { type: 'TXT', value: '"open', reason: 'a quote not closed' },
  { type: 'TXT', value: '"a\\999"', reason: 'no such octet' },
  { type: 'NAPTR', value: '100 10 "u" "E2U+sip" .', reason: 'a field is missing' },
  { type: 'NAPTR', value: '100 10 "u" "E2U+sip" "!a!b!" example.com.', reason: 'regexp and replacement' },
  { type: 'CAA', value: '256 issue "x"', reason: 'flags have eight bits' },
  { type: 'TLSA', value: '3 1 1 012', reason: 'half an octet' },
  { type: 'DS', value: '5 1 2bb1', reason: 'a number is missing' },
  { type: 'LOC', value: '91 0 0 N 0 0 0 E 0m', reason: 'beyond the pole' },
  { type: 'MBOXFW', value: 'bob', reason: 'no address' },
  { type: 'URL', value: 'javascript:alert(1)', reason: 'no web address' },
  { type: 'RRSIG', value: 'x', reason: 'a type we do not keep' },
];
for (const { type, value, priority, reason } of wrong)
  test(`${type} data is refused: ${reason}`, () => {
    const reading = readRecordData(type, value, priority ?? null);
    assert.ok(!reading.ok);
    assert.match(reading.message, /^must /);
  });

test('a NAPTR record and its presentation form are inverse to each other', () => {
  const text = '100 10 "u" "E2U+sip" "!^\\\\+(.*)$!sip:\\\\1@example.com!" .';
  const record = parseNaptr(text);
  assert.ok(record.ok);
  assert.equal(record.value.regexp, '!^\\+(.*)$!sip:\\1@example.com!');
  assert.equal(naptrPresentation(record.value), text);
});
