import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  ALL_PERMISSIONS,
  BUILTIN_ROLES,
  PERMISSIONS,
  type Permission,
  READ_ONLY,
  covers,
  matchPattern,
  matchPatterns,
  permissionsIn,
  permissionsOfLevel,
  permits,
} from './permission.ts';

const patterns: readonly {
  readonly pattern: string;
  readonly means: readonly Permission[];
  readonly reason: string;
}[] = [
  { pattern: '*', means: PERMISSIONS, reason: 'everything' },
  { pattern: '*:*', means: PERMISSIONS, reason: 'everything, in two parts' },
  { pattern: 'hold:*', means: ['hold:read', 'hold:place', 'hold:lift'], reason: 'all of one resource' },
  { pattern: 'key:read', means: ['key:read'], reason: 'one alone' },
  {
    pattern: '*:write',
    means: PERMISSIONS.filter((permission) => permission.endsWith(':write')),
    reason: 'one verb of all resources',
  },
  { pattern: 'hold', means: [], reason: 'a resource without a verb means nothing' },
  { pattern: 'hold:', means: [], reason: 'half a pattern means nothing' },
  { pattern: ':read', means: [], reason: 'half a pattern means nothing' },
  { pattern: '', means: [], reason: 'nothing means nothing' },
  { pattern: 'hold:re*', means: [], reason: 'a star stands for a whole part' },
  { pattern: 'HOLD:READ', means: [], reason: 'case counts' },
  { pattern: 'hold:read ', means: [], reason: 'blanks count' },
  { pattern: 'hold:read:more', means: [], reason: 'there are two parts' },
  { pattern: 'constructor:name', means: [], reason: 'there is no such resource' },
  { pattern: '**', means: [], reason: 'one star is enough' },
];
for (const { pattern, means, reason } of patterns)
  test(`the pattern ${JSON.stringify(pattern)}: ${reason}`, () => {
    assert.deepEqual(permissionsIn(matchPattern(pattern)), means);
  });

const KEPT: ReadonlySet<string> = new Set(['login:write', 'key:write', 'role:write', 'entity:close', 'entity:erase']);
const READS = [...PERMISSIONS.filter((permission) => permission.endsWith(':read')), 'decision:ask'];
const roles: readonly { readonly role: string; readonly may: readonly string[]; readonly subject: string }[] = [
  { role: 'administrator', may: PERMISSIONS, subject: 'legal' },
  { role: 'operator', may: PERMISSIONS.filter((permission) => !KEPT.has(permission)), subject: 'fraud' },
  {
    role: 'billing',
    may: [
      'entity:read',
      'hold:read',
      'hold:place',
      'hold:lift',
      'profile:read',
      'decision:ask',
      'change:read',
      'credit:read',
    ],
    subject: 'billing',
  },
  {
    role: 'developer',
    may: [
      'entity:read',
      'entity:create',
      'entity:update',
      'hold:read',
      'profile:read',
      'decision:ask',
      'change:read',
      'credit:read',
    ],
    subject: 'technical',
  },
  {
    role: 'restcomm_developer',
    may: ['entity:read', 'entity:create', 'entity:update', 'hold:read', 'profile:read'],
    subject: 'technical',
  },
  { role: 'auditor', may: [...READS, 'entity:export', 'installation:verify'], subject: 'wish' },
];
for (const { role, may, subject } of roles)
  test(`the role ${role} may do just this`, () => {
    const found = BUILTIN_ROLES[role];
    assert.ok(found !== undefined);
    assert.deepEqual(
      permissionsIn(found.permissions),
      PERMISSIONS.filter((permission) => may.includes(permission)),
    );
    assert.equal(found.subject, subject);
  });

test('there are no built-in roles beside these', () => {
  assert.deepEqual(
    Object.keys(BUILTIN_ROLES),
    roles.map(({ role }) => role),
  );
});

for (const { level, lacks, reason } of [
  { level: 'platform', lacks: [], reason: 'nothing is kept from it' },
  {
    level: 'reseller',
    lacks: ['profile:write', 'entity:erase', 'installation:read', 'installation:verify'],
    reason: 'the installation is not its own',
  },
  {
    level: 'customer',
    lacks: ['profile:write', 'entity:erase', 'installation:read', 'installation:verify'],
    reason: 'the installation is not its own',
  },
] as const)
  test(`an account of the ${level} lacks ${lacks.join(', ') || 'nothing'}: ${reason}`, () => {
    assert.deepEqual(
      permissionsIn(ALL_PERMISSIONS & ~permissionsOfLevel(level)),
      PERMISSIONS.filter((permission) => (lacks as readonly string[]).includes(permission)),
    );
  });

test('what is left to those who may not provision changes nothing', () => {
  for (const permission of permissionsIn(READ_ONLY))
    assert.match(permission, /:read$|^decision:ask$|^entity:export$|^installation:verify$/);
});

const masks = fc.integer({ min: 0, max: ALL_PERMISSIONS });

test('covering is an order: of itself, through another, and both ways only of the same', () => {
  fc.assert(
    fc.property(masks, masks, masks, (one, two, three) => {
      assert.ok(covers(one, one));
      if (covers(one, two) && covers(two, three)) assert.ok(covers(one, three));
      if (covers(one, two) && covers(two, one)) assert.equal(one, two);
    }),
  );
});

test('whoever covers a mask has each of its permissions, so nobody grants what it has not', () => {
  fc.assert(
    fc.property(masks, masks, (had, wanted) => {
      assert.equal(
        covers(had, wanted),
        permissionsIn(wanted).every((permission) => permits(had, permission)),
      );
    }),
  );
});

test('a key narrows a role and never widens it, whatever its scopes say', () => {
  const scope = fc.tuple(
    fc.constantFrom('*', ...new Set(PERMISSIONS.map((permission) => permission.split(':')[0] ?? ''))),
    fc.constantFrom('*', 'read', 'write', 'place', 'lift', 'create', 'nothing'),
  );
  fc.assert(
    fc.property(masks, fc.array(scope, { maxLength: 5 }), (role, scopes) => {
      assert.ok(covers(role, role & matchPatterns(scopes.map((parts) => parts.join(':')))));
    }),
  );
});
