import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  AUTHORITIES,
  type Authority,
  type LineAccount,
  SUBJECTS,
  type Subject,
  holderOf,
  isAuthority,
  isSubject,
  reachesLevel,
  reachesSubject,
} from './authority.ts';

const levels: Readonly<Record<Authority, readonly Authority[]>> = {
  customer: ['customer'],
  reseller: ['customer', 'reseller'],
  platform: ['customer', 'reseller', 'platform'],
};
for (const actor of AUTHORITIES)
  test(`the ${actor} reaches ${levels[actor].join(', ')}`, () => {
    assert.deepEqual(
      AUTHORITIES.filter((level) => reachesLevel(actor, level)),
      levels[actor],
    );
  });

const subjects: Readonly<Record<Subject, { readonly reaches: readonly Subject[]; readonly reason: string }>> = {
  wish: { reaches: ['wish'], reason: 'a wish is the least' },
  technical: { reaches: ['wish', 'technical'], reason: 'technical matters do not decide over billing' },
  billing: { reaches: ['wish', 'billing'], reason: 'billing does not decide over technical matters' },
  general: { reaches: ['wish', 'technical', 'billing', 'general'], reason: 'the general decides over both' },
  fraud: { reaches: ['wish', 'technical', 'billing', 'general', 'fraud'], reason: 'all but the law' },
  legal: { reaches: ['wish', 'technical', 'billing', 'general', 'fraud', 'legal'], reason: 'the law decides over all' },
};
for (const role of SUBJECTS)
  test(`a role for ${role} reaches ${subjects[role].reaches.join(', ')}: ${subjects[role].reason}`, () => {
    assert.deepEqual(
      SUBJECTS.filter((subject) => reachesSubject(role, subject)),
      subjects[role].reaches,
    );
  });

test('names that every object has are neither levels nor subjects', () => {
  for (const name of ['constructor', '__proto__', 'toString', '']) assert.ok(!isAuthority(name) && !isSubject(name));
});

/** The platform 0, a reseller 1, a reseller within it 2, a customer 3, and its sub-account 4. */
const LINE: readonly LineAccount[] = [
  { id: 0, level: 'platform' },
  { id: 1, level: 'reseller' },
  { id: 2, level: 'reseller' },
  { id: 3, level: 'customer' },
  { id: 4, level: 'customer' },
];
const rows: readonly {
  readonly level: Authority;
  readonly subject?: Subject;
  readonly placedFor: number | null;
  readonly on: 'account' | 'resource';
  readonly holder: number;
  readonly reason: string;
}[] = [
  { level: 'platform', placedFor: 0, on: 'account', holder: 0, reason: 'placed by the platform' },
  { level: 'reseller', placedFor: 1, on: 'account', holder: 1, reason: 'placed by the outer reseller' },
  { level: 'reseller', placedFor: 2, on: 'account', holder: 2, reason: 'placed by the inner reseller' },
  { level: 'customer', placedFor: 3, on: 'account', holder: 3, reason: 'placed by the customer above' },
  { level: 'customer', placedFor: 4, on: 'account', holder: 4, reason: 'placed on itself' },
  { level: 'customer', subject: 'wish', placedFor: 4, on: 'account', holder: 4, reason: 'its own wish' },
  { level: 'customer', subject: 'wish', placedFor: null, on: 'account', holder: 4, reason: 'its wish, told by others' },
  { level: 'customer', placedFor: null, on: 'account', holder: 3, reason: 'not its own, so the customer above has it' },
  { level: 'customer', placedFor: null, on: 'resource', holder: 4, reason: 'the account that contains the resource' },
  { level: 'reseller', placedFor: null, on: 'account', holder: 2, reason: 'the nearest reseller' },
  { level: 'reseller', placedFor: null, on: 'resource', holder: 2, reason: 'the nearest reseller' },
  { level: 'platform', placedFor: null, on: 'resource', holder: 0, reason: 'nobody else is the platform' },
  { level: 'reseller', placedFor: 9, on: 'account', holder: 2, reason: 'moved away from whoever placed it' },
  {
    level: 'customer',
    placedFor: 9,
    on: 'account',
    holder: 3,
    reason: 'moved; it is not inherited by the held itself',
  },
  { level: 'customer', subject: 'wish', placedFor: 9, on: 'account', holder: 4, reason: 'a wish goes with the held' },
];
for (const { level, subject = 'general', placedFor, on, holder, reason } of rows)
  test(`a hold of the ${level} about ${subject} for ${placedFor ?? 'nobody'} on ${on} 4 is with ${holder}: ${reason}`, () => {
    assert.equal(holderOf({ level, subject, placedFor }, LINE, on === 'account'), holder);
  });

test('a hold on an account right beneath the platform, of a reseller that is gone, is with the platform', () => {
  assert.equal(holderOf({ level: 'reseller', subject: 'general', placedFor: 9 }, LINE.slice(0, 2), true), 0);
});

const anyLevel = fc.constantFrom(...AUTHORITIES);
const anySubject = fc.constantFrom(...SUBJECTS);

test('reaching is an order of levels, and one of subjects in which technical and billing do not meet', () => {
  fc.assert(
    fc.property(anyLevel, anyLevel, anyLevel, (one, two, three) => {
      assert.ok(reachesLevel(one, one));
      assert.ok(reachesLevel(one, two) || reachesLevel(two, one));
      if (reachesLevel(one, two) && reachesLevel(two, three)) assert.ok(reachesLevel(one, three));
      if (reachesLevel(one, two) && reachesLevel(two, one)) assert.equal(one, two);
    }),
  );
  fc.assert(
    fc.property(anySubject, anySubject, anySubject, (one, two, three) => {
      assert.ok(reachesSubject(one, one));
      if (reachesSubject(one, two) && reachesSubject(two, three)) assert.ok(reachesSubject(one, three));
      if (reachesSubject(one, two) && reachesSubject(two, one)) assert.equal(one, two);
      const meet = reachesSubject(one, two) || reachesSubject(two, one);
      assert.equal(meet, one === two || new Set([one, two, 'technical', 'billing']).size > 2);
    }),
  );
});

/** Lines of resellers within resellers, and of customers within customers. */
const anyLine = fc
  .tuple(fc.nat(3), fc.nat(3))
  .map(([resellers, customers]): LineAccount[] => [
    { id: 0, level: 'platform' },
    ...Array.from({ length: resellers }, (_, index) => ({ id: index + 1, level: 'reseller' as const })),
    ...Array.from({ length: customers }, (_, index) => ({ id: resellers + index + 1, level: 'customer' as const })),
  ]);
const anyHold = fc.record({ level: anyLevel, subject: anySubject, placedFor: fc.option(fc.nat(7)) });

test('somebody on the line always has the authority, of the level or a higher one unless it placed the hold itself', () => {
  fc.assert(
    fc.property(anyLine, anyHold, fc.boolean(), (line, hold, isOwnLine) => {
      const id = holderOf(hold, line, isOwnLine);
      const holder = line.find((account) => account.id === id);
      assert.ok(holder !== undefined);
      if (id !== hold.placedFor) assert.ok(reachesLevel(holder.level, hold.level));
    }),
    { numRuns: 2_000 },
  );
});

test('an account never has the authority over a hold on itself that is neither its own nor its wish', () => {
  fc.assert(
    fc.property(anyLine, anyHold, (line, hold) => {
      const self = line.at(-1)?.id;
      fc.pre(line.length > 1 && hold.subject !== 'wish' && hold.placedFor !== self);
      assert.notEqual(holderOf(hold, line, true), self);
    }),
    { numRuns: 2_000 },
  );
});
