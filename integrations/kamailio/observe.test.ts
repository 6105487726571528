/** Refusals told to Abeyance, and what becomes of SIP while nobody listens there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { DOMAIN } from '#test/operator.ts';
import { freePort } from '#test/real-server.ts';

import { CREDENTIALS, OTHER_DOMAIN, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

interface Batch {
  readonly source: string;
  readonly observations: readonly Readonly<Record<string, unknown>>[];
}

const got: { readonly batch: Batch; readonly key: string }[] = [];
const port = await freePort();
const listen = async (status: number | null): Promise<Server> => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (status === null) return; // It hangs.
      if (status === 202) got.push({ batch: JSON.parse(body) as Batch, key: String(request.headers.authorization) });
      response.writeHead(status).end();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};
const close = async (server: Server) => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
};
const observed = () => got.flatMap(({ batch }) => batch.observations);
const until = async (count: number) => {
  while (observed().length < count) await sleep(50);
};

const world = await makeSipWorld({ after });
const kamailio = await startKamailio({ after }, world.installation.connectionString, {
  observations_url: `http://127.0.0.1:${port}/v1/observations`,
  observations_key: 'key-of-the-proxy',
});
const phone = await kamailio.agent();
const alice = `alice@${DOMAIN}`;
const refused = async () => assert.equal((await phone.register(alice, CREDENTIALS('alice'))).code, 403);

test('each refusal is told with who, what, why and when; and nothing is lost while nobody listens', async () => {
  await world.hold(world.entities.account.id, 'fraud');
  for (let count = 0; count < 250; count++) await refused(); // More than fit one batch; nobody listens yet.
  const failing = await listen(503);
  await sleep(1500); // A tick of the reporter passes.
  await close(failing);
  const hanging = await listen(null);
  await sleep(1500); // Likewise: the reporter waits for an answer, and calls are refused meanwhile.
  for (let count = 0; count < 5; count++) await refused();
  assert.equal(
    (await phone.request('INVITE', { from: `carol@${OTHER_DOMAIN}`, to: alice, credentials: CREDENTIALS('carol') }))
      .code,
    403,
  );
  await close(hanging);
  const working = await listen(202);
  await until(256);
  const { at, ...first } = observed()[0] ?? {};
  assert.deepEqual(first, {
    subject: `sip:${alice}`,
    action: 'register',
    effect: 'deny',
    code: 403,
    count: 1,
    profile: 'fraud',
  });
  assert.ok(Math.abs(Date.parse(String(at)) - Date.now()) < 120_000, String(at));
  assert.equal(observed().filter(({ action }) => action === 'call.in').length, 1);
  assert.equal(observed().length, 256);
  assert.deepEqual([got[0]?.batch.source, got[0]?.key], ['kamailio-1', 'Bearer key-of-the-proxy']);
  await close(working);
});
