import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { AUTHORITIES, type Authority, reachesLevel } from './authority.ts';
import {
  PROPERTY_PERMISSIONS,
  type Property,
  type PropertyPermission,
  isEffective,
  mayWrite,
  mergeProperties,
  permissionOf,
  readProperties,
  replaceProperties,
} from './property.ts';

const property = (name: string, permission: PropertyPermission = 'customer', value = 'old'): Property => ({
  name,
  value,
  category: '',
  permission,
});

const LEVEL_OF = { admin: 'platform', reseller: 'reseller', customer: 'customer' } as const;

/** Who may turn a stored property into the one that is sent; a dash: there is none. */
const writes: readonly {
  readonly stored: PropertyPermission | '-';
  readonly sent: PropertyPermission;
  readonly may: readonly Authority[];
  readonly reason: string;
}[] = [
  { stored: '-', sent: 'customer', may: ['customer', 'reseller', 'platform'], reason: 'a new one for everybody' },
  { stored: '-', sent: 'reseller', may: ['reseller', 'platform'], reason: 'nobody makes what is above its level' },
  { stored: '-', sent: 'admin', may: ['platform'], reason: 'nobody makes what is above its level' },
  { stored: 'customer', sent: 'customer', may: ['customer', 'reseller', 'platform'], reason: 'its own' },
  { stored: 'customer', sent: 'reseller', may: ['reseller', 'platform'], reason: 'nobody raises one above its level' },
  { stored: 'customer', sent: 'admin', may: ['platform'], reason: 'nobody raises one above its level' },
  { stored: 'reseller', sent: 'customer', may: ['reseller', 'platform'], reason: 'nobody lowers what is above it' },
  { stored: 'reseller', sent: 'reseller', may: ['reseller', 'platform'], reason: 'its own' },
  { stored: 'reseller', sent: 'admin', may: ['platform'], reason: 'nobody raises one above its level' },
  { stored: 'admin', sent: 'customer', may: ['platform'], reason: 'nobody lowers what is above it' },
  { stored: 'admin', sent: 'reseller', may: ['platform'], reason: 'nobody lowers what is above it' },
  { stored: 'admin', sent: 'admin', may: ['platform'], reason: 'its own' },
];

for (const { stored, sent, may, reason } of writes)
  for (const level of AUTHORITIES)
    test(`stored ${stored}, sent ${sent}, by the ${level}: ${may.includes(level) ? 'done' : 'refused'}: ${reason}`, () => {
      const former = stored === '-' ? [] : [property('speed', stored)];
      const given = [property('speed', sent, 'new')];
      const isAllowed = may.includes(level);
      for (const { next, refused } of [
        replaceProperties(former, given, level),
        mergeProperties(former, given, [], level),
      ]) {
        assert.deepEqual(refused, isAllowed ? [] : ['speed']);
        if (isAllowed) assert.deepEqual(next, given);
      }
    });

for (const stored of PROPERTY_PERMISSIONS)
  for (const level of AUTHORITIES) {
    const isAllowed = reachesLevel(level, LEVEL_OF[stored]);
    test(`stored ${stored}, taken away by the ${level}: ${isAllowed ? 'done' : 'refused, or kept in a whole list'}`, () => {
      const former = [property('speed', stored), property('other')];
      const merged = mergeProperties(former, [], ['speed'], level);
      assert.deepEqual(merged.refused, isAllowed ? [] : ['speed']);
      const replaced = replaceProperties(former, [property('other')], level);
      assert.deepEqual(replaced.refused, [], 'what a level may not write need not be in its list');
      assert.equal(
        replaced.next.some(({ name }) => name === 'speed'),
        !isAllowed,
      );
    });
    test(`stored ${stored}, sent back as it is by the ${level}: nothing changes and nothing is refused`, () => {
      const former = [property('speed', stored)];
      assert.deepEqual(replaceProperties(former, former, level), { next: former, refused: [] });
      assert.deepEqual(mergeProperties(former, former, [], level), { next: former, refused: [] });
    });
  }

const known = [
  { name: 'pstn_access', permission: 'admin', reason: 'grants calls to the public network' },
  { name: 'prepaid_changes', permission: 'admin', reason: 'grants changes of prepaid accounts' },
  { name: 'pstn_changes', permission: 'admin', reason: 'grants changes of rights to call' },
  { name: 'payment_processor_class', permission: 'admin', reason: 'says where the money goes' },
  { name: 'digest_settings_page', permission: 'reseller', reason: 'is what a reseller shows' },
  { name: 'constructor', permission: 'customer', reason: 'is a name like any other' },
  { name: '__proto__', permission: 'customer', reason: 'is a name like any other' },
] as const;
for (const { name, permission, reason } of known)
  for (const level of AUTHORITIES)
    test(`${name} sent as customer by the ${level}: it ${reason}`, () => {
      const given = [property(name, 'customer', 'new')];
      const { next, refused } = mergeProperties([], given, [], level);
      const isAllowed = reachesLevel(level, LEVEL_OF[permission]);
      assert.deepEqual(refused, isAllowed ? [] : [name]);
      assert.deepEqual(
        next.map((each) => each.permission),
        isAllowed ? [permission] : [],
        'and is stored for its own level',
      );
      assert.equal(mayWrite(level, property(name)), isAllowed);
    });

const effects: readonly {
  readonly mine: Property;
  readonly level: Authority;
  readonly reseller: readonly Property[] | null;
  readonly effective: boolean;
  readonly reason: string;
}[] = ['pstn_access', 'prepaid_changes', 'pstn_changes'].flatMap((name) => {
  const mine = property(name, 'admin', '1');
  const row = (level: Authority, reseller: Property[] | null, effective: boolean, reason: string) => ({
    mine,
    level,
    reseller,
    effective,
    reason,
  });
  return [
    row('customer', [mine], true, 'the reseller has it'),
    row('customer', [], false, 'the reseller has it not'),
    row('customer', [property(name, 'admin', '0')], false, "the reseller's is off"),
    row('customer', [property(name, 'admin', 'FALSE')], false, "the reseller's is off, whatever the case"),
    row('customer', [property('pstn_other', 'admin', '1')], false, 'the reseller has another'),
    row('customer', null, true, 'no reseller is there to pass it on'),
    row('reseller', [], true, "a reseller's own needs nobody"),
    row('platform', null, true, "the platform's own needs nobody"),
    {
      mine: property(name, 'admin', 'off'),
      level: 'customer',
      reseller: [mine],
      effective: false,
      reason: 'it is off',
    },
    { mine: property(name, 'admin', ''), level: 'reseller', reseller: null, effective: false, reason: 'it is empty' },
  ];
});
for (const { mine, level, reseller, effective, reason } of effects)
  test(`${mine.name} of a ${level} is ${effective ? '' : 'not '}effective: ${reason}`, () => {
    assert.equal(isEffective(mine, level, reseller), effective);
  });

test('what grants nothing takes effect wherever it is, even when it is off', () => {
  for (const level of AUTHORITIES) assert.equal(isEffective(property('colour', 'customer', 'off'), level, []), true);
});

const readings = [
  { given: {}, ok: false, reason: 'it is no list' },
  { given: [null], ok: false, reason: 'an element is nothing' },
  { given: [{ value: 'x' }], ok: false, reason: 'a name is missing' },
  { given: [{ name: '  ' }], ok: false, reason: 'a name is blank' },
  { given: [{ name: 'a', colour: 1 }], ok: false, reason: 'a member is unknown' },
  { given: [{ name: 'a', permission: 'platform' }], ok: false, reason: 'a permission is none' },
  { given: [{ name: 'a' }, { name: 'a' }], ok: false, reason: 'a name is there twice' },
  { given: [{ name: 'a\u0000' }], ok: false, reason: 'a name cannot be stored' },
  { given: [{ name: 'a', value: 7 }], ok: false, reason: 'a value is no text' },
  { given: Array.from({ length: 201 }, (_, index) => ({ name: `n${index}` })), ok: false, reason: 'they are too many' },
  { given: [{ name: 'a', permission: 'other' }], ok: true, reason: 'other means customer' },
  { given: [{ name: 'a' }, { name: 'A' }], ok: true, reason: 'case tells names apart' },
];
for (const { given, ok, reason } of readings)
  test(`a list of properties is ${ok ? 'read' : 'refused'}: ${reason}`, () => {
    assert.equal(readProperties(given).ok, ok);
  });

const anyPermission = fc.constantFrom(...PROPERTY_PERMISSIONS);
const anyLevel = fc.constantFrom(...AUTHORITIES);
const anyList = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'pstn_access', 'digest_settings_page'),
    value: fc.constantFrom('', '1', '2'),
    category: fc.constant(''),
    permission: anyPermission,
  }),
  { selector: (each) => each.name, maxLength: 5 },
);
/** What is stored was written by somebody: known names are never for less than their level. */
const stored = anyList.map((list) =>
  list.map((each) => ({ ...each, permission: permissionOf(each.name, each.permission) })),
);

test('no list whatever changes a property that its sender may not write, and none becomes one', () => {
  fc.assert(
    fc.property(
      stored,
      anyList,
      fc.subarray(['a', 'b', 'c', 'pstn_access']),
      anyLevel,
      (former, given, removed, level) => {
        const isBeyond = (each: Property) => !mayWrite(level, each);
        for (const { next, refused } of [
          replaceProperties(former, given, level),
          mergeProperties(former, given, [], level),
          mergeProperties(former, [], removed, level),
        ])
          if (refused.length === 0)
            assert.deepEqual(
              new Set(next.filter(isBeyond).map((each) => JSON.stringify(each))),
              new Set(former.filter(isBeyond).map((each) => JSON.stringify(each))),
            );
      },
    ),
    { numRuns: 2_000 },
  );
});

test('what a level may do, a higher level may do with the same outcome for the properties that it sends', () => {
  fc.assert(
    fc.property(stored, anyList, anyLevel, anyLevel, (former, given, low, high) => {
      fc.pre(reachesLevel(high, low));
      if (mergeProperties(former, given, [], low).refused.length > 0) return;
      assert.deepEqual(mergeProperties(former, given, [], high).refused, []);
    }),
    { numRuns: 2_000 },
  );
});
