import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readE164 } from './e164.ts';

const rows = [
  { text: '+31208005100', value: '+31208005100', reason: 'the plain form' },
  { text: 'tel:+31-20-800-5100', value: '+31208005100', reason: 'the URI with visual separators' },
  { text: ' +31 20 800 5100 ', value: '+31208005100', reason: 'blanks are visual separators to people' },
  { text: '+1 (415) 555-0100', value: '+14155550100', reason: 'parentheses group digits' },
  { text: '+2901234', value: '+2901234', reason: 'seven digits are the shortest' },
  { text: '+123456789012345', value: '+123456789012345', reason: 'fifteen digits are the longest' },
  { text: '+1234567890123456', value: null, reason: 'sixteen are too many' },
  { text: '+123456', value: null, reason: 'six are too few' },
  { text: '0031208005100', value: null, reason: 'a dialling prefix depends on the country' },
  { text: '31208005100', value: null, reason: 'without + it may be a national number' },
  { text: '+0208005100', value: null, reason: 'no country code begins with 0' },
  { text: '+31 (0)20 800 5100', value: null, reason: 'a trunk zero would become a digit' },
  { text: '+31208005100;ext=12', value: null, reason: 'an extension is not part of the number' },
  { text: '++31208005100', value: null, reason: 'one plus sign' },
  { text: '+31ABC5100', value: null, reason: 'letters are not digits' },
];
for (const { text, value, reason } of rows)
  test(`a telephone number is judged: ${reason}`, () => {
    const reading = readE164(text);
    assert.equal(reading.ok ? reading.value : null, value);
    if (!reading.ok) assert.match(reading.message, /^must be .*, not "/);
  });
