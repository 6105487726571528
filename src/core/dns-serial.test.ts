import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isSerialKeptOrRaised } from '#core/dns-serial.ts';

test('a serial may grow by less than half of all numbers, across their end as well', () => {
  const cases: readonly (readonly [former: number, next: number, expected: boolean, reason: string])[] = [
    [1, 1, true, 'it stays'],
    [1, 2, true, 'it grows'],
    [2, 1, false, 'it goes back'],
    [0, 2_147_483_647, true, 'the greatest step'],
    [0, 2_147_483_648, false, 'half of all numbers says nothing about which is the later one'],
    [4_294_967_295, 0, true, 'across the end'],
    [2024010101, 1, false, 'from a date back to a count'],
  ];
  for (const [former, next, expected, reason] of cases)
    assert.equal(isSerialKeptOrRaised(former, next), expected, reason);
});
