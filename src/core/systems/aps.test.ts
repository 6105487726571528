/** Settings of APS endpoints, what is desired of a resource, and the way there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ACTION_BIT, ALL_BUT_EMERGENCY, EMERGENCY } from '#core/action.ts';
import { type Json, type Values, readFields } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import type { ContainerFacts, ProfileFacts, TargetFacts } from '#core/system-kind.ts';

import { apsPlaceOf } from './aps-settings.ts';
import { fingerprintOf, readApsState, toJson } from './aps-state.ts';
import { aps } from './aps.ts';

const ID = '3f0c2a4e-9a51-4c6b-8d1e-5b7a90c1d2e3';
const GIVEN = {
  url: 'https://apps.example/ext',
  controllerUri: 'https://abeyance.example:6308/',
  instanceId: ID,
  trust: 'oauth',
};
const SECRETS = { oauthKey: 'a'.repeat(24), oauthSecret: 'B1'.repeat(12) };
const PEM = '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN RSA PRIVATE KEY-----\nQUJD\n-----END RSA PRIVATE KEY-----\n';

function errorsOf(settings: Record<string, Json>, secrets: Record<string, Json>): string[] {
  const errors: FieldError[] = [];
  const read = readFields(aps.settings, { ...GIVEN, ...settings }, 'create', errors);
  const readSecrets = readFields(aps.secrets, secrets, 'create', errors);
  aps.judge?.(read, readSecrets, errors);
  assert.ok(!JSON.stringify(errors).includes('QUJD'), 'no message shows a key');
  return errors.map(({ field }) => field);
}

for (const [reason, settings, secrets, wanted] of [
  ['all that OAuth needs', {}, SECRETS, []],
  [
    'a controller with a path, which peers would lose',
    { controllerUri: 'https://a.example/aps/' },
    SECRETS,
    ['controllerUri'],
  ],
  [
    'a controller without the slash at its end',
    { controllerUri: 'https://a.example:6308' },
    SECRETS,
    ['controllerUri'],
  ],
  ['a controller with a query', { controllerUri: 'https://a.example/?x' }, SECRETS, ['controllerUri']],
  ['an instance in upper case', { instanceId: ID.toUpperCase() }, SECRETS, ['instanceId']],
  ['OAuth without a secret', {}, { oauthKey: 'a'.repeat(24) }, ['secrets.oauthSecret']],
  ['a key that is too short', {}, { ...SECRETS, oauthKey: 'short' }, ['oauthKey', 'secrets.oauthKey']],
  ['OAuth with a certificate', {}, { ...SECRETS, controllerCertificate: PEM }, ['secrets.controllerCertificate']],
  ['x509 before the hand-over', { trust: 'x509' }, {}, []],
  ['x509 with half a pair', { trust: 'x509' }, { controllerKey: KEY }, ['secrets.controllerCertificate']],
  ['x509 without TLS', { trust: 'x509', url: 'http://127.0.0.1/ext' }, {}, ['url']],
  ['a body that anybody on the way may change', { url: 'http://apps.example/ext' }, SECRETS, ['url']],
  ['the same machine', { url: 'http://127.0.0.1:8080/ext' }, SECRETS, []],
  ['a query in the base', { url: 'https://apps.example/ext?a=b' }, SECRETS, ['url']],
  ['no PEM', { serverCertificate: 'AB:CD' }, SECRETS, ['serverCertificate']],
  ['a service that leaves its place', { service: '../admin' }, SECRETS, ['service']],
  ['cascades by number', { cascades: 1 }, SECRETS, ['cascades']],
  ['cascades by type', { cascades: ['http://x.example/t/1.0'] }, SECRETS, []],
] as const)
  test(`settings are judged: ${reason}`, () => {
    assert.deepEqual(errorsOf(settings as Record<string, Json>, secrets), wanted);
  });

test('a reference is a UUID, alone or with its service', () => {
  const read = (given: unknown) => {
    const reading = aps.readReference(given);
    return reading.ok ? reading.value : null;
  };
  assert.equal(read(ID.toUpperCase()), ID);
  assert.deepEqual(read({ id: ID, service: 'tenant' }), { id: ID, service: 'tenant' });
  assert.equal(read({ id: ID }), ID);
  assert.equal(read('Tenant-17'), 'Tenant-17', 'some endpoints have such ids');
  for (const bad of [
    '',
    '.',
    '..',
    'a b',
    `${ID}/disable`,
    `${ID}\r\nX: y`,
    null,
    7,
    [ID],
    {},
    { id: ID, service: '../x' },
    { id: ID, more: 1 },
  ])
    assert.equal(read(bad), null, JSON.stringify(bad));
  const place = (reference: Json, values: Values, settings: Values) =>
    apsPlaceOf({ uuid: ID, reference, values, settings });
  assert.deepEqual(place({ id: ID, service: 'a' }, { apsService: 'b' }, { service: 'c' }), {
    ok: true,
    value: { id: ID, service: 'a' },
  });
  assert.deepEqual(place(null, { apsService: 'b' }, { service: 'c' }), { ok: true, value: { id: ID, service: 'b' } });
  assert.deepEqual(place({}, {}, { service: 'c' }), { ok: true, value: { id: ID, service: 'c' } });
  assert.equal(place(null, { externalReference: 'a/b' }, { service: 'c' }).ok, false, 'never another resource');
  assert.equal(place(ID, {}, {}).ok, false);
  assert.equal(place(ID, { apsService: 'a/b' }, { service: 'c' }).ok, false);
});

const SETTINGS = readFields(aps.settings, GIVEN, 'create', []);

function facts(values: Values = {}, more: Partial<TargetFacts> = {}): TargetFacts {
  return {
    kind: 'foreign',
    values: { system: 'apps', apsStatus: 'aps:ready', properties: {}, ...values },
    reference: ID,
    denied: 0,
    intercepted: 0,
    closed: false,
    ownerClosed: false,
    profiles: [],
    ...more,
  };
}

function stateOf(given: TargetFacts, settings: Values = {}): string {
  return readApsState(aps.desired(given, { ...SETTINGS, ...settings }))?.state ?? 'none';
}

function profile(denied: number, disable?: boolean): ProfileFacts {
  const settings = disable === undefined ? null : { disable };
  return { name: 'p', denied, intercepted: 0, sessions: 'finish', refusalText: 'no', settings };
}

const SOME = ACTION_BIT['api'] | ACTION_BIT['provision'];
const REST = ALL_BUT_EMERGENCY & ~SOME;

for (const [reason, more, wanted] of [
  ['nothing holds it', {}, 'ready'],
  ['everything but emergency calls is denied', { denied: ALL_BUT_EMERGENCY }, 'disabled'],
  ['a part is denied', { denied: SOME }, 'ready'],
  ['what is not denied is intercepted', { denied: SOME, intercepted: REST }, 'disabled'],
  ['emergency calls alone are denied', { denied: EMERGENCY }, 'ready'],
  ['a profile disables for a part', { denied: SOME, profiles: [profile(SOME, true)] }, 'disabled'],
  ['a profile does not count', { denied: ALL_BUT_EMERGENCY, profiles: [profile(ALL_BUT_EMERGENCY, false)] }, 'ready'],
  [
    'one does not count, another does',
    { denied: ALL_BUT_EMERGENCY, profiles: [profile(SOME, false), profile(ALL_BUT_EMERGENCY)] },
    'disabled',
  ],
  [
    'what is left of those that count is a part',
    { denied: ALL_BUT_EMERGENCY, profiles: [profile(SOME), profile(REST, false)] },
    'ready',
  ],
  [
    'two profiles deny all between them',
    { denied: ALL_BUT_EMERGENCY, profiles: [profile(SOME), profile(REST)] },
    'disabled',
  ],
  ['it is closed', { closed: true }, 'disabled'],
] as const)
  test(`a resource is ${wanted} where ${reason}`, () => {
    assert.equal(stateOf(facts({}, more)), wanted);
  });

test('a profile says disable, and nothing else', () => {
  const judged = (value: Json) => {
    const errors: FieldError[] = [];
    aps.judgeProfile?.(value, errors);
    return errors.length;
  };
  assert.equal(judged({}), 0);
  assert.equal(judged({ disable: false }), 0);
  for (const bad of [true, null, [], { disable: 'yes' }, { disabled: true }]) assert.equal(judged(bad), 1);
});

function container(more: Partial<ContainerFacts> = {}, values: Values = {}): readonly ContainerFacts[] {
  const { kind, denied, intercepted, closed, profiles } = facts();
  const own = { system: 'apps', apsType: 'context', apsStatus: 'aps:ready', externalReference: 'ctx', ...values };
  return [{ kind, denied, intercepted, closed, profiles, values: own, ...more }];
}

const HELD = { denied: ALL_BUT_EMERGENCY };

for (const [reason, containers, settings, more, wanted] of [
  ['the container is held and takes it along', container(HELD), { cascades: true }, HELD, 'through'],
  ['its type is listed', container(HELD), { cascades: ['context'] }, {}, 'through'],
  ['its type is not listed', container(HELD), { cascades: ['other'] }, HELD, 'disabled'],
  ['endpoints take nothing along by default', container(HELD), {}, HELD, 'disabled'],
  ['the container is not held', container(), { cascades: true }, HELD, 'disabled'],
  ['the container is of another system', container(HELD, { system: 'other' }), { cascades: true }, HELD, 'disabled'],
  [
    'the container cannot be disabled',
    container(HELD),
    { cascades: true, suspendableTypes: ['tenant'] },
    HELD,
    'disabled',
  ],
  [
    'both are closed and removed',
    container({ closed: true }),
    { cascades: true, onClose: 'unprovision' },
    { closed: true },
    'through',
  ],
  ['it alone is removed', container(HELD), { cascades: true, onClose: 'unprovision' }, { closed: true }, 'removed'],
  ['both are closed and stay', container({ closed: true }), { cascades: true }, { closed: true }, 'through'],
] as const)
  test(`beneath a container it is ${wanted} where ${reason}`, () => {
    assert.equal(stateOf(facts({ apsType: 'tenant' }, { ...more, containers }), { ...settings }), wanted);
  });

test('a resource whose type cannot be disabled is shown as not covered', () => {
  const state = aps.desired(facts({ apsType: 'other' }, HELD), { ...SETTINGS, suspendableTypes: ['tenant'] });
  assert.equal((state as { uncovered?: boolean }).uncovered, true);
  assert.equal(stateOf(facts({ apsType: 'tenant' }, HELD), { suspendableTypes: ['tenant'] }), 'disabled');
});

const ready = { disabled: false, properties: 'a' };
const held = { disabled: true };

for (const [from, to, wanted] of [
  [null, held, 'disable'],
  [null, ready, 'adopt'],
  [null, { disabled: false }, null],
  [ready, { disabled: false }, null],
  [{ disabled: false }, ready, 'adopt'],
  [ready, ready, null],
  [ready, held, 'disable'],
  [held, ready, 'enable'],
  [held, held, null],
  [ready, { disabled: false, properties: 'b' }, 'configure'],
  [ready, { disabled: false, properties: 'a', status: 'x:y' }, null],
  [held, { removed: true }, 'unprovision'],
  [{ removed: true }, held, null],
  [{ removed: true }, ready, null],
  [ready, { through: 'ctx' }, null],
  [held, { through: 'ctx' }, null],
  [ready, { gone: true }, null],
  [null, { ...ready, start: 'disabled' }, 'enable'],
  [ready, { ...held, start: 'disabled' }, 'disable'],
  [null, { ...held, start: 'disabled' }, null],
  [null, { ...held, start: 'unmade' }, null],
  [null, { ...ready, start: 'unmade' }, null],
  [null, { ...ready, start: 'unmade', makes: true }, 'provision'],
  [ready, { disabled: false, properties: 'b', start: 'unmade', makes: true }, 'configure'],
  [null, { removed: true, start: 'unmade' }, null],
  [ready, { disabled: true, awaits: 'aps:configuring' }, 'disable'],
] as const)
  test(`from ${JSON.stringify(from)} to ${JSON.stringify(to)} is ${wanted}`, () => {
    assert.equal(aps.verb(from, to), wanted);
  });

test('a fingerprint tells versions apart, in whatever order their members come', () => {
  const json = fc.jsonValue().map((value) => value as Json); // Made to be JSON.
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), json, (members, other) => {
      const turned = Object.fromEntries(Object.entries(members).toReversed());
      assert.equal(fingerprintOf(turned), fingerprintOf(members));
      assert.match(fingerprintOf(members), /^[0-9a-f]{16}$/);
      const changed = { ...members, added: [other] };
      if (JSON.stringify(changed) !== JSON.stringify(members))
        assert.notEqual(fingerprintOf(changed), fingerprintOf(members));
    }),
  );
});

test('a state is stored and read again', () => {
  assert.deepEqual(aps.desired(facts({}, HELD), SETTINGS), { disabled: true });
  assert.deepEqual(aps.desired(facts(), SETTINGS), { disabled: false });
  for (const state of ['ready', 'disabled', 'removed', 'gone', 'unmade'] as const)
    assert.deepEqual(readApsState(toJson({ state, awaits: 'x' })), { state, awaits: 'x' });
  assert.deepEqual(readApsState(toJson({ state: 'through', through: '' })), { state: 'through', through: '' });
  for (const bad of [null, true, [], {}, { disabled: 'yes' }]) assert.equal(readApsState(bad), null);
});

test('what is desired never holds a property', () => {
  const state = aps.desired(facts({ properties: { name: 'Alice Example' } }), { ...SETTINGS, configures: true });
  assert.ok(JSON.stringify(state).includes('properties'));
  assert.ok(!JSON.stringify(state).includes('Alice'));
});
