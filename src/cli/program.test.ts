import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  problemAnswer,
  runCli,
  startCannedServer,
  type Answer,
  type CannedServer,
  type Ran,
  type RunSettings,
} from './canned-server.ts';
import { EXIT_MEANINGS } from './exit-code.ts';
import { ACME_ID, decision, entity, hold, HOLD_ID, plan, reason, RESELLER_ID, standing } from './canned-views.ts';

const PLAN_PATH = `POST /v1/entities/${ACME_ID}/plan`;
const APPLY_PATH = `POST /v1/plans/${plan({}).token}/apply`;
const HOLDS_PATH = `/v1/entities/${ACME_ID}/holds`;

/** Runs one command line against canned answers. */
async function run(
  answers: Readonly<Record<string, Answer>>,
  args: readonly string[],
  settings: RunSettings = {},
): Promise<Ran & Pick<CannedServer, 'asked'>> {
  const server = await startCannedServer(answers);
  try {
    return { ...(await runCli(server.url, args, settings)), asked: server.asked };
  } finally {
    await server.stop();
  }
}

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
    ['GET /v1/entities/ref:C-1', PLAN_PATH, APPLY_PATH],
  );
  assert.deepEqual(ran.asked[1]?.body, { action: 'hold', profile: 'bad_payer', note: 'late', externalRef: 'INV-1' });
  assert.match(ran.out, /^Held: account Acme \(number 17\), profile suspended, until somebody lifts it\.$/m);
});

test('suspending many shows the plan and asks, and yes applies that plan', async () => {
  const ran = await run(large, ['suspend', 'ref:C-1'], { typed: 'y\n' });
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /would change 1,002 entities of the 1,002[\s\S]*SIP accounts +1,000[\s\S]*Held:/);
  assert.match(ran.err, /Go on\? \[y\/N\]/);
  assert.equal(ran.asked.at(-1)?.path, APPLY_PATH.slice('POST '.length));
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
  assert.equal(done.asked.at(-1)?.path, HOLDS_PATH);
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

test('a tree is loaded level by level, and a wide node kind by kind with exact counts', async () => {
  const many = Array.from({ length: 100 }, (_, index) =>
    entity({ id: `n${index}`, kind: 'phone_number', label: `+3120${index}` }),
  );
  const ran = await run(
    {
      'GET /v1/entities/0': entity({ label: 'Platform' }),
      [`GET /v1/entities/${ACME_ID}/children`]: ({ path }) => {
        const kind = new URL(path, 'http://x').searchParams.get('kind') ?? '';
        if (kind.includes(',')) return { items: many, next: '100', total: null };
        const items =
          kind === 'phone_number'
            ? many.slice(0, 2)
            : kind === 'account'
              ? [entity({ id: RESELLER_ID, label: 'North' })]
              : [];
        return {
          items,
          next: kind === 'phone_number' ? '2' : null,
          total: kind === 'phone_number' ? 1200 : items.length,
        };
      },
    },
    ['tree', '--depth', '1', '--limit', '2'],
  );
  assert.equal(ran.code, 0, ran.err);
  assert.equal(
    ran.out,
    'Platform account active\n├─ +31200 phone number active\n├─ +31201 phone number active\n├─ North account active …\n└─ … 1,198 more phone numbers\n',
  );
});

test('verify tells findings and ends with 1; a stream without a verdict is a failure', async () => {
  const lines = (...values: object[]) => ({
    status: 200,
    type: 'application/x-ndjson',
    text: values.map((value) => `${JSON.stringify(value)}\n`).join(''),
  });
  const progress = { stage: 'chain', done: 5, total: 10 };
  const wrong = { ok: false, findings: [{ stage: 'chain', detail: 'link 7 is broken' }], checked: { changes: 10 } };
  const found = await run({ 'POST /v1/verify': lines(progress, wrong) }, ['verify']);
  assert.equal(found.code, 1);
  assert.equal(found.out, 'chain of changes: link 7 is broken\nNot all is right: 10 changes verified.\n');
  assert.equal(
    (await run({ 'POST /v1/verify': lines(progress, { ...wrong, ok: true, findings: [] }) }, ['verify'])).code,
    0,
  );
  assert.equal((await run({ 'POST /v1/verify': lines(progress) }, ['verify'])).code, 1);
});

test('doctor examines to the end and its exit code says what is worst', async () => {
  const status = { version: '1', installation: 'i', epoch: 'e', revision: 7, entities: 2, schemaVersion: 1 };
  const ready = { ready: true, checks: { database: { ok: true }, scheduler: { lagMs: 5000 } } };
  const right = await run({ 'GET /readyz': ready, 'GET /v1/status': status }, ['doctor']);
  assert.equal(right.code, 0, right.out);
  assert.match(right.out, /doubtful +scheduler: 5000 ms late/);
  const notAllowed = await run(
    { 'GET /readyz': ready, 'GET /v1/status': problemAnswer(401, 'unauthenticated', 'Who are you?') },
    ['doctor'],
  );
  assert.equal(notAllowed.code, 4);
  const unreachable = await run({}, ['doctor', '--url', 'http://127.0.0.1:61']);
  assert.equal(unreachable.code, 3);
  assert.match(unreachable.out, /wrong +server: nobody answers/);
});

test('changes without --follow are those after a cursor, page by page', async () => {
  const change = (revision: number) => ({
    revision,
    at: '2026-03-01T09:30:00.000Z',
    actor: 'a',
    kind: 'k',
    entity: null,
    facts: {},
  });
  const ran = await run(
    {
      'GET /v1/changes': ({ path }) =>
        path.includes('after=e:2') ? { items: [], next: 'e:2' } : { items: [change(1), change(2)], next: 'e:2' },
    },
    ['changes', '--after', 'e:0', '--json'],
  );
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(
    ran.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).revision),
    [1, 2],
  );
});

test('local commands are given their options and never a server', async () => {
  const served: unknown[] = [];
  const local = {
    serve: async (options: object) => void served.push(options),
    demo: async (options: object) => void served.push(options),
    restore: async (file: string, { acceptOtherKey }: { acceptOtherKey: boolean }) => [`${file} ${acceptOtherKey}`],
  };
  assert.equal((await run({}, ['serve', '--port', '0', '--data', '/d'], { local })).code, 0);
  assert.equal((await run({}, ['demo', '--exit'], { local })).code, 0);
  assert.deepEqual(served, [{ port: 0, data: '/d' }, { exit: true }]);
  assert.equal((await run({}, ['restore', 'f'], { local })).out, 'f false\n');
  assert.equal((await run({}, ['restore', 'f', '--accept-other-key'], { local })).out, 'f true\n');
  const failed = await run({}, ['backup', 'f'], {
    local: { backup: () => Promise.reject(new Error('the disk is full')) },
  });
  assert.deepEqual([failed.code, failed.err], [1, 'abeyance: the disk is full\n']);
});

test('help and documents name the same exit codes with the same words', async () => {
  const { out } = await run({}, ['--help']);
  const documented = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8').replaceAll('`', '');
  for (const [code, meaning] of EXIT_MEANINGS) {
    assert.match(out, new RegExp(`^ +${code} +${meaning.replace(/[()]/g, '\\$&')}$`, 'm'));
    assert.ok(documented.includes(`| ${code} | ${meaning} |`), meaning);
  }
});
