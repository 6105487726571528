import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readRestByCountry, restUntil } from './number-rest.ts';

const tables = [
  { text: '', value: {}, reason: 'no table' },
  { text: 'US:90,DE:30', value: { US: 90, DE: 30 }, reason: 'two countries' },
  { text: ' nl:0 , us:365 ,', value: { NL: 0, US: 365 }, reason: 'small letters, spaces, a comma at the end' },
  { text: 'US:44', value: null, reason: 'fewer days than the United States allow' },
  { text: 'US:366', value: null, reason: 'more days than they allow after a business' },
  { text: 'DE:3651', value: null, reason: 'more than ten years' },
  { text: 'DE:30,de:31', value: null, reason: 'a country twice' },
  { text: 'Germany:30', value: null, reason: 'no code' },
  { text: 'DE', value: null, reason: 'no days' },
  { text: 'DE:-1', value: null, reason: 'less than nothing' },
];
for (const { text, value, reason } of tables)
  test(`a table of rests is read: ${reason}`, () => {
    const reading = readRestByCountry(text);
    assert.equal(reading.ok, value !== null);
    if (reading.ok) assert.deepEqual(reading.value, value);
  });

const closed = new Date('2026-01-01T00:00:00Z');
const rests = [
  { country: 'DE', until: '2026-01-31T00:00:00.000Z', reason: 'by its country' },
  { country: 'de', until: '2026-01-31T00:00:00.000Z', reason: 'in whichever case that is written' },
  { country: 'NL', until: '2026-02-15T00:00:00.000Z', reason: 'by default, for a country that is not named' },
  { country: null, until: '2026-02-15T00:00:00.000Z', reason: 'by default, where no country is known' },
  { country: 'constructor', until: '2026-02-15T00:00:00.000Z', reason: 'by default, for no country at all' },
];
for (const { country, until, reason } of rests)
  test(`a number rests ${reason}`, () => {
    const settings = { days: 45, byCountry: { DE: 30 } };
    assert.equal(restUntil(closed, country, settings).toISOString(), until);
  });
