import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digitsOfEnumDomain, enumDomain, readEnumDigits } from './enum-number.ts';

const digits = [
  { text: '31', value: '31', reason: 'a country' },
  { text: '+31208005100', value: '31208005100', reason: 'the plus sign is dropped' },
  { text: '1234567890123456', value: null, reason: 'sixteen digits' },
  { text: '', value: null, reason: 'none' },
  { text: '31 20', value: null, reason: 'a blank' },
];
for (const { text, value, reason } of digits)
  test(`digits of ENUM are judged: ${reason}`, () => {
    const reading = readEnumDigits(text);
    assert.equal(reading.ok ? reading.value : null, value);
  });

test('digits and their domain name are inverse to each other', () => {
  assert.equal(enumDomain('31', 'e164.arpa'), '1.3.e164.arpa');
  assert.equal(digitsOfEnumDomain('1.3.e164.arpa', 'e164.arpa'), '31');
  assert.equal(digitsOfEnumDomain(enumDomain('31208005100', 'e164.example'), 'e164.example'), '31208005100');
});

const names = [
  { name: 'e164.arpa', value: '', reason: 'the tree itself has no digits' },
  { name: '1.3.e164.example', value: null, reason: 'another tree' },
  { name: '*.1.3.e164.arpa', value: null, reason: 'a wildcard is no digit' },
  { name: '13.e164.arpa', value: null, reason: 'a label holds one digit' },
  { name: 'x1.3.xe164.arpa', value: null, reason: 'a tree that only ends alike' },
];
for (const { name, value, reason } of names)
  test(`a name of ENUM is judged: ${reason}`, () => assert.equal(digitsOfEnumDomain(name, 'e164.arpa'), value));
