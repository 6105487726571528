import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIpv4, readIpAddress } from './ip-address.ts';

const rows = [
  { text: '192.0.2.7', value: '192.0.2.7', reason: 'dotted decimals' },
  { text: '2001:DB8:0:0:0:0:0:7', value: '2001:db8::7', reason: 'lower case, zeros compressed' },
  { text: '2001:0db8::0001:0:0:1', value: '2001:db8::1:0:0:1', reason: 'of two runs the first is compressed' },
  { text: '2001:db8:0:1:1:1:1:1', value: '2001:db8:0:1:1:1:1:1', reason: 'one zero group stays' },
  { text: '::', value: '::', reason: 'the unspecified address' },
  { text: '::FFFF:192.0.2.7', value: '::ffff:192.0.2.7', reason: 'mapped addresses end in decimals' },
  { text: '::ffff:c000:207', value: '::ffff:192.0.2.7', reason: 'mapped addresses end in decimals however written' },
  { text: '192.0.2.07', value: null, reason: 'a leading zero is octal to some' },
  { text: '192.0.2', value: null, reason: 'fewer parts' },
  { text: '192.0.2.256', value: null, reason: 'an octet ends at 255' },
  { text: '192.0.2.7.', value: null, reason: 'a trailing dot' },
  { text: '192.0.2.0/24', value: null, reason: 'a network is no address' },
  { text: 'fe80::1%eth0', value: null, reason: 'a scope means nothing elsewhere' },
  { text: '[2001:db8::7]', value: null, reason: 'brackets belong to URIs' },
  { text: '1:2:3:4:5:6:7:8:9', value: null, reason: 'nine groups' },
  { text: 'a::b::c', value: null, reason: 'two gaps' },
  { text: '', value: null, reason: 'empty' },
];
for (const { text, value, reason } of rows)
  test(`an IP address is judged: ${reason}`, () => {
    const reading = readIpAddress(text);
    assert.equal(reading.ok ? reading.value : null, value);
  });

test('IPv4 is told from IPv6', () => {
  assert.equal(isIpv4('192.0.2.7'), true);
  assert.equal(isIpv4('::ffff:192.0.2.7'), false);
});
