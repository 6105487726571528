import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readUserPart } from './aor.ts';
import { DNS_RECORD_TYPES, readRecordData } from './dns-record-data.ts';
import { readDnsName, readDomainName } from './domain-name.ts';
import { readE164 } from './e164.ts';
import { readEmailAddress } from './email-address.ts';
import { digitsOfEnumDomain, enumDomain, readEnumDigits } from './enum-number.ts';
import { readIpAddress } from './ip-address.ts';
import type { Reading } from './reading.ts';
import { readSipUri } from './sip-uri.ts';

const READERS: Readonly<Record<string, (text: string) => Reading<string>>> = {
  readDomainName: (text) => readDomainName(text),
  readDnsName,
  readUserPart,
  readE164,
  readIpAddress,
  readEmailAddress,
  readSipUri,
  readEnumDigits,
};

/** Text of the pieces that names are made of, so that many samples are right and many more nearly so. */
const pieces = fc.constantFrom(
  'a',
  'B',
  '1',
  '31',
  '208005100',
  '.',
  '-',
  '_',
  '*',
  '@',
  '+',
  ':',
  '/',
  '%',
  '%61',
  '%2F',
  '%40',
  ';',
  '?',
  ' ',
  '"',
  '\\',
  '\\1',
  'ü',
  'ß',
  '。',
  'é',
  '１',
  'xn--mller-kva',
  'example',
  '.com',
  'sip:',
  'tel:',
  '::',
  '192.0.2.7',
  '[',
  ']',
  '\u0000',
  '\n',
  '0',
);
const text = fc.oneof(
  fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
  fc.tuple(pieces, pieces).map(([user, label]) => `sip:${user}@${label}.example`),
  fc.tuple(pieces, pieces).map(([user, label]) => `${user}@${label}.example`),
  fc.ipV6(),
  fc.emailAddress(),
  fc.string({ unit: 'binary' }),
);

for (const [name, read] of Object.entries(READERS))
  test(`${name} gives one spelling: reading what was read changes nothing, and nothing makes it throw`, () => {
    fc.assert(
      fc.property(text, (given) => {
        const once = read(given);
        if (once.ok) assert.deepEqual(read(once.value), once);
        else assert.match(once.message, /^must /);
      }),
      { numRuns: 2000 },
    );
  });

test('record data has one spelling: reading what was read changes nothing, and nothing makes it throw', () => {
  const data = fc.oneof(
    text,
    fc.array(fc.oneof(pieces, fc.nat().map(String)), { maxLength: 6 }).map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(fc.constantFrom(...DNS_RECORD_TYPES), data, fc.option(fc.nat(70_000)), (type, value, priority) => {
      const once = readRecordData(type, value, priority);
      if (once.ok) assert.deepEqual(readRecordData(type, once.value.value, once.value.priority), once);
    }),
    { numRuns: 5000 },
  );
});

test('digits and their ENUM name are inverse to each other', () => {
  const digits = fc
    .array(fc.constantFrom(...'0123456789'), { minLength: 1, maxLength: 15 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(digits, (given) =>
      assert.equal(digitsOfEnumDomain(enumDomain(given, 'e164.arpa'), 'e164.arpa'), given),
    ),
  );
});
