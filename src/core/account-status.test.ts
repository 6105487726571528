/** How an account's standing is told in the words of the account APIs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type AccountStatus, type StatusFacts, accountStatus, threeWords } from './account-status.ts';

const nothing: StatusFacts = { closed: false, isRestricted: false, ownProfiles: [], isHeldAbove: false };
const held = { ...nothing, isRestricted: true };

const ROWS: readonly (readonly [string, StatusFacts, AccountStatus])[] = [
  ['nothing holds it', nothing, 'active'],
  ['closed wins over every hold', { ...held, closed: true, ownProfiles: ['suspended'] }, 'closed'],
  ['its own hold', { ...held, ownProfiles: ['suspended'] }, 'suspended'],
  ['a hold of any profile', { ...held, ownProfiles: ['bad_payer'] }, 'suspended'],
  ['a hold above', { ...held, isHeldAbove: true }, 'suspended'],
  ['inactive alone', { ...held, ownProfiles: ['inactive'] }, 'inactive'],
  ['uninitialized alone', { ...held, ownProfiles: ['uninitialized'] }, 'uninitialized'],
  ['inactive before uninitialized', { ...held, ownProfiles: ['uninitialized', 'inactive'] }, 'inactive'],
  ['inactive under a hold above', { ...held, ownProfiles: ['inactive'], isHeldAbove: true }, 'suspended'],
  ['inactive and suspended', { ...held, ownProfiles: ['inactive', 'fraud'] }, 'suspended'],
  ['a hold that denies nothing', { ...nothing, ownProfiles: ['watched'] }, 'active'],
];

for (const [name, facts, status] of ROWS) test(name, () => assert.equal(accountStatus(facts), status));

test('three words are left of the five', () => {
  assert.deepEqual((['active', 'suspended', 'closed', 'inactive', 'uninitialized'] as const).map(threeWords), [
    'active',
    'suspended',
    'closed',
    'suspended',
    'suspended',
  ]);
});
