import assert from 'node:assert/strict';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';

import { type Ran, runCli } from '#cli/canned-server.ts';
import { TOKEN, testInstallation } from '#test/installation.ts';
import { type Operator, makeOperator } from '#test/operator.ts';

import { configuredSystems, kickNode } from './kick.ts';

const KEY = 'a-key-that-nobody-may-see';

interface Peer {
  readonly url: string;
  readonly asked: string[];
}

async function startPeer(
  t: TestContext,
  answer: (path: string, body: string, request: IncomingMessage) => { status: number; body: string },
): Promise<Peer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      assert.equal(request.headers.origin, undefined, 'a Kamailio refuses whoever comes from a browser');
      asked.push(`${request.method} ${request.url} ${body}`.trim());
      const { status, body: answered } = answer(request.url ?? '', body, request);
      response.writeHead(status).end(answered);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }; // a TCP server has a port
}

/** Calls by the node that they carry; a list that Kamailio gives, and refusals with the status of their code. */
function startKamailio(t: TestContext, calls: Map<number, { id: number; goneBefore?: true }[]>): Promise<Peer> {
  return startPeer(t, (path, body) => {
    if (path.startsWith('/unregister/')) return { status: 200, body: '{"removed": 2}\n' };
    const { method, params } = JSON.parse(body) as { method: string; params: [number | string, number | string] };
    if (method === 'dlg.profile_list') {
      const found = (calls.get(Number(params[1])) ?? []).map(({ id }) => ({ h_entry: 7, h_id: id, state: 4 }));
      const result = found.length === 0 ? {} : found.length === 1 ? found[0] : found;
      return { status: 200, body: JSON.stringify({ jsonrpc: '2.0', result, id: 1 }) };
    }
    const isGone = [...calls.values()].flat().some(({ id, goneBefore }) => id === params[1] && goneBefore);
    if (!isGone) return { status: 200, body: '{"jsonrpc":"2.0","result":{},"id":1}' };
    return { status: 404, body: '{"jsonrpc":"2.0","error":{"code":404,"message":"Dialog not found"},"id":1}' };
  });
}

function startPowerdns(t: TestContext): Promise<Peer> {
  return startPeer(t, (_path, _body, request) =>
    request.headers['x-api-key'] === KEY
      ? { status: 200, body: '{"count": 3, "result": "Flushed cache."}' }
      : { status: 401, body: 'Unauthorized' },
  );
}

function startDoveadm(t: TestContext, live: readonly string[]): Promise<Peer> {
  return startPeer(t, (_path, body, request) => {
    const key = String(request.headers.authorization).replace('X-Dovecot-API ', '');
    if (Buffer.from(key, 'base64').toString() !== KEY) return { status: 401, body: '' };
    const commands = JSON.parse(body) as [string, { mask?: string[] }, string][];
    const answers = commands.map(([command, { mask }, tag]) => {
      if (command === 'who')
        return ['doveadmResponse', live.map((username) => ({ username, connections: '1', service: 'imap' })), tag];
      if (command === 'authCacheFlush') return ['doveadmResponse', [{ entries: '0' }], tag];
      if (mask?.[0] === 'left@mail.example') return ['error', { type: 'exitCode', exitCode: 68 }, tag];
      return ['doveadmResponse', [{ result: mask?.[0] }], tag];
    });
    return { status: 200, body: JSON.stringify(answers) };
  });
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
  const kamailio = await startKamailio(t, new Map([[parent.number, [{ id: 1 }, { id: 2, goneBefore: true }]]]));
  const powerdns = await startPowerdns(t);
  const doveadm = await startDoveadm(t, [
    'live@held.mail.example',
    'live@other.mail.example',
    'nobody',
    'who@x.example',
  ]);
  const env = {
    ABEYANCE_KAMAILIO_RPC: `${kamailio.url}/RPC`,
    ABEYANCE_POWERDNS_API: powerdns.url,
    ABEYANCE_POWERDNS_API_KEY: KEY,
    ABEYANCE_DOVEADM: doveadm.url,
    ABEYANCE_DOVEADM_KEY: KEY,
  };
  const ran = await kick([String(parent.number)], env);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /calls, registrations, mail sessions beneath it end\./);
  assert.match(ran.out, /kamailio at \S+: 2 registrations removed, 1 call ended$/m);
  assert.match(ran.out, /powerdns at \S+: 2 zones purged, 6 entries forgotten$/m);
  assert.match(ran.out, /dovecot at \S+: 1 user signed out$/m);
  assert.equal(kamailio.asked.filter((line) => line.includes('/unregister/')).length, 1);
  assert.ok(kamailio.asked.some((line) => line.includes('Reason: SIP;cause=403;text=\\"Account suspended\\"\\r\\n')));
  assert.deepEqual(powerdns.asked.map((line) => /domain=(\S+)/.exec(line)?.[1] ?? '').toSorted(), [
    '5.0.0.8.0.2.1.3.e164.arpa.',
    'held.example.',
  ]);
  assert.ok(
    doveadm.asked.every((line) => !line.includes('live@other')),
    'another held mailbox is not touched',
  );
  const json = await kick([String(parent.number), '--system', 'dovecot', '--json'], env);
  assert.equal((JSON.parse(json.out) as { outcomes: unknown[] }).outcomes.length, 1);
});

test('a profile that lets sessions finish leaves them until all is asked for, and nothing allowed is ever ended', async (t) => {
  const { operator, kick } = await makeStory(t);
  const { account } = operator.entities;
  const kamailio = await startKamailio(t, new Map([[account.number, [{ id: 1 }]]]));
  const env = { ABEYANCE_KAMAILIO_RPC: `${kamailio.url}/RPC` };
  const active = await kick([account.id, '--all'], env);
  assert.match(active.out, /is active: nothing of it denies/);
  const lift = await operator.hold(account.id, 'suspended');
  const finishing = await kick([account.id], env);
  assert.equal(finishing.code, 0);
  assert.match(finishing.out, /profile suspended lets sessions finish.*--all ends them/);
  assert.deepEqual(kamailio.asked, []);
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
  const kamailio = await startKamailio(t, new Map());
  const broken = await startPeer(t, () => ({ status: 200, body: '<html>' }));
  const doveadm = await startDoveadm(t, []);
  const env = {
    ABEYANCE_KAMAILIO_RPC: `${kamailio.url}/RPC, http://127.0.0.1:1/RPC, ${broken.url}/RPC`,
    ABEYANCE_DOVEADM: doveadm.url,
    ABEYANCE_DOVEADM_KEY: `${KEY}-wrong`,
  };
  const ran = await kick([account.id], env);
  assert.equal(ran.code, 6, ran.err);
  assert.match(ran.out, /2 registrations removed, 0 calls ended/);
  assert.match(ran.err, /kamailio at http:\/\/127\.0\.0\.1:1: .*cannot be reached/);
  assert.match(ran.err, /answered something that is no JSON/);
  assert.match(ran.err, /dovecot at .*refuses the key or the address \(401\)/);
  assert.ok(!`${ran.out}${ran.err}`.includes(KEY));
  assert.equal((await kick([account.id, '--system', 'dovecot'], env)).code, 1);
  const unset = await kick([account.id], {});
  assert.equal(unset.code, 2);
  assert.match(unset.err, /ABEYANCE_KAMAILIO_RPC/);
  const keyless = await kick([account.id], { ABEYANCE_DOVEADM: doveadm.url });
  assert.match(keyless.err, /ABEYANCE_DOVEADM_KEY is missing/);
  const withUser = await kick([account.id], { ABEYANCE_KAMAILIO_RPC: 'http://u:hidden@127.0.0.1/RPC' });
  assert.match(withUser.err, /must have no user and password/);
  assert.ok(!withUser.err.includes('hidden'));
});

test('above fifty zones everything is purged at once', async (t) => {
  const { operator, kick } = await makeStory(t);
  const { account } = operator.entities;
  const powerdns = await startPowerdns(t);
  const env = { ABEYANCE_POWERDNS_API: powerdns.url, ABEYANCE_POWERDNS_API_KEY: KEY };
  for (let index = 0; index < 51; index++)
    await operator.create('dns_zone', account.id, { name: `z${index}.example`, nameservers: ['ns.example'] });
  assert.match((await kick([account.id], env)).out, /all zones purged, 3 entries forgotten/);
  assert.deepEqual(powerdns.asked, ['PUT /api/v1/servers/localhost/cache/flush?domain=.']);
});
