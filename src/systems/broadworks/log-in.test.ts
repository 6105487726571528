/** How we log in, and that a refusal is not provoked again. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';

import { FIRST } from '#test/certificates.ts';

import { signPassword } from './log-in.ts';
import { type SimulatorOptions, startBroadworks } from './simulator.ts';
import { makeSubscriber } from './simulator-world.ts';
import { Target, driverFor, profileOf } from './target-for-test.ts';

const GROUPS = ['acme-voice/A', 'acme-voice/B', 'acme-voice/C', 'acme-voice/D', 'acme-voice/E'];
const SUSPENDED = [profileOf('suspended')];
const TLS = { transport: 'tls', tls: FIRST } as const;

async function start(t: TestContext, options: SimulatorOptions = {}, settings = {}, password?: string) {
  const simulator = await startBroadworks(options);
  for (const group of GROUPS) simulator.world.subscribers.set(group, makeSubscriber());
  const driver = driverFor(simulator, { ca: FIRST.cert, ...settings }, password);
  t.after(async () => {
    await driver.close?.();
    await simulator.stop();
  });
  const targets = GROUPS.map((group) => new Target(driver, group));
  const [first] = targets;
  assert.ok(first);
  return {
    simulator,
    driver,
    targets,
    first,
    forms: () => simulator.log.flatMap((text) => /(?:Login|Authentication)Request\w*/.exec(text) ?? []),
  };
}

test('the signed password is the one that servers compute', () => {
  // Computed with `printf '%s' secret | sha1sum` and `printf '%s' 1234567890:<that> | md5sum`.
  assert.equal(signPassword('1234567890', 'secret'), '54ad7a2a0d93f0a0736345ad7af8b68b');
});

test('over TCP the password is signed, in two steps', async (t) => {
  const { first, forms, simulator } = await start(t);
  assert.equal((await first.tell(SUSPENDED)).type, 'done');
  assert.deepEqual(forms(), ['AuthenticationRequest', 'LoginRequest14sp4']);
  assert.ok(simulator.log.every((text) => !text.includes('the eagle')));
});

test('over TLS one step is taken, and two where the release does not know it', async (t) => {
  const current = await start(t, TLS);
  assert.equal((await current.first.tell(SUSPENDED)).type, 'done');
  assert.deepEqual(current.forms(), ['LoginRequest22V5']);
  const old = await start(t, { ...TLS, world: { knowsOneStep: false } });
  assert.equal((await old.first.tell(SUSPENDED)).type, 'done');
  assert.deepEqual(old.forms(), ['LoginRequest22V5', 'AuthenticationRequest', 'LoginRequest14sp4']);
  // Another session knows by then.
  assert.equal((await old.first.tell([], { slot: 1 })).type, 'done');
  assert.deepEqual(old.forms().slice(3), ['AuthenticationRequest', 'LoginRequest14sp4']);
});

test('a form that is set is the only one that is tried', async (t) => {
  const two = await start(t, TLS, { login: 'two-step' });
  assert.equal((await two.first.tell(SUSPENDED)).type, 'done');
  assert.deepEqual(two.forms(), ['AuthenticationRequest', 'LoginRequest14sp4']);
  const one = await start(t, { ...TLS, world: { knowsOneStep: false } }, { login: 'one-step' });
  assert.equal((await one.first.tell(SUSPENDED)).type, 'never');
  assert.deepEqual(one.forms(), ['LoginRequest22V5']);
});

test('a wrong password is tried once, however many ask at once and again', async (t) => {
  for (const options of [{}, TLS]) {
    const { targets, simulator } = await start(t, options, {}, 'hunter2');
    const outcomes = await Promise.all(targets.map((target, slot) => target.tell(SUSPENDED, { slot })));
    for (const target of targets) outcomes.push(await target.tell(SUSPENDED));
    for (const outcome of outcomes) {
      assert.ok(outcome.type === 'never');
      assert.equal(outcome.code, 'credentials');
      assert.equal(outcome.detail, 'the log-in is refused: Invalid password');
      assert.ok((outcome.afterMs ?? 0) > 0);
    }
    assert.equal(simulator.world.badLogIns, 1);
  }
});

test('an administrator of too little rights is told once', async (t) => {
  const { targets, simulator } = await start(t, { world: { loginType: 'Group' } });
  for (const target of targets) {
    const outcome = await target.tell(SUSPENDED);
    assert.match(String(outcome.type === 'never' && outcome.detail), /one of "Group", and has to be one of System/);
  }
  assert.equal(simulator.world.logIns, 1);
});

test('each slot has a session of its own, and keeps it', async (t) => {
  const { targets, simulator } = await start(t);
  for (const profiles of [SUSPENDED, [], SUSPENDED])
    await Promise.all(
      targets.map(async (target, slot) => assert.equal((await target.tell(profiles, { slot })).type, 'done')),
    );
  assert.equal(simulator.world.logIns, targets.length);
  assert.equal(simulator.connections, targets.length);
  const ids = new Set(simulator.log.map((text) => /<sessionId xmlns="">(.*?)</.exec(text)?.[1]));
  assert.equal(ids.size, targets.length);
});

test('the driver leaves with a word', async (t) => {
  const { first, driver, simulator } = await start(t);
  await first.tell(SUSPENDED);
  await driver.close?.();
  assert.match(simulator.log.at(-1) ?? '', /LogoutRequest.*Client Logout/);
});

test('no outcome repeats a password, in whatever form the server does', async (t) => {
  const secret = 'hunter2 & <more>';
  const { driver, simulator } = await start(t, TLS, {}, secret);
  const quoted = `[Error 4962] Invalid: ${secret} 0123456789abcdef0123456789abcdef`;
  simulator.world.refusal = quoted;
  const target = new Target(driver, 'acme-voice/A');
  const outcomes = [await target.tell(SUSPENDED), await target.tell(SUSPENDED), await target.observe()];
  assert.match(JSON.stringify(outcomes), /Invalid: … …/);
  for (const said of [...outcomes, inspect(driver, { depth: 10, showHidden: true })])
    assert.doesNotMatch(JSON.stringify(said), /hunter2|0123456789abcdef/);
});

test('a log-in that is silent gives a sign of life each minute', async (t) => {
  const { first, simulator } = await start(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await first.tell(SUSPENDED);
  const signs = () => simulator.log.filter((text) => text.includes('AvailabilityTestRequest')).length;
  for (const count of [1, 2]) {
    t.mock.timers.tick(60_000);
    while (signs() < count) await new Promise((resolve) => setImmediate(resolve));
    // Until its answer has come, no next one is due.
    await first.tell(SUSPENDED);
  }
  assert.equal(simulator.world.logIns, 1);
});

test('an overtaxed server at the log-in is asked again later', async (t) => {
  const { first, simulator } = await start(t);
  simulator.knobs.refuse = 1;
  const outcome = await first.tell(SUSPENDED);
  assert.ok(outcome.type === 'later');
  assert.equal(outcome.code, 'overloaded');
  assert.ok((outcome.afterMs ?? 0) > 0);
  const asked = simulator.log.length;
  assert.equal((await first.tell(SUSPENDED)).type, 'later');
  assert.equal(simulator.log.length, asked);
});
