import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SharedRun } from './shared-run.ts';

const NEVER = new AbortController().signal;

/** Work that ends when it is told to. */
function stepped() {
  const begun: { end: (text: string) => void; fail: (error: Error) => void }[] = [];
  const shared = new SharedRun<string>(
    () => new Promise((resolve, reject) => begun.push({ end: resolve, fail: reject })),
  );
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { begun, shared, settled };
}

test('who asks while it runs waits for the next run, and all who wait share it', async () => {
  const { begun, shared, settled } = stepped();
  const first = shared.run(1, NEVER);
  await settled();
  const others = [shared.run(1, NEVER), shared.run(1, NEVER)];
  await settled();
  assert.equal(begun.length, 1);
  begun[0]?.end('first');
  assert.equal(await first, 'first');
  await settled();
  assert.equal(begun.length, 2);
  begun[1]?.end('second');
  assert.deepEqual(await Promise.all(others), ['second', 'second']);
  const third = shared.run(1, NEVER);
  await settled();
  begun[2]?.end('third');
  assert.equal(await third, 'third', 'what is asked afterwards is never answered from before');
});

test('a run that fails fails for those who waited for it, and for nobody else', async () => {
  const { begun, shared, settled } = stepped();
  const first = shared.run(1, NEVER);
  await settled();
  const second = shared.run(1, NEVER);
  begun[0]?.fail(new Error('away'));
  await assert.rejects(first, /away/);
  await settled();
  begun[1]?.end('back');
  assert.equal(await second, 'back');
});

test('who gives up gets its reason, and the others their result', async () => {
  const { begun, shared, settled } = stepped();
  const controller = new AbortController();
  const [given, kept] = [shared.run(1, controller.signal), shared.run(1, NEVER)];
  await settled();
  controller.abort(new Error('no time'));
  await assert.rejects(given, /no time/);
  begun[0]?.end('done');
  assert.equal(await kept, 'done');
  await assert.rejects(shared.run(1, controller.signal), /no time/);
  await settled();
  begun[1]?.end('for nobody');
});
