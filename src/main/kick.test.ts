import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { type Ran, runCli } from '#cli/canned-server.ts';
import { startDovecotSimulator } from '#systems/dovecot/simulator.ts';
import { startKamailioSimulator } from '#systems/kamailio/simulator.ts';
import { startPowerdnsSimulator } from '#systems/powerdns/simulator.ts';
import { type Simulator, startSimulator } from '#systems/simulator.ts';
import { TOKEN, testInstallation } from '#test/installation.ts';
import { type Operator, makeOperator } from '#test/operator.ts';

import { configuredSystems, kickNode } from './kick.ts';

const KEY = 'a-key-that-nobody-may-see';

/** Stopped when the test ends. */
async function started<T extends Simulator>(t: TestContext, starting: Promise<T>): Promise<T> {
  const simulator = await starting;
  t.after(() => simulator.stop());
  return simulator;
}

interface Story {
  readonly operator: Operator;
  readonly kick: (args: readonly string[], env: Readonly<Record<string, string>>) => Promise<Ran>;
}

async function makeStory(t: TestContext): Promise<Story> {
  const installation = await testInstallation(t);
  const operator = await makeOperator(installation);
  const url = await installation.app.listen({ host: '127.0.0.1', port: 0 });
  return {
    operator,
    kick: async (args, env) => {
      await installation.follow();
      return runCli(url, ['kick', ...args], {
        env: { ABEYANCE_TOKEN: TOKEN },
        local: {
          configuredSystems: async () => configuredSystems(env),
          kick: (order, directory, options) => kickNode(env, order, directory, options),
        },
      });
    },
  };
}

test('a hold whose profile ends sessions has each system told once for the node, and only what it concerns', async (t) => {
  const { operator, kick } = await makeStory(t);
  const { account, parent, other } = operator.entities;
  await operator.create('dns_zone', account.id, { name: 'held.example', nameservers: ['ns.example'] });
  await operator.create('dns_zone', other.id, { name: 'other.example', nameservers: ['ns.example'] });
  const domains: Record<string, string> = { held: account.id, other: other.id };
  for (const [name, id] of Object.entries(domains))
    await operator.create('mailbox', id, { address: `live@${name}.mail.example` });
  await operator.create('enum_range', account.id, { prefix: '31208005', nameservers: ['ns.example'] });
  await operator.hold(parent.id, 'fraud');
  await operator.hold(other.id, 'fraud');
  const kamailio = await started(t, startKamailioSimulator());
  kamailio.call([account.number, parent.number]);
  kamailio.call([parent.number], 'endsItself');
  for (const name of ['a', 'b']) kamailio.register(`${name}@voice.example`, [account.number, parent.number]);
  const powerdns = await started(t, startPowerdnsSimulator(KEY));
  const doveadm = await started(t, startDovecotSimulator(KEY));
  for (const name of ['live@held.mail.example', 'live@other.mail.example', 'nobody', 'who@x.example'])
    doveadm.connect(name, 'imap');
  const env = {
    ABEYANCE_KAMAILIO_RPC: `${kamailio.origin}/RPC`,
    ABEYANCE_POWERDNS_API: powerdns.origin,
    ABEYANCE_POWERDNS_API_KEY: KEY,
    ABEYANCE_DOVEADM: doveadm.origin,
    ABEYANCE_DOVEADM_KEY: KEY,
  };
  const ran = await kick([String(parent.number)], env);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /calls, registrations, mail sessions beneath it end\./);
  assert.match(ran.out, /kamailio at \S+: 2 registrations removed, 1 call ended$/m);
  assert.match(ran.out, /powerdns at \S+: 2 zones purged, 2 entries forgotten$/m);
  assert.match(ran.out, /dovecot at \S+: 1 user signed out$/m);
  assert.deepEqual(kamailio.unregistered, [parent.number]);
  assert.deepEqual(kamailio.reasons, ['Reason: SIP;cause=403;text="Account suspended"\r\n']);
  assert.deepEqual(powerdns.purged.toSorted(), ['5.0.0.8.0.2.1.3.e164.arpa.', 'held.example.']);
  assert.deepEqual(doveadm.kicked, ['live@held.mail.example'], 'another held mailbox is not touched');
  const json = await kick([String(parent.number), '--system', 'dovecot', '--json'], env);
  assert.equal((JSON.parse(json.out) as { outcomes: unknown[] }).outcomes.length, 1);
});

test('a profile that lets sessions finish leaves them until all is asked for, and nothing allowed is ever ended', async (t) => {
  const { operator, kick } = await makeStory(t);
  const { account } = operator.entities;
  const kamailio = await started(t, startKamailioSimulator());
  kamailio.call([account.number]);
  const env = { ABEYANCE_KAMAILIO_RPC: `${kamailio.origin}/RPC` };
  const active = await kick([account.id, '--all'], env);
  assert.match(active.out, /is active: nothing of it denies/);
  const lift = await operator.hold(account.id, 'suspended');
  const finishing = await kick([account.id], env);
  assert.equal(finishing.code, 0);
  assert.match(finishing.out, /profile suspended lets sessions finish.*--all ends them/);
  assert.equal(kamailio.count, 0);
  assert.match((await kick([account.id, '--all'], env)).out, /1 call ended/);
  await lift();
  await operator.hold(account.id, 'limited');
  const limited = await kick([account.id, '--all'], env);
  assert.doesNotMatch(limited.out, /registration/, 'a line that may register stays registered');
  await operator.close(account.id);
  assert.match((await kick([account.id], env)).out, /is closed: calls, registrations, mail sessions/);
});

test('a system that fails is named without its key, and the others are told all the same', async (t) => {
  const { operator, kick } = await makeStory(t);
  const { account } = operator.entities;
  await operator.hold(account.id, 'fraud');
  const kamailio = await started(t, startKamailioSimulator());
  const broken = await started(
    t,
    startSimulator(() => ({ status: 200, body: '<html>' })),
  );
  const doveadm = await started(t, startDovecotSimulator(KEY));
  const env = {
    ABEYANCE_KAMAILIO_RPC: `${kamailio.origin}/RPC, http://127.0.0.1:1/RPC, ${broken.origin}/RPC`,
    ABEYANCE_DOVEADM: doveadm.origin,
    ABEYANCE_DOVEADM_KEY: `${KEY}-wrong`,
  };
  const ran = await kick([account.id], env);
  assert.equal(ran.code, 6, ran.err);
  assert.match(ran.out, /0 registrations removed, 0 calls ended/);
  assert.match(ran.err, /kamailio at http:\/\/127\.0\.0\.1:1: .*cannot be reached/);
  assert.match(ran.err, /answered something that is no JSON/);
  assert.match(ran.err, /dovecot at .*refuses the key or the address \(401\)/);
  assert.ok(!`${ran.out}${ran.err}`.includes(KEY));
  assert.equal((await kick([account.id, '--system', 'dovecot'], env)).code, 1);
  const unset = await kick([account.id], {});
  assert.equal(unset.code, 2);
  assert.match(unset.err, /ABEYANCE_KAMAILIO_RPC/);
  const keyless = await kick([account.id], { ABEYANCE_DOVEADM: doveadm.origin });
  assert.match(keyless.err, /ABEYANCE_DOVEADM_KEY is missing/);
  const withUser = await kick([account.id], { ABEYANCE_KAMAILIO_RPC: 'http://u:hidden@127.0.0.1/RPC' });
  assert.match(withUser.err, /must have no user and password/);
  assert.ok(!withUser.err.includes('hidden'));
});

test('above fifty zones everything is purged at once', async (t) => {
  const { operator, kick } = await makeStory(t);
  const { account } = operator.entities;
  const powerdns = await started(t, startPowerdnsSimulator(KEY));
  const env = { ABEYANCE_POWERDNS_API: powerdns.origin, ABEYANCE_POWERDNS_API_KEY: KEY };
  for (let index = 0; index < 51; index++)
    await operator.create('dns_zone', account.id, { name: `z${index}.example`, nameservers: ['ns.example'] });
  assert.match((await kick([account.id], env)).out, /all zones purged, 1 entry forgotten/);
  assert.deepEqual(powerdns.purged, ['.']);
});
