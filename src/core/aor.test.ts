import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAor, readUserPart } from './aor.ts';

const users = [
  { text: 'Alice', value: 'alice', reason: 'keys are lower case' },
  { text: '+31208005100', value: '+31208005100', reason: 'a number may be a user' },
  { text: '%61l%69ce', value: 'alice', reason: 'escapes of unreserved characters are those characters' },
  { text: 'a%2Fb', value: 'a%2fb', reason: 'other escapes stay escapes' },
  { text: 'a;b?c', value: 'a;b?c', reason: 'RFC 3261 allows these unescaped' },
  { text: 'a'.repeat(64), value: 'a'.repeat(64), reason: '64 characters fit' },
  { text: 'a'.repeat(65), value: null, reason: '65 do not' },
  { text: '', value: null, reason: 'nobody is nobody' },
  { text: 'a b', value: null, reason: 'a blank ends the user' },
  { text: 'a%20b', value: null, reason: 'a blank hides behind an escape' },
  { text: 'a%00', value: null, reason: 'NUL hides behind an escape' },
  { text: 'a@b', value: null, reason: 'the domain is not part of it' },
  { text: 'a%40b', value: null, reason: 'the domain is not part of it, escaped or not' },
  { text: 'a:b', value: null, reason: 'a password is not part of it' },
  { text: 'jürgen', value: null, reason: 'other characters must be escaped' },
  { text: '100%', value: null, reason: 'a per cent sign begins an escape' },
];
for (const { text, value, reason } of users)
  test(`a user part is judged: ${reason}`, () => {
    const reading = readUserPart(text);
    assert.equal(reading.ok ? reading.value : null, value);
  });

const addresses = [
  { text: 'Alice@Example.com', value: 'alice@example.com', reason: 'the bare form' },
  { text: 'sip:alice@example.com', value: 'alice@example.com', reason: 'with its scheme' },
  {
    text: 'SIPS:alice@example.com;transport=tls?subject=x',
    value: 'alice@example.com',
    reason: 'parameters and headers are dropped',
  },
  { text: 'sip:a;b@example.com', value: 'a;b@example.com', reason: 'a semicolon before @ belongs to the user' },
  { text: 'alice@müller.example', value: 'alice@xn--mller-kva.example', reason: 'IDN becomes ASCII' },
  { text: 'alice@example.com:5060', value: null, reason: 'a port belongs to a contact' },
  { text: 'alice', value: null, reason: 'the domain is missing' },
  { text: 'alice@', value: null, reason: 'the domain is empty' },
  { text: '@example.com', value: null, reason: 'the user is empty' },
  { text: 'a@b@example.com', value: null, reason: 'two @ are one too many' },
  { text: 'alice@192.0.2.7', value: null, reason: 'an address is no domain' },
  { text: '"Alice" <sip:alice@example.com>', value: null, reason: 'a display name is not part of it' },
];
for (const { text, value, reason } of addresses)
  test(`an address of record is judged: ${reason}`, () => {
    const reading = readAor(text);
    assert.equal(reading.ok ? reading.value.aor : null, value);
    if (reading.ok) assert.equal(`${reading.value.username}@${reading.value.domain}`, reading.value.aor);
  });
