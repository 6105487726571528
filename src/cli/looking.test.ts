import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { problemAnswer, run } from './canned-server.ts';
import { EXIT_MEANINGS } from './exit-code.ts';
import { ACME_ID, entity, RESELLER_ID } from './canned-views.ts';

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
      'GET /v1/status': { epoch: 'e', revision: 3 },
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

test('changes by a filter are the latest that it lets through, the oldest first', async () => {
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
      'GET /v1/changes?actor=a&kind=entity.*&order=desc&limit=3': { items: [change(9), change(7)], next: 'e:5' },
      'GET /v1/changes?actor=a&kind=entity.*&order=desc&after=e:5&limit=1': { items: [change(3)], next: null },
    },
    ['changes', '--actor', 'a', '--kind', 'entity.*', '--last', '3', '--json'],
  );
  assert.equal(ran.code, 0, ran.err);
  const revisions = ran.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).revision);
  assert.deepEqual(revisions, [3, 7, 9]);
});

test('events are the latest, the oldest of them first, as a line each', async () => {
  const event = (sequence: number) => ({
    id: 'i',
    sequence,
    type: 'account.suspended',
    at: '2026-03-01T09:30:00.000Z',
    revision: 9,
    account: 'a',
    accountNumber: 1,
    before: { standing: 'active', denied: [], intercepted: [] },
    after: { standing: 'suspended', denied: [], intercepted: [] },
    cause: 'hold.placed',
    entity: 'top',
    entityNumber: 0,
    hold: null,
    profile: 'suspended',
    actor: 'token:admin',
  });
  const ran = await run(
    {
      'GET /v1/events': ({ path }) => ({
        items: path.includes('limit=2') ? [event(8), event(7)] : [event(8)],
        next: null,
      }),
    },
    ['events', '--last', '2'],
  );
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(ran.out.trim().split('\n'), [
    '7  2026-03-01 09:30:00 UTC  account.suspended  a  active -> suspended  hold.placed suspended on top by token:admin',
    '8  2026-03-01 09:30:00 UTC  account.suspended  a  active -> suspended  hold.placed suspended on top by token:admin',
  ]);
});

test('deliveries are listed, shown with their attempts, replayed and tested', async () => {
  const delivery = {
    id: 'd',
    outcome: 'failed',
    reason: 'event',
    event: 'e',
    type: 'account.closed',
    account: 'a',
    createdAt: '2026-03-01T09:30:00.000Z',
    attempts: 1,
    nextAttemptAt: null,
    settledAt: '2026-03-01T09:30:01.000Z',
    responseCode: 500,
    problem: 'answered 500',
  };
  const tries = [
    { attempt: 1, at: delivery.createdAt, responseCode: 500, responseText: 'oh', problem: 'answered 500' },
  ];
  const listed = await run(
    { 'GET /v1/systems/hook/deliveries?outcome=failed&limit=50': { items: [delivery], next: null, total: null } },
    ['deliveries', 'hook', '--outcome', 'failed'],
  );
  assert.match(listed.out, /2026-03-01 09:30:00 UTC +account\.closed +a +failed +1 +answered 500 +- +d/);
  const shown = await run({ 'GET /v1/systems/hook/deliveries/d': { ...delivery, tries } }, [
    'deliveries',
    'show',
    'hook',
    'd',
  ]);
  assert.match(shown.out, /1\. 2026-03-01 09:30:00 UTC {2}answered 500 {2}oh/);
  const replayed = await run({ 'POST /v1/systems/hook/deliveries/replay': { deliveries: 3 } }, [
    'deliveries',
    'replay',
    'hook',
    '--failed',
    '--from',
    '2026-01-01T00:00:00Z',
  ]);
  assert.equal(replayed.out, '3 are sent once more.\n', replayed.err);
  const tested = await run({ 'POST /v1/systems/hook/deliveries/test': delivery }, ['deliveries', 'test', 'hook']);
  assert.match(tested.out, /^A test is sent; abeyance deliveries show hook d/);
});

test('local commands are given their options and never a server', async () => {
  const served: unknown[] = [];
  const local = {
    serve: async (options: object) => void served.push(options),
    demo: async (options: object) => void served.push(options),
    rotateSecret: async () => ['Sealed.', 'Keep a copy.'],
    restore: async (file: string, { acceptOtherKey }: { acceptOtherKey: boolean }) => [`${file} ${acceptOtherKey}`],
  };
  assert.equal((await run({}, ['serve', '--port', '0', '--data', '/d'], { local })).code, 0);
  assert.equal((await run({}, ['demo', '--exit'], { local })).code, 0);
  assert.deepEqual(served, [{ port: 0, data: '/d' }, { exit: true }]);
  assert.equal((await run({}, ['restore', 'f'], { local })).out, 'f false\n');
  assert.equal((await run({}, ['restore', 'f', '--accept-other-key'], { local })).out, 'f true\n');
  assert.equal((await run({}, ['rotate-secret'], { local })).out, 'Sealed.\nKeep a copy.\n');
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
