/** What a BroadWorks server should have follows from the profiles in force, whatever their order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ACTION_BIT, ALL_BUT_EMERGENCY, maskOf } from '#core/action.ts';
import type { Json } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { type ProfileFacts, type TargetFacts, sameState } from '#core/system-kind.ts';

import {
  INBOUND_MODES,
  type Intercept,
  MEDIA_TYPES,
  NEUTRAL,
  OUTBOUND_MODES,
  SILENT,
  stricter,
} from './broadworks-intercept.ts';
import { type BroadworksState, broadworks } from './broadworks.ts';

const profile = (name: string, more: Partial<ProfileFacts> = {}): ProfileFacts => ({
  name,
  denied: maskOf(['call.out']),
  intercepted: 0,
  sessions: 'finish',
  refusalText: '',
  settings: null,
  ...more,
});
const facts = (profiles: readonly ProfileFacts[], more: Partial<TargetFacts> = {}): TargetFacts => ({
  kind: 'foreign',
  values: {},
  reference: { serviceProviderId: 'acme-voice', groupId: 'Antwerp' },
  denied: 0,
  intercepted: 0,
  closed: false,
  ownerClosed: false,
  profiles,
  ...more,
});
const desired = (...profiles: ProfileFacts[]) => broadworks.desired(facts(profiles), {}) as unknown as BroadworksState;
const isSame = (a: object, b: object) => sameState(a as Json, b as Json);
const errorsOf = (part: Json) => {
  const errors: FieldError[] = [];
  broadworks.judgeProfile?.(part, errors);
  return errors.map(({ field, message }) => `${field} ${message}`);
};

const number = fc.option(fc.constantFrom('+31', '+32', '+33'), { nil: null });
const file = fc.option(
  fc.record({
    description: fc.constantFrom('a', 'b'),
    mediaType: fc.constantFrom(...MEDIA_TYPES),
    sourceFileName: fc.constantFrom('x', 'y'),
  }),
  { nil: null },
);
const intercept: fc.Arbitrary<Intercept> = fc.record({
  isActive: fc.boolean(),
  announcementSelection: fc.constantFrom('Default', 'Personal'),
  audioFile: file,
  videoFile: file,
  inboundCallMode: fc.constantFrom(...INBOUND_MODES),
  alternateBlockingAnnouncement: fc.boolean(),
  exemptInboundMobilityCalls: fc.boolean(),
  disableParallelRingingToNetworkLocations: fc.boolean(),
  routeToVoiceMail: fc.boolean(),
  playNewPhoneNumber: fc.boolean(),
  newPhoneNumber: number,
  transferOnZeroToPhoneNumber: fc.boolean(),
  transferPhoneNumber: number,
  outboundCallMode: fc.constantFrom(...OUTBOUND_MODES),
  exemptOutboundMobilityCalls: fc.boolean(),
  rerouteOutboundCalls: fc.boolean(),
  outboundReroutePhoneNumber: number,
});

test('merging settings depends on neither order nor grouping nor repetition', () => {
  fc.assert(
    fc.property(intercept, intercept, intercept, (a, b, c) => {
      assert.ok(isSame(stricter(a, b), stricter(b, a)));
      assert.ok(isSame(stricter(stricter(a, b), c), stricter(a, stricter(b, c))));
      assert.ok(isSame(stricter(a, a), a));
    }),
  );
});

test('merged settings never allow what one of them takes away', () => {
  const inbound = (mode: string) => INBOUND_MODES.findIndex((one) => one === mode);
  fc.assert(
    fc.property(intercept, intercept, (a, b) => {
      const merged = stricter(a, b);
      for (const one of [a, b]) {
        assert.ok(merged.isActive || !one.isActive);
        assert.ok(inbound(merged.inboundCallMode) <= inbound(one.inboundCallMode));
        assert.ok(merged.outboundCallMode === one.outboundCallMode || merged.outboundCallMode === 'Block All');
        for (const opening of ['routeToVoiceMail', 'transferOnZeroToPhoneNumber', 'rerouteOutboundCalls'] as const)
          assert.ok(!merged[opening] || one[opening]);
        for (const reached of ['newPhoneNumber', 'transferPhoneNumber', 'outboundReroutePhoneNumber'] as const)
          assert.ok(merged[reached] === null || one[reached] !== null);
      }
    }),
  );
});

test('the state of a target is the same for every order of its profiles', () => {
  const part = fc.record(
    {
      active: fc.boolean(),
      inboundInterceptionMode: fc.constantFrom(...INBOUND_MODES),
      outboundCallMode: fc.constantFrom(...OUTBOUND_MODES),
      inboudTransferPhoneNumber: fc.constantFrom('+31', '{{group_id}}', '{{wrong}}'),
    },
    { requiredKeys: [] },
  );
  const some = fc.array(
    fc.record({
      settings: fc.option(part, { nil: null }),
      denied: fc.constantFrom(0, ACTION_BIT['call.out'], ACTION_BIT['call.in'], ALL_BUT_EMERGENCY),
      hasLegalOverride: fc.boolean(),
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(some, fc.infiniteStream(fc.nat()), (list, dice) => {
      const profiles = list.map((one, index) => profile(`p${index}`, one));
      const shuffled = profiles.map((one) => ({ one, at: dice.next().value })).toSorted((a, b) => a.at - b.at);
      assert.ok(isSame(desired(...profiles), desired(...shuffled.map(({ one }) => one))));
    }),
  );
});

test('a profile without a part drives intercept by the calls that it takes away', () => {
  const both = desired(profile('suspended', { denied: ALL_BUT_EMERGENCY })).intercept;
  assert.deepEqual(both, SILENT);
  const out = desired(profile('limited')).intercept;
  assert.deepEqual([out?.inboundCallMode, out?.outboundCallMode], ['Allow All', 'Block All']);
  const heard = desired(profile('bad_payer', { denied: 0, intercepted: maskOf(['call.out']) })).intercept;
  assert.deepEqual([heard?.inboundCallMode, heard?.outboundCallMode], ['Allow All', 'Block All']);
  const into = desired(profile('unreachable', { denied: maskOf(['call.in']) })).intercept;
  assert.deepEqual([into?.inboundCallMode, into?.outboundCallMode], ['Intercept All', 'Allow Outbound Local Calls']);
  assert.equal(desired(profile('mail only', { denied: maskOf(['mail.send']) })).intercept, null);
  assert.equal(desired().intercept, null);
});

test('a part drives intercept by itself, and what it leaves out has the values of a full stop', () => {
  const state = desired(
    profile('stage-1', {
      denied: 0,
      settings: { inboundInterceptionMode: 'Allow All', inboudTransferPhoneNumber: '+3225550100' },
    }),
  );
  assert.deepEqual(state.intercept, {
    ...SILENT,
    inboundCallMode: 'Allow All',
    transferPhoneNumber: '+3225550100',
  });
});

test('what is closed is intercepted, and nobody has to name a law for it', () => {
  const state = broadworks.desired(facts([], { closed: true }), {}) as unknown as BroadworksState;
  assert.deepEqual(state, { intercept: SILENT, mayStopEmergency: true, unreadable: [] });
});

test('a legal override is part of what is desired', () => {
  assert.equal(desired(profile('order', { hasLegalOverride: true })).mayStopEmergency, true);
  assert.equal(desired(profile('order')).mayStopEmergency, false);
  const mail = profile('mail', { denied: maskOf(['mail.send']), hasLegalOverride: true });
  assert.equal(desired(profile('order'), mail).mayStopEmergency, false);
});

test('the words for what a server is told', () => {
  const held = broadworks.desired(facts([profile('a')]), {});
  const other = broadworks.desired(facts([profile('b', { settings: { outboundAllowLocalCalls: true } })]), {});
  const free = broadworks.desired(facts([]), {});
  assert.equal(broadworks.verb(null, held), 'intercept');
  assert.equal(broadworks.verb(free, held), 'intercept');
  assert.equal(broadworks.verb(held, other), 'change');
  assert.equal(broadworks.verb(held, free), 'restore');
  assert.equal(broadworks.verb(null, free), null);
  assert.equal(broadworks.verb(held, held), null);
});

test('placeholders are filled in and judged again', () => {
  const settings = { outboundReroutePhoneNumber: 'pay-{{tenant_id}}-{{ group_id }}@pay.example' };
  assert.deepEqual(errorsOf(settings), []);
  assert.equal(
    desired(profile('pay', { settings })).intercept?.outboundReroutePhoneNumber,
    'pay-acme-voice-Antwerp@pay.example',
  );
  const spaced = broadworks.desired(
    facts([profile('pay', { settings })], { reference: { serviceProviderId: 'a', groupId: 'B @ C' } }),
    {},
  ) as unknown as BroadworksState;
  assert.match(String(spaced.unreadable[0]), /^pay: systems\.broadworks\.outboundReroutePhoneNumber must be/);
  const user = broadworks.desired(facts([profile('pay', { settings })], { reference: { userId: 'a@b' } }), {});
  assert.match(JSON.stringify(user), /which has no value here/);
});

test('a reference names a group or a user, within the bounds of the server', () => {
  const read = (given: unknown) => {
    const reading = broadworks.readReference(given);
    return reading.ok ? reading.value : reading.message;
  };
  assert.deepEqual(read('acme-voice/Antwerp'), { serviceProviderId: 'acme-voice', groupId: 'Antwerp' });
  assert.deepEqual(read('acme-voice/a/b'), { serviceProviderId: 'acme-voice', groupId: 'a/b' });
  assert.deepEqual(read('  acme   voice / Ant  werp '), { serviceProviderId: 'acme voice', groupId: 'Ant werp' });
  assert.deepEqual(read('alice@as.example'), { userId: 'alice@as.example' });
  assert.deepEqual(read({ userId: 'alice' }), { userId: 'alice' });
  assert.deepEqual(read({ serviceProviderId: 'é'.repeat(15), groupId: 'é'.repeat(30) }), {
    serviceProviderId: 'é'.repeat(15),
    groupId: 'é'.repeat(30),
  });
  assert.match(String(read(`${'é'.repeat(16)}/g`)), /at most 30 bytes, has 32/);
  assert.match(String(read(`p/${'g'.repeat(31)}`)), /at most 30 characters, has 31/);
  for (const given of [
    'alice',
    '/g',
    'p/',
    '',
    7,
    null,
    [],
    { groupId: 'g' },
    { userId: 'a', groupId: 'g' },
    { userId: 'a', x: 1 },
    'a\n@b',
  ])
    assert.equal(broadworks.readReference(given).ok, false, JSON.stringify(given));
});

test('settings fit the transport', () => {
  const judge = (settings: Record<string, Json>, secrets: Record<string, Json> = { password: 'x' }) => {
    const errors: FieldError[] = [];
    broadworks.judge?.({ transport: 'tls', login: 'auto', host: null, url: null, ...settings }, secrets, errors);
    return errors.map(({ field }) => field);
  };
  assert.deepEqual(judge({ host: 'as.example' }), []);
  assert.deepEqual(judge({}), ['host']);
  assert.deepEqual(judge({ transport: 'soap' }), ['url']);
  assert.deepEqual(judge({ transport: 'soap', url: 'http://as.example/', login: 'one-step' }), ['login']);
  assert.deepEqual(judge({ transport: 'tcp', host: 'as.example', login: 'one-step' }), ['login']);
  assert.deepEqual(judge({ host: 'as.example', login: 'one-step' }, { password: null }), ['password']);
  assert.equal(NEUTRAL.isActive, false);
});
