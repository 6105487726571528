import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Outcome, type PostBatch, runImport } from './import-run.ts';
import { badLine, type BulkItem, type Parsed } from './parsed.ts';

async function* lines(count: number, bad: readonly number[] = []): AsyncGenerator<Parsed> {
  for (let line = 1; line <= count; line += 1)
    yield bad.includes(line)
      ? badLine('f', line, 'is bad')
      : { item: { op: 'close', entity: `ref:${line}` }, file: 'f', line };
}

/** A server that does each item once and answers a known key as before; it can be made to fail. */
function fakeServer(failAt: number | null = null) {
  const answers = new Map<string, readonly Outcome[]>();
  const done: string[] = [];
  let calls = 0;
  const post: PostBatch = async (items, key) => {
    calls += 1;
    if (calls === failAt) throw new Error('connection lost');
    const known = answers.get(key);
    if (known) return known;
    const outcomes = items.map((item) => perform(item, done));
    answers.set(key, outcomes);
    return outcomes;
  };
  return { post, done, answers, failNever: () => (failAt = null), calls: () => calls };
}

function perform(item: BulkItem, done: string[]): Outcome {
  const name = 'entity' in item ? String(item.entity) : '';
  if (name === 'ref:3') return { outcome: 'refused', code: 'not_found', message: 'no such thing' };
  if (name === 'ref:4') return { outcome: 'exists', differs: [] };
  if (name === 'ref:5') return { outcome: 'exists', differs: ['name', 'email'] };
  done.push(name);
  return { outcome: 'created' };
}

test('every line is accounted for: created, existed, refused or bad, with its place', async () => {
  const progress: number[] = [];
  const report = await runImport(lines(8, [2]), fakeServer().post, {
    identity: 'x',
    batchSize: 3,
    onProgress: ({ read }) => progress.push(read),
  });
  assert.deepEqual(
    { ...report, refusals: report.refusals.map(({ line, reason }) => `${line} ${reason}`) },
    {
      read: 8,
      created: 4,
      existed: 1,
      failed: 3,
      kinds: new Map(),
      refusals: ['2 is bad', '3 not_found: no such thing', '5 exists: it is there already, with another name, email'],
    },
  );
  assert.deepEqual(progress.at(-1), 8);
  assert.deepEqual(
    progress,
    progress.toSorted((a, b) => a - b),
    'progress never goes back',
  );
});

test('a rerun after a lost connection does nothing twice and leaves nothing out', async () => {
  const server = fakeServer(3);
  await assert.rejects(runImport(lines(10), server.post, { identity: 'x', batchSize: 2 }), /connection lost/);
  const doneBefore = server.done.length;
  server.failNever();
  const report = await runImport(lines(10), server.post, { identity: 'x', batchSize: 2 });
  assert.ok(doneBefore > 0 && doneBefore < 7);
  assert.equal(server.done.length, 7);
  assert.equal(new Set(server.done).size, 7);
  assert.deepEqual([report.created, report.existed, report.failed], [7, 1, 2]);
});

test('other files, and other items of the same files, have other keys', async () => {
  const server = fakeServer();
  for (const identity of ['x', 'y']) await runImport(lines(2), server.post, { identity });
  await runImport(lines(3), server.post, { identity: 'x' });
  assert.equal(server.answers.size, 3);
});

test('a batch is sent only after the former is answered, and the next is prepared meanwhile', async () => {
  const events: string[] = [];
  let isBusy = false;
  async function* watched(): AsyncGenerator<Parsed> {
    for await (const one of lines(6)) {
      events.push(`read ${'line' in one ? one.line : 0}`);
      yield one;
    }
  }
  const post: PostBatch = async (items) => {
    assert.equal(isBusy, false);
    isBusy = true;
    const first = items[0];
    events.push(`post ${first && 'entity' in first ? first.entity : ''}`);
    await new Promise((resolve) => setImmediate(resolve));
    isBusy = false;
    return items.map(() => ({ outcome: 'created' }));
  };
  await runImport(watched(), post, { identity: 'x', batchSize: 2 });
  assert.ok(events.indexOf('read 4') < events.indexOf('post ref:3'));
  assert.deepEqual(
    events.filter((event) => event.startsWith('post')),
    ['post ref:1', 'post ref:3', 'post ref:5'],
  );
});

test('an answer of the wrong length stops the import', async () => {
  await assert.rejects(
    runImport(lines(2), async () => [], { identity: 'x' }),
    /0 outcomes to 2 items/,
  );
});

test('when reading fails the batch under way is finished first, and the failure is told', async () => {
  let isFinished = false;
  async function* broken(): AsyncGenerator<Parsed> {
    yield* lines(2);
    throw new Error('disk is gone');
  }
  const post: PostBatch = async (items) => {
    await new Promise((resolve) => setImmediate(resolve));
    isFinished = true;
    return items.map(() => ({ outcome: 'created' }));
  };
  await assert.rejects(runImport(broken(), post, { identity: 'x', batchSize: 2 }), /disk is gone/);
  assert.equal(isFinished, true);
});
