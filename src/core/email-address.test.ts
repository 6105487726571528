import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEmailAddress } from './email-address.ts';

const rows = [
  { text: 'Bob@Example.com', value: 'bob@example.com', reason: 'lower case throughout' },
  {
    text: "o'hara+sip@müller.example",
    value: "o'hara+sip@xn--mller-kva.example",
    reason: 'odd characters before @, IDN after',
  },
  { text: `${'a'.repeat(64)}@example.com`, value: `${'a'.repeat(64)}@example.com`, reason: '64 characters fit' },
  { text: `${'a'.repeat(65)}@example.com`, value: null, reason: '65 do not' },
  { text: `a@${'abcdefg.'.repeat(31)}abcde`, value: null, reason: 'the whole is too long' },
  { text: 'bob', value: null, reason: 'no @' },
  { text: '@example.com', value: null, reason: 'nobody' },
  { text: '.bob@example.com', value: null, reason: 'a dot outside' },
  { text: 'bo..b@example.com', value: null, reason: 'two dots in a row' },
  { text: '"b b"@example.com', value: null, reason: 'quoted local parts are never meant' },
  { text: 'bob@192.0.2.7', value: null, reason: 'an address is no domain' },
  { text: 'Bob <bob@example.com>', value: null, reason: 'a display name is not part of it' },
];
for (const { text, value, reason } of rows)
  test(`an e-mail address is judged: ${reason}`, () => {
    const reading = readEmailAddress(text);
    assert.equal(reading.ok ? reading.value : null, value);
  });
