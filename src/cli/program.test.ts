import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemAnswer, run, type Answer } from './canned-server.ts';
import { ACME_ID, decision, entity, hold, HOLD_ID, plan, reason, standing } from './canned-views.ts';

const PLAN_PATH = `POST /v1/entities/${ACME_ID}/plan`;
const APPLY_PATH = `POST /v1/plans/${plan({}).token}/apply`;
const HOLDS_PATH = `/v1/entities/${ACME_ID}/holds`;

const exits = [
  { args: ['show', 'ref:C-9'], answers: {}, code: 1, reason: 'what does not exist is a refusal' },
  { args: ['suspnd', 'x'], answers: {}, code: 2, reason: 'an unknown command is wrong usage' },
  { args: [], answers: {}, code: 2, reason: 'no command is wrong usage' },
  { args: ['tree', '--depth', 'deep'], answers: {}, code: 2, reason: 'a value that cannot be read is wrong usage' },
  {
    args: ['decide', 'sip:a@b.example', 'fly'],
    answers: {},
    code: 2,
    reason: 'an action that does not exist is wrong usage',
  },
  {
    args: ['suspend', 'ref:C-1', '--ends', 'soon'],
    answers: {},
    code: 2,
    reason: 'a time that is none is wrong usage',
  },
  { args: ['show', 'ref:C-1', '--url', 'http://127.0.0.1:61'], answers: {}, code: 3, reason: 'nobody listens there' },
  {
    args: ['show', 'ref:C-1'],
    answers: { 'GET /v1/entities/ref:C-1': problemAnswer(401, 'unauthenticated', 'Who are you?') },
    code: 4,
    reason: 'a wrong token',
  },
  {
    args: ['show', 'ref:C-1'],
    answers: { 'GET /v1/entities/ref:C-1': problemAnswer(403, 'forbidden', 'You may not do this.') },
    code: 4,
    reason: 'no right',
  },
  { args: ['--help'], answers: {}, code: 0, reason: 'help that was asked for' },
  { args: ['--version'], answers: {}, code: 0, reason: 'the version' },
];
for (const { args, answers, code, reason: because } of exits)
  test(`exit code ${code}: ${because}`, async () => {
    const ran = await run(answers, args);
    assert.equal(ran.code, code, ran.err);
    assert.doesNotMatch(ran.err, /\n\s+at /, 'no stack is shown');
    assert.ok(!`${ran.out}${ran.err}`.includes('canned-token'), 'the token is never shown');
    if (code !== 0 && args.length > 0) assert.match(ran.err, /^abeyance: .+\n/);
  });

for (const [effect, code] of [
  ['allow', 0],
  ['deny', 5],
  ['intercept', 5],
  ['unknown', 5],
] as const)
  test(`decide ends with ${code} for ${effect}`, async () => {
    const ran = await run({ 'GET /v1/decisions': decision({ effect }) }, [
      'decide',
      'sip:alice@acme.example',
      'call.out',
      '--destination',
      '112',
      '--at-revision',
      '7',
    ]);
    assert.equal(ran.code, code);
    assert.match(ran.out, new RegExp(`^${effect}`));
    assert.match(
      ran.asked[0]?.path ?? '',
      /subject=sip:alice@acme.example&action=call.out&destination=112&atRevision=7/,
    );
  });

test('wrong fields stand beneath the message, one a line', async () => {
  const refusal = problemAnswer(422, 'invalid', 'Two fields are wrong.', {
    errors: [
      { field: 'username', message: 'is missing' },
      { field: 'callLimit', message: 'must be a number' },
    ],
  });
  const ran = await run({ 'POST /v1/resources': refusal }, ['create', 'sip_account', 'parent=sip:acme.example']);
  assert.equal(ran.code, 1);
  assert.equal(ran.err, 'abeyance: Two fields are wrong.\n  username: is missing\n  callLimit: must be a number\n');
});

test('with --json failures are one object on standard error', async () => {
  const ran = await run({}, ['show', 'ref:C-9', '--json']);
  assert.deepEqual(JSON.parse(ran.err), {
    error: { code: 'not_found', detail: 'There is no /v1/entities/ref:C-9.', errors: [], facts: {}, exitCode: 1 },
  });
  assert.equal(ran.out, '');
});

const small = {
  'GET /v1/entities/ref:C-1': entity(),
  [PLAN_PATH]: plan({ account: 1 }),
  [APPLY_PATH]: { token: 't', result: hold({ note: 'late' }), createdSince: 0 },
};
const large = { ...small, [PLAN_PATH]: plan({ account: 2, sip_account: 1000 }), [`POST ${HOLDS_PATH}`]: hold() };

test('suspending one entity is planned and done without a question', async () => {
  const ran = await run(small, ['suspend', 'ref:C-1', '--note', 'late', '--ref', 'INV-1', '--profile', 'bad_payer']);
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(
    ran.asked.map(({ method, path }) => `${method} ${path}`),
    ['GET /v1/entities/ref:C-1', PLAN_PATH, APPLY_PATH, 'GET /v1/profiles/suspended'],
  );
  assert.deepEqual(ran.asked[1]?.body, { action: 'hold', profile: 'bad_payer', note: 'late', externalRef: 'INV-1' });
  assert.match(ran.out, /^Held: account Acme \(number 17\), profile suspended, until somebody lifts it\.$/m);
});

test('suspending by a profile that ends sessions says how they are ended', async () => {
  const ends = await run({ ...small, 'GET /v1/profiles/suspended': { sessions: 'end' } }, ['suspend', 'ref:C-1']);
  assert.match(ends.out, /until they are ended: abeyance kick 17$/m);
  const finishes = await run({ ...small, 'GET /v1/profiles/suspended': { sessions: 'finish' } }, [
    'suspend',
    'ref:C-1',
  ]);
  assert.doesNotMatch(finishes.out, /kick/);
  const told = plan({ account: 1 });
  const systems = [
    { system: 'proxy', targets: 1, told: { 'end calls and registrations': 1 }, unchanged: 0 },
    { system: 'names', targets: 1, told: { purge: 1 }, unchanged: 0 },
  ];
  const byThemselves = await run(
    {
      ...small,
      [PLAN_PATH]: { ...told, effect: { ...told.effect, systems } },
      'GET /v1/profiles/suspended': { sessions: 'end' },
    },
    ['suspend', 'ref:C-1'],
  );
  assert.match(byThemselves.out, /^What runs is ended by proxy\.$/m);
  assert.doesNotMatch(byThemselves.out, /kick/);
});

test('suspending many shows the plan and asks, and yes applies that plan', async () => {
  const ran = await run(large, ['suspend', 'ref:C-1'], { typed: 'y\n' });
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /would change 1,002 entities of the 1,002[\s\S]*SIP accounts +1,000[\s\S]*Held:/);
  assert.match(ran.err, /Go on\? \[y\/N\]/);
  assert.equal(ran.asked.at(-2)?.path, APPLY_PATH.slice('POST '.length));
});

for (const typed of ['n\n', '\n'])
  test(`suspending many changes nothing when the answer is ${JSON.stringify(typed)}`, async () => {
    const ran = await run(large, ['suspend', 'ref:C-1'], { typed });
    assert.equal(ran.code, 1);
    assert.match(ran.err, /nothing was changed/);
    assert.equal(ran.asked.at(-1)?.path, PLAN_PATH.slice('POST '.length));
  });

test('suspending many ends as interrupted when the input ends instead of an answer', async () => {
  assert.equal((await run(large, ['suspend', 'ref:C-1'], { typed: '' })).code, 130);
});

test('suspending many with --yes applies the plan without a question', async () => {
  const ran = await run(large, ['suspend', 'ref:C-1', '--yes', '--json']);
  assert.equal(ran.code, 0, ran.err);
  assert.equal(JSON.parse(ran.out).id, HOLD_ID);
  assert.equal(ran.asked.at(-1)?.path, APPLY_PATH.slice('POST '.length));
});

test('suspending many where nobody can be asked leaves it to the guard of the server', async () => {
  const done = await run(large, ['suspend', 'ref:C-1']);
  assert.equal(done.code, 0, done.err);
  assert.ok(done.asked.some(({ method, path }) => method === 'POST' && path === HOLDS_PATH));
  const refused = await run(
    {
      ...large,
      [`POST ${HOLDS_PATH}`]: problemAnswer(428, 'plan_required', 'This would change more than 1000 entities.'),
    },
    ['suspend', 'ref:C-1'],
  );
  assert.equal(refused.code, 1);
  assert.match(refused.err, /more than 1000 entities[\s\S]*--yes/);
});

test('closing is never done unasked, not even a single entity', async () => {
  const answers = { ...small, [APPLY_PATH]: { token: 't', result: entity({ standing: 'closed' }), createdSince: 0 } };
  const unasked = await run(answers, ['close', 'ref:C-1']);
  assert.equal(unasked.code, 1);
  assert.match(unasked.err, /add --yes/);
  assert.equal((await run(answers, ['close', 'ref:C-1', '--yes'])).code, 0);
});

const resumed = (holds: readonly object[], after = standing()): Record<string, Answer> => ({
  'GET /v1/entities/ref:C-1': entity(),
  [`GET ${HOLDS_PATH}`]: { items: holds, next: null, total: null },
  [`DELETE ${HOLDS_PATH}/${HOLD_ID}`]: hold({ inForce: false }),
  [`GET /v1/entities/${ACME_ID}/standing`]: after,
});

test('resume lifts what was placed there and names what holds from above', async () => {
  const ran = await run(resumed([hold()], standing({ standing: 'suspended', reasons: [reason()] })), [
    'resume',
    'ref:C-1',
  ]);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /^Lifted: suspended$/m);
  assert.match(ran.out, /is suspended\.[\s\S]*inherited from North \(number 3\)/);
});

test('resume leaves holds alone that have not begun, and says how to take them away', async () => {
  const ran = await run(resumed([hold({ inForce: false, activatedAt: null })]), ['resume', 'ref:C-1']);
  assert.equal(ran.code, 0);
  assert.ok(ran.asked.every(({ method }) => method === 'GET'));
  assert.match(ran.out, new RegExp(`nothing to lift[\\s\\S]*--hold ${HOLD_ID}`));
});

test('resume of a hold or a profile that is not there names those that are', async () => {
  const ran = await run(resumed([hold()]), ['resume', 'ref:C-1', '--profile', 'fraud']);
  assert.equal(ran.code, 1);
  assert.match(ran.err, new RegExp(`no hold of profile fraud .* placed there: suspended \\(${HOLD_ID}\\)`));
});

test('resume that may lift only some of the holds is partly done', async () => {
  const other = '55555555-5555-4555-8555-555555555555';
  const answers = {
    ...resumed([hold(), hold({ id: other, profile: 'fraud' })]),
    [`DELETE ${HOLDS_PATH}/${other}`]: problemAnswer(403, 'forbidden', 'A higher authority placed it.'),
  };
  const ran = await run(answers, ['resume', 'ref:C-1']);
  assert.equal(ran.code, 6);
  assert.match(ran.err, /fraud .* was not lifted: A higher authority placed it\./);
});

test('erasing asks first, does nothing without an answer, and tells what it did', async () => {
  const answers = {
    [`GET /v1/entities/ref:C-1`]: entity({}),
    [`POST /v1/entities/${ACME_ID}/erase`]: { id: ACME_ID, erasedAt: '2026-03-01T09:30:00.000Z', entities: 4 },
  };
  const unasked = await run(answers, ['erase', 'ref:C-1']);
  assert.equal(unasked.code, 1);
  assert.match(unasked.err, /add --yes/);
  assert.equal((await run(answers, ['erase', 'ref:C-1'], { typed: 'n\n' })).code, 1);
  const done = await run(answers, ['erase', 'ref:C-1', '--yes']);
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, /Erased: the personal data of 4 entities\./);
});
