import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNaptr } from './naptr.ts';

const base = {
  order: 100,
  preference: 10,
  flags: 'u',
  service: 'E2U+sip',
  regexp: '!^.*$!sip:info@example.com!',
  replacement: '',
};

const right = [
  { change: {}, reason: 'the usual ENUM record' },
  { change: { regexp: '!^(\\+31.*)$!sip:\\1@example.com!i' }, reason: 'a group and a flag' },
  { change: { regexp: '/a\\/b/c/' }, reason: 'another delimiter, escaped inside' },
  { change: { service: 'E2U+voice:tel+x-skype:callto' }, reason: 'several services with subtypes' },
  {
    change: { flags: '', service: '', regexp: '', replacement: 'other.example.com' },
    reason: 'a record that leads on',
  },
  { change: { order: 0, preference: 65_535, ttl: 0 }, reason: 'the limits' },
];
for (const { change, reason } of right)
  test(`a NAPTR record is read: ${reason}`, () =>
    assert.deepEqual(readNaptr({ ...base, ...change }), { ok: true, value: { ...base, ...change } }));

test('a NAPTR record is normalised: flags and replacement in lower case, a lone dot is none', () => {
  assert.deepEqual(readNaptr({ ...base, flags: 'U', replacement: '.' }), { ok: true, value: base });
  const reading = readNaptr({ ...base, flags: 'S', regexp: '', replacement: '_SIP._udp.Example.com.' });
  assert.equal(reading.ok && reading.value.replacement, '_sip._udp.example.com');
});

const wrong = [
  { change: { order: 65_536 }, message: /order/, reason: 'order has 16 bits' },
  { change: { preference: '10' }, message: /preference/, reason: 'numbers are numbers' },
  { change: { preference: undefined }, message: /preference/, reason: 'preference is needed' },
  { change: { ttl: -1 }, message: /ttl/, reason: 'time does not run back' },
  { change: { flags: 'u!' }, message: /flags/, reason: 'flags are letters and digits' },
  { change: { service: 'E2U+' }, message: /service/, reason: 'a service must follow' },
  { change: { service: 'E2U+sip sip' }, message: /service/, reason: 'no blanks' },
  { change: { regexp: '' }, message: /exactly one/, reason: 'neither' },
  { change: { replacement: 'example.com' }, message: /exactly one/, reason: 'both' },
  { change: { regexp: '!^.*$!sip:info@example.com' }, message: /delimiter/, reason: 'the last delimiter is missing' },
  { change: { regexp: '!a!b!c!' }, message: /delimiter/, reason: 'one delimiter too many' },
  { change: { regexp: '!a!b!g' }, message: /flag/, reason: 'no such flag' },
  { change: { regexp: '1a1b1' }, message: /delimiter/, reason: 'a digit would be a group' },
  { change: { regexp: '!^.*$!sip:\\1@example.com!' }, message: /group 1 of 0/, reason: 'no such group' },
  { change: { regexp: `!${'a'.repeat(260)}!b!` }, message: /255/, reason: 'too long for the DNS' },
  { change: { regexp: '', replacement: 'a b' }, message: /replacement/, reason: 'the replacement is a name' },
  { change: { prefrence: 1 }, message: /members/, reason: 'a mistyped member is not dropped in silence' },
];
for (const { change, message, reason } of wrong)
  test(`a NAPTR record is refused: ${reason}`, () => {
    const reading = readNaptr({ ...base, ...change });
    assert.ok(!reading.ok);
    assert.match(reading.message, message);
  });

test('what is no object is no NAPTR record', () => {
  for (const value of [null, [], 'x', 7]) assert.equal(readNaptr(value).ok, false);
});
