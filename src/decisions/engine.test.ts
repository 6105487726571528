/** The engine stays equal to its source through lost hints, hanging and failing calls, restarts, gaps and new epochs. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import fc from 'fast-check';

import type { Problem } from '#core/problem.ts';
import { standingOf } from '#core/restrictions.ts';
import { DecisionEngine, type EngineOptions } from './engine.ts';
import { FakeSource } from './fake-source-for-test.ts';
import { type Step, steps } from './random-tree-for-test.ts';

const POLL_MS = 5;
const WAIT_MS = 10_000;

function engineOf(t: TestContext, source: FakeSource, options: Partial<EngineOptions> = {}): DecisionEngine {
  const engine = new DecisionEngine({
    source,
    normaliseSubject: (text) => text.toLowerCase(),
    pollMs: POLL_MS,
    quietMs: 40,
    ...options,
  });
  t.after(() => engine.stop());
  return engine;
}

const history = (seed: number): Step[] => fc.sample(steps(80), { numRuns: 1, seed }).flat();

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + WAIT_MS; !isSo(); await sleep(1)) {
    if (performance.now() > end) assert.fail(`never came true: ${what}`);
  }
}

/** Waits until the engine has what the source has, and compares every answer. */
async function assertFollows(engine: DecisionEngine, source: FakeSource): Promise<void> {
  await until('the engine has caught up', () => engine.epoch === source.epoch && engine.revision === source.revision);
  const { tree, names } = source.random;
  assert.equal(engine.metrics().entities, tree.states.size);
  for (const id of tree.states.keys()) {
    assert.deepEqual(engine.restrictionsOf(id), tree.restrictionsOf(id));
    assert.equal(engine.standing(id)?.standing, standingOf(tree.restrictionsOf(id)));
    assert.equal(engine.decideFor(id, 'call.out').effect, tree.decide(id, 'call.out').effect);
  }
  for (const name of names) assert.equal(engine.find(name), tree.bearerOf(name), name);
}

test('it loads, then follows without any hint', async (t) => {
  const source = new FakeSource();
  source.tellsListeners = false;
  source.commit(history(1));
  const engine = engineOf(t, source);
  await engine.start();
  await assertFollows(engine, source);
  source.commit(history(2));
  await assertFollows(engine, source);
  assert.equal(source.loads, 1);
  assert.ok(engine.ready);
});

test('what is committed in the middle of a load is not lost', async (t) => {
  const source = new FakeSource();
  source.commit(history(3));
  source.duringLoad = () => source.commit(history(4));
  const engine = engineOf(t, source);
  await engine.start();
  await assertFollows(engine, source);
});

test('a hint, and a poke, are enough without waiting for the next poll', async (t) => {
  const source = new FakeSource();
  const engine = engineOf(t, source, { pollMs: 3_600_000 });
  await engine.start();
  await until('it listens', () => source.listeners.size === 1);
  source.commit(history(5));
  assert.ok(await engine.waitFor(source.revision, WAIT_MS));
  source.tellsListeners = false;
  source.commit(history(6));
  engine.poke();
  await assertFollows(engine, source);
});

test('it goes on answering while the database is away, says how old that is, and in the end says unknown', async (t) => {
  let nowMs = 1_000_000;
  const clock = { wallMs: () => nowMs, steadyMs: () => nowMs };
  const source = new FakeSource();
  source.commit(history(7));
  const troubles: string[] = [];
  const engine = engineOf(t, source, { clock, onTrouble: (what) => void troubles.push(what) });
  await engine.start();
  const allowed = engine.decide('0', 'api');
  assert.equal(allowed.staleForMs, 0);
  source.isAway = true;
  source.dropListeners();
  await until('it fails', () => troubles.length > 0);
  nowMs += 30_000;
  await until('it says how old its answers are', () => engine.staleForMs >= 30_000);
  assert.deepEqual({ ...engine.decide('0', 'api'), staleForMs: 0 }, { ...allowed, staleForMs: 0 });
  nowMs += 31_000;
  await until('it is not ready', () => !engine.ready);
  const unknown = engine.decide('0', 'api');
  assert.equal(unknown.effect, 'unknown');
  assert.equal(unknown.standing, null);
  assert.throws(
    () => engine.standing(0),
    (error: Problem) => error.code === 'unavailable',
  );
  source.isAway = false;
  source.commit(history(8));
  await until('it is ready again', () => engine.ready);
  await assertFollows(engine, source);
  await until('it listens again', () => source.listeners.size === 1);
  assert.equal(source.loads, 1, 'the picture was continued');
});

test('a call that never ends is given up and tried again', async (t) => {
  const source = new FakeSource();
  const engine = engineOf(t, source);
  await engine.start();
  source.isHanging = true;
  await until('it has given a call up', () => engine.metrics().followErrors > 0);
  source.isHanging = false;
  source.commit(history(9));
  await assertFollows(engine, source);
});

test('a new epoch is loaded afresh, even when its revisions are lower, and the old one answers meanwhile', async (t) => {
  const source = new FakeSource();
  source.commit(history(10));
  const engine = engineOf(t, source);
  await engine.start();
  const restored = new FakeSource();
  restored.commit(history(11).slice(0, 10));
  source.isHanging = true;
  Object.assign(source, { epoch: 'epoch-2', random: restored.random, log: restored.log, logStart: 0 });
  assert.equal(engine.epoch, 'epoch-1');
  assert.equal(engine.decide('0', 'api').epoch, 'epoch-1');
  source.isHanging = false;
  await assertFollows(engine, source);
  assert.equal(engine.metrics().reloads, 1);
});

test('a log that was cut before it was read makes it load afresh', async (t) => {
  const source = new FakeSource();
  source.tellsListeners = false;
  const engine = engineOf(t, source);
  await engine.start();
  source.isAway = true;
  await until('it fails', () => engine.metrics().followErrors > 0);
  source.commit(history(12));
  source.cutLog(3);
  source.isAway = false;
  await assertFollows(engine, source);
  assert.equal(source.loads, 2);
});

test('random trouble ends in the same picture', async (t) => {
  for (let seed = 100; seed < 120; seed++) {
    const source = new FakeSource();
    const engine = engineOf(t, source, { pollMs: 2, quietMs: 10 });
    const started = engine.start();
    for (const [index, step] of history(seed).entries()) {
      source.commit([step]);
      const knob = (index * 7 + seed) % 11;
      source.isAway = knob === 1;
      source.isHanging = knob === 3;
      source.tellsListeners = knob % 2 === 0;
      if (knob === 5) source.dropListeners();
      if (knob === 7 && index % 3 === 0) source.cutLog(2);
      if (knob === 8) engine.poke();
      if (index % 4 === 0) await sleep(1);
    }
    source.isAway = false;
    source.isHanging = false;
    await started;
    await assertFollows(engine, source);
    await engine.stop();
  }
});

test('a revision that does not come in time is unavailable, with the revision it has', async (t) => {
  const source = new FakeSource();
  source.commit(history(13));
  const engine = engineOf(t, source);
  await engine.start();
  assert.equal((await engine.decideAt('0', 'api', { atRevision: source.revision })).revision, source.revision);
  await assert.rejects(
    engine.decideAt('0', 'api', { atRevision: source.revision + 1 }),
    (error: Problem) => error.code === 'unavailable' && error.facts['revision'] === source.revision,
  );
});

test('an engine that never saw the database knows nobody, and stops at once', async () => {
  const source = new FakeSource();
  source.isHanging = true;
  const engine = new DecisionEngine({ source, normaliseSubject: (text) => text });
  const started = engine.start();
  assert.equal(engine.decide('0', 'api').effect, 'unknown');
  assert.equal(engine.ready, false);
  const waiting = engine.waitFor(1, WAIT_MS);
  await engine.stop();
  await started;
  assert.equal(await waiting, false);
});

test('subjects are found in any spelling, and a call to an emergency number is judged as one', async (t) => {
  const source = new FakeSource();
  source.commit([
    { what: 'create', a: 0, b: 0, c: 4 },
    { what: 'hold', a: 0, b: 0, c: 0 },
  ]);
  const engine = engineOf(t, source);
  await engine.start();
  await assertFollows(engine, source);
  assert.equal(engine.find('SIP:1@EXAMPLE.COM'), 1);
  const refused = engine.decide('sip:1@example.com', 'call.out', { destination: 'tel:1125550' });
  assert.equal(refused.effect, 'deny');
  assert.equal(refused.reasons[0]?.inherited, true);
  assert.equal(refused.reasons[0]?.via, 'parent');
  const emergency = engine.decide('sip:1@example.com', 'call.out', { destination: 'tel:112' });
  assert.equal(emergency.effect, 'allow');
  assert.equal(emergency.action, 'call.emergency');
  assert.equal(emergency.standing, 'suspended');
  assert.equal(engine.decide('sip:nobody@example.com', 'call.out').effect, 'unknown');
});

test('a checkpoint gives the same picture, also when things change while it is written', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-checkpoint-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'checkpoint');
  const source = new FakeSource();
  source.commit(history(14));
  const engine = engineOf(t, source);
  await engine.start();
  await engine.saveCheckpoint(file);
  const saving = engine.saveCheckpoint(file);
  source.commit(history(15));
  await Promise.all([saving, assertFollows(engine, source)]);
  await engine.saveCheckpoint(file);
  assert.deepEqual(await readdir(folder), ['checkpoint']);

  let nowMs = Date.now() + 20_000;
  const clock = { wallMs: () => nowMs, steadyMs: () => nowMs };
  const away = new FakeSource();
  Object.assign(away, { random: source.random, log: source.log, isAway: true });
  const other = engineOf(t, away, { clock });
  await other.start(file);
  await assertFollows(other, away);
  const { effect, staleForMs } = other.decide('0', 'call.emergency');
  assert.notEqual(effect, 'unknown');
  assert.ok(staleForMs >= 19_000, `its age counts from when it was confirmed, ${staleForMs} ms`);
  nowMs += 60_000;
  assert.equal(other.ready, false);
  away.isAway = false;
  away.commit(history(16));
  await until('it is ready', () => other.ready);
  await assertFollows(other, away);
  assert.equal(away.loads, 0, 'it goes on from the checkpoint');
});

test('a checkpoint without its end is refused', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-checkpoint-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'checkpoint');
  const source = new FakeSource();
  source.commit(history(17));
  const engine = engineOf(t, source);
  await engine.start();
  await engine.saveCheckpoint(file);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  for (const torn of [lines.slice(0, -1), lines.slice(1), []]) {
    await writeFile(file, torn.map((line) => `${line}\n`).join(''));
    await assert.rejects(engineOf(t, new FakeSource()).loadCheckpoint(file), /checkpoint/);
  }
});
