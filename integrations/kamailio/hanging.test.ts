/** A database that neither answers nor refuses: frozen on its way to the real Kamailio. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { DOMAIN } from '#test/operator.ts';
import { freePort } from '#test/real-server.ts';
import { SipAgent, type SipMessage } from '#test/sip-agent.ts';

import { CREDENTIALS, TRUNK, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const world = await makeSipWorld({ after });
const real = new URL(world.installation.connectionString);

/** Between Kamailio and the database: while it is frozen, connections are taken and nothing passes. */
let isFrozen = false;
const ends = new Set<Socket>();
const between = createServer((client) => {
  const server = connect(Number(real.port), real.hostname);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    ends.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.on('data', (data) => void (isFrozen || to.write(data)));
  }
});
const port = await freePort();
between.listen(port, '127.0.0.1');
await once(between, 'listening');
after(() => {
  for (const end of ends) end.destroy();
  between.close();
});
const frozen = new URL(real);
frozen.port = String(port);

const psap = await SipAgent.open({ after }, 1);
const kamailio = await startKamailio({ after }, frozen.href, {
  emergency_route: `sip:${psap.at}`,
  database_timeout: '1',
});
psap.sendTo(kamailio.port);
const [phone, trunk] = [await kamailio.agent(), await kamailio.agent(TRUNK)];
const alice = `alice@${DOMAIN}`;
const register = () => phone.register(alice, CREDENTIALS('alice'));
const codes = async (asked: readonly Promise<SipMessage>[]) => (await Promise.all(asked)).map(({ code }) => code);

test('while the database hangs, calls are refused at once and emergency calls pass; then it recovers', async () => {
  assert.equal((await register()).code, 200);
  while (!JSON.stringify(await kamailio.rpc('htable.dump', 'peer')).includes(TRUNK)) await sleep(50);
  isFrozen = true;
  // Every worker asks and is blocked once.
  const blocked = codes(Array.from({ length: 6 }, () => trunk.request('INVITE', { to: alice })));
  assert.deepEqual(
    await blocked,
    Array.from({ length: 6 }, () => 503),
  );
  // From here on nobody asks: many more requests than there are workers are answered by the state that the watch keeps.
  const many = [...Array.from({ length: 40 }, () => trunk.request('INVITE', { to: alice })), register()];
  const emergency = trunk.request('INVITE', { to: `112@127.0.0.1:${kamailio.port}` });
  assert.deepEqual([...new Set(await codes(many))], [503]);
  assert.equal((await emergency).code, 200);
  assert.equal((await phone.request('INVITE', { from: alice, to: `112@${DOMAIN}` })).code, 200);
  isFrozen = false;
  for (const end of ends) end.destroy(); // What was lost on the way does not come back.
  while ((await register()).code === 503) await sleep(100);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200);
});

test('while a table is locked, who calls an emergency service does not wait behind those who are asked about', async () => {
  const client = await world.installation.pool.connect();
  await client.query('begin; lock table hold in access exclusive mode');
  const asked = Array.from({ length: 30 }, () => trunk.request('INVITE', { to: alice }));
  await sleep(500);
  const emergency = trunk.request('INVITE', { to: `112@127.0.0.1:${kamailio.port}` });
  assert.equal((await emergency).code, 200);
  assert.deepEqual([...new Set(await codes(asked))], [503]);
  await client.query('rollback');
  client.release();
  while ((await register()).code === 503) await sleep(100);
  assert.equal((await trunk.request('INVITE', { to: alice })).code, 200);
});
