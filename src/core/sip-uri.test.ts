import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSipUri } from './sip-uri.ts';

const rows = [
  { text: 'sip:Alice@Example.com', value: 'sip:Alice@example.com', reason: 'the foreign user keeps its case' },
  {
    text: 'SIPS:gw.example:5061;transport=tls',
    value: 'sips:gw.example:5061;transport=tls',
    reason: 'host, port, parameters',
  },
  { text: 'sip:a@[2001:DB8::7]:5060', value: 'sip:a@[2001:db8::7]:5060', reason: 'an IPv6 host' },
  { text: 'sip:a@192.0.2.7', value: 'sip:a@192.0.2.7', reason: 'an IPv4 host' },
  {
    text: 'sip:a;phone-context=x@example.com',
    value: 'sip:a;phone-context=x@example.com',
    reason: 'parameters of the user',
  },
  { text: 'tel:+31 20 800 5100', value: 'tel:+31208005100', reason: 'a global number loses its separators' },
  {
    text: 'tel:5100;phone-context=acme.example',
    value: 'tel:5100;phone-context=acme.example',
    reason: 'a local number with context',
  },
  { text: 'tel:5100', value: null, reason: 'a local number without context' },
  { text: 'alice@example.com', value: null, reason: 'the scheme is missing' },
  { text: 'http://example.com', value: null, reason: 'another scheme' },
  { text: 'sip:a b@example.com', value: null, reason: 'a blank' },
  { text: 'sip:a@example.com:99999', value: null, reason: 'no such port' },
  { text: 'sip:a@example.com;x=\r\nVia: y', value: null, reason: 'a header must not be smuggled in' },
  { text: 'sip:a@example.com>;x', value: null, reason: 'a bracket would end the URI' },
  { text: `sip:${'a'.repeat(250)}@example.com`, value: null, reason: 'too long' },
  { text: 'sip:', value: null, reason: 'nothing follows' },
];
for (const { text, value, reason } of rows)
  test(`an outside URI is judged: ${reason}`, () => {
    const reading = readSipUri(text);
    assert.equal(reading.ok ? reading.value : null, value);
  });
