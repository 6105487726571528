import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWithin, readDnsName, readDomainName } from './domain-name.ts';

const right = [
  { text: 'Example.COM', value: 'example.com', reason: 'case means nothing in a name' },
  { text: 'example.com.', value: 'example.com', reason: 'the trailing dot is the root' },
  { text: 'müller.example', value: 'xn--mller-kva.example', reason: 'IDN becomes ASCII' },
  { text: 'MÜLLER。example', value: 'xn--mller-kva.example', reason: 'the ideographic full stop is a dot' },
  {
    text: 'xn--MLLER-kva.example',
    value: 'xn--mller-kva.example',
    reason: 'what is ASCII already stays, in lower case',
  },
  { text: 'pbx', value: 'pbx', reason: 'a SIP domain needs no dot' },
  { text: '31.example', value: '31.example', reason: 'labels before the last may be numbers' },
  { text: `${'a'.repeat(63)}.example`, value: `${'a'.repeat(63)}.example`, reason: 'a label may have 63 characters' },
];
for (const { text, value, reason } of right)
  test(`a domain name is read: ${reason}`, () => assert.deepEqual(readDomainName(text), { ok: true, value }));

const wrong = [
  { text: '', message: /at least one label/, reason: 'empty text names nothing' },
  { text: '.', message: /at least one label/, reason: 'the root has no label' },
  { text: 'a..example', message: /empty label/, reason: 'a label between two dots is empty' },
  { text: `${'a'.repeat(64)}.example`, message: /64 characters of at most 63/, reason: 'a label is too long' },
  { text: `${'abcdefg.'.repeat(32)}example`, message: /of at most 253/, reason: 'the whole is too long' },
  { text: '-a.example', message: /inner hyphens/, reason: 'a hyphen begins a label' },
  { text: 'a-.example', message: /inner hyphens/, reason: 'a hyphen ends a label' },
  { text: '_sip.example', message: /inner hyphens/, reason: 'an underscore is for DNS names' },
  { text: '192.0.2.7', message: /not an address/, reason: 'an IPv4 address is no name' },
  { text: '１９２.0.2.7', message: /not an address/, reason: 'wide digits are digits' },
  { text: 'exa mple.com', message: /character/, reason: 'a blank is in no name' },
  { text: 'ex%61mple.com', message: /character/, reason: 'escapes are not for names' },
  { text: 'alice@example.com', message: /character/, reason: 'an address is no name' },
];
for (const { text, message, reason } of wrong)
  test(`a domain name is refused: ${reason}`, () => {
    const reading = readDomainName(text);
    assert.ok(!reading.ok);
    assert.match(reading.message, message);
  });

test('a name without dot is refused where dots are required', () => {
  assert.equal(readDomainName('pbx', { dotted: true }).ok, false);
  assert.equal(readDomainName('pbx.example', { dotted: true }).ok, true);
});

const owners = [
  { text: '_SIP._udp.Example.com.', value: '_sip._udp.example.com', reason: 'services have underscores' },
  { text: '*.example.com', value: '*.example.com', reason: 'a wildcard may be the first label' },
  { text: '*.müller.example', value: '*.xn--mller-kva.example', reason: 'a wildcard stands before an IDN too' },
  { text: '0/25.2.0.192.in-addr.arpa', value: '0/25.2.0.192.in-addr.arpa', reason: 'classless delegation has slashes' },
  { text: 'a.*.example.com', value: null, reason: 'a wildcard inside matches nothing' },
  { text: 'a*.example.com', value: null, reason: 'a wildcard is a whole label' },
  { text: 'a b.example.com', value: null, reason: 'a blank is in no name' },
];
for (const { text, value, reason } of owners)
  test(`a DNS name is judged: ${reason}`, () => {
    const reading = readDnsName(text);
    assert.equal(reading.ok ? reading.value : null, value);
  });

test('a name lies within its zone and not within a zone that merely ends like it', () => {
  assert.equal(isWithin('a.example.com', 'example.com'), true);
  assert.equal(isWithin('example.com', 'example.com'), true);
  assert.equal(isWithin('notexample.com', 'example.com'), false);
});
