import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { FieldError } from '#core/problem.ts';
import { changedFields, readSystemBody } from '#core/system-body.ts';
import type { SystemKind } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';

const KIND: SystemKind = {
  ...SYSTEM_KIND.powerdns,
  observes: true,
  settings: {
    host: { type: 'text', max: 20, required: true, note: 'A host.' },
    port: { type: 'integer', min: 1, max: 9, default: 5, note: 'A port.' },
    serial: { type: 'text', max: 20, computed: true, note: 'Kept by itself.' },
  },
  secrets: {
    password: { type: 'text', max: 8, note: 'A password.' },
    shape: { type: 'text', max: 99, oneOf: ['a', 'b'], note: 'One of two.' },
  },
  judge: ({ host }, { password }, errors) => {
    if (host === 'x' && password === null) errors.push({ field: 'password', message: 'is missing for x' });
    if (host === 'y') errors.push({ field: 'host', message: 'must not be y' });
  },
};

function read(input: object, former: Parameters<typeof readSystemBody>[2] = null) {
  const errors: FieldError[] = [];
  return { body: readSystemBody(KIND, { ...input }, former, errors), errors: errors.map(({ field }) => field) };
}

test('what is not given is as the kind has it, or as it was before', () => {
  const { body, errors } = read({ settings: { host: 'h' }, secrets: { password: 'p' }, rate: 3 });
  assert.deepEqual(errors, []);
  assert.deepEqual(body.settings, { host: 'h', port: 5, serial: null });
  assert.deepEqual([body.rate, body.concurrency, body.drift], [3, KIND.pace.concurrency, 'off']);
  const changed = read({ settings: { port: 7 }, concurrency: 2 }, body).body;
  assert.deepEqual([changed.settings, changed.secrets], [{ ...body.settings, port: 7 }, body.secrets]);
  assert.deepEqual(changedFields(body, changed), ['settings.port', 'concurrency']);
  const cleared = read(
    { settings: { port: null }, secrets: { password: null }, concurrency: null, rate: null },
    changed,
  );
  assert.deepEqual(cleared.errors, []);
  assert.deepEqual(
    [cleared.body.settings['port'], cleared.body.secrets['password'], cleared.body.rate],
    [5, null, null],
  );
  assert.equal(cleared.body.concurrency, KIND.pace.concurrency);
});

test('settings and secrets are judged together once each is right, under their paths', () => {
  assert.deepEqual(read({ settings: { host: 'x' } }).errors, ['secrets.password']);
  assert.deepEqual(read({ settings: { host: 'y', port: 99 } }).errors, ['settings.port']);
  assert.deepEqual(read({ settings: { host: 'y' } }).errors, ['settings.host']);
});

test('what is wrong is named, and no secret is told back', () => {
  const errors: FieldError[] = [];
  readSystemBody(
    KIND,
    { settings: [], secrets: { shape: 'hunter2', other: 1 }, drift: 'maybe', rate: 0 },
    null,
    errors,
  );
  assert.deepEqual(
    errors.map(({ field }) => field),
    ['settings', 'secrets.other', 'secrets.shape', 'rate', 'drift'],
  );
  assert.ok(!JSON.stringify(errors).includes('hunter2'));
  assert.deepEqual(read({ settings: { host: 'h', serial: 'mine' } }).body.settings['serial'], null);
  for (const [field, value] of [
    ['concurrency', 1.5],
    ['concurrency', '4'],
    ['timeoutMs', 0],
    ['driftEveryMs', 1],
    ['rate', '5'],
    ['rate', Number.NaN],
  ] as const)
    assert.deepEqual(read({ settings: { host: 'h' }, [field]: value }).errors, [field]);
  assert.deepEqual(read({ settings: { host: 'h' }, retryMinMs: 60_000, retryMaxMs: 20 }).errors, ['retryMaxMs']);
});
