/** What a number provider should have, and what it is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ACTIONS, maskOf } from '#core/action.ts';
import type { Json, Values } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { readFields } from '#core/field.ts';
import type { TargetFacts } from '#core/system-kind.ts';

import { numberProvider } from './number-provider.ts';

const CLOSED = '2026-01-01T00:00:00.000Z';

function facts(more: Partial<TargetFacts>): TargetFacts {
  return {
    kind: 'phone_number',
    values: {},
    reference: 'PN1',
    denied: 0,
    intercepted: 0,
    closed: false,
    ownerClosed: false,
    profiles: [],
    ...more,
  };
}

const rows: readonly {
  facts: Partial<TargetFacts>;
  settings?: Values;
  desired: Json;
  verb: string | null;
  reason: string;
}[] = [
  { facts: {}, desired: { held: true }, verb: null, reason: 'an open number is kept' },
  {
    facts: { denied: maskOf([...ACTIONS]), ownerClosed: true },
    desired: { held: true },
    verb: null,
    reason: 'a hold of everything keeps it, and so does a closed owner',
  },
  {
    facts: { values: { portOutPendingSince: CLOSED } },
    desired: { held: true },
    verb: null,
    reason: 'a port that was asked for changes nothing while it is open',
  },
  {
    facts: { closed: true, closedSince: CLOSED },
    desired: { held: false, notBefore: '2026-02-01T00:00:00.000Z' },
    verb: 'release',
    reason: 'a closed number is released when it cannot be ported any more, 31 days later by default',
  },
  {
    facts: { closed: true, closedSince: CLOSED },
    settings: { portableDays: 0 },
    desired: { held: false },
    verb: 'release',
    reason: 'at once where the operator says so',
  },
  {
    facts: { closed: true, closedSince: CLOSED, values: { portOutPendingSince: CLOSED } },
    settings: { portableDays: 0 },
    desired: { held: true, waits: 'port_out_pending' },
    verb: 'wait',
    reason: 'a port that was asked for keeps it',
  },
  {
    facts: { closed: true, closedSince: CLOSED, values: { purchasePendingSince: CLOSED } },
    settings: { portableDays: 0 },
    desired: { held: true, waits: 'purchase_pending' },
    verb: 'wait',
    reason: 'what is being bought is waited for',
  },
  {
    facts: { closed: true },
    desired: { held: true, waits: 'closing_time_unknown' },
    verb: 'wait',
    reason: 'nothing is released when it is not known how long ago it was closed',
  },
];
for (const { facts: given, settings = {}, desired, verb, reason } of rows)
  test(reason, () => {
    const state = numberProvider.desired(facts(given), settings);
    assert.deepEqual(state, desired);
    assert.equal(numberProvider.verb(null, state), verb);
    assert.equal(numberProvider.verb({ held: true }, state), verb);
  });

test('what was released is not released again', () => {
  assert.equal(numberProvider.verb({ held: false }, { held: false, notBefore: CLOSED }), null);
});

const SID = `AC${'0'.repeat(32)}`;
const settings = [
  {
    given: { url: 'https://carrier.example' },
    fields: [],
    reason: 'the generic dialect needs no more than an address',
  },
  { given: { url: 'https://a.example', dialect: 'twilio', accountSid: SID }, fields: [], reason: 'Twilio, an account' },
  {
    given: { url: 'https://a.example', dialect: 'twilio' },
    fields: ['accountSid'],
    reason: 'Twilio without an account',
  },
  { given: { url: 'https://a.example', accountSid: SID }, fields: ['accountSid'], reason: 'an account of no Twilio' },
  { given: { url: 'https://a.example', dialect: 'soap' }, fields: ['dialect'], reason: 'another dialect' },
  { given: { url: 'https://a.example', portableDays: -1 }, fields: ['portableDays'], reason: 'less than no day' },
  { given: {}, fields: ['url'], reason: 'no address' },
];
for (const { given, fields, reason } of settings)
  test(`settings are judged: ${reason}`, () => {
    const errors: FieldError[] = [];
    const values = readFields(numberProvider.settings, given, 'create', errors);
    if (errors.length === 0) numberProvider.judge?.(values, {}, errors);
    assert.deepEqual(
      errors.map(({ field }) => field),
      fields,
    );
  });
