/** Requests of many at once through the few processes of the real Kamailio: each refusal belongs to who asked. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { DOMAIN } from '#test/operator.ts';
import { freePort } from '#test/real-server.ts';
import { headerOf } from '#test/sip-agent.ts';

import { CREDENTIALS, makeSipWorld, startKamailio } from './kamailio-fixture.ts';

const REQUESTS = 2000;
const AT_ONCE = 40;
/** Subscribers and peers of each kind of standing. */
const EACH = 6;

const observed: { subject: string; action: string; profile?: string }[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    observed.push(...(JSON.parse(body) as { observations: typeof observed }).observations);
    response.writeHead(202).end();
  });
});
const port = await freePort();
server.listen(port, '127.0.0.1');
await once(server, 'listening');
after(() => void server.close());

const world = await makeSipWorld({ after });
const kamailio = await startKamailio({ after }, world.installation.connectionString, {
  observations_url: `http://127.0.0.1:${port}/v1/observations`,
});

test('two thousand calls, messages and registrations at once: every refusal names its own subject and hold', async () => {
  const hold = async (id: string, profile: string) => {
    await world.admin('PUT', `/v1/profiles/${profile}`, {
      denied: ['register', 'call.out', 'call.in', 'message.out'],
      refusal: { text: `Held ${profile} “ß” $ci` },
    });
    await world.hold(id, profile);
  };
  const [callee, heldCallee] = [await kamailio.agent(), 'held-callee'];
  assert.equal((await callee.register(`bob@${DOMAIN}`, CREDENTIALS('bob'))).code, 200);
  await hold((await world.subscriber(heldCallee, world.domain)).id, 'p-callee');
  const askers: {
    agent: typeof callee;
    from: string;
    credentials?: ReturnType<typeof CREDENTIALS>;
    subject: string;
    held: string | null;
  }[] = [];
  for (let n = 0; n < EACH * 4; n++) {
    const held = n % 2 === 0 ? `p-${n}` : null;
    const address = `127.0.1.${n + 1}`;
    const isPeer = n >= EACH * 2;
    const user = `user${n}`;
    const { id } = isPeer
      ? await world.create('trusted_peer', world.entities.other.id, { address, transit: true })
      : await world.subscriber(user, world.domain);
    if (held !== null) await hold(id, held);
    askers.push({
      agent: await kamailio.agent(address),
      from: `${user}@${DOMAIN}`,
      ...(isPeer ? {} : { credentials: CREDENTIALS(user) }),
      subject: isPeer ? `ip:${address}` : `sip:${user}@${DOMAIN}`,
      held,
    });
  }
  const expected: string[] = [];
  const ask = async (n: number) => {
    const asker = askers[n % askers.length];
    assert.ok(asker !== undefined);
    const { agent, from, credentials, subject, held } = asker;
    const kind = Math.floor(n / askers.length) % 3;
    const isToHeld = kind === 0 && n % 5 === 0;
    const [method, action] = (
      [
        ['INVITE', 'call.out'],
        ['MESSAGE', 'message.out'],
        ['REGISTER', 'register'],
      ] as const
    )[credentials === undefined && kind === 2 ? 0 : kind] ?? ['INVITE', 'call.out'];
    const to = method === 'REGISTER' ? from : `${isToHeld ? heldCallee : 'bob'}@${DOMAIN}`;
    const answer = await agent.request(method, { from, to, ...(credentials === undefined ? {} : { credentials }) });
    const by = held ?? (isToHeld ? 'p-callee' : null);
    const shown = `${method} of ${subject} to ${to}`;
    assert.equal(answer.code, by === null ? 200 : 403, shown);
    assert.equal(headerOf(answer, 'Reason'), by === null ? '' : `SIP;cause=403;text="${by}"`, shown);
    if (by === null) return;
    assert.equal(answer.words, `Held ${by} “ß” $ci`);
    expected.push(held === null ? `call.in sip:${heldCallee}@${DOMAIN} ${by}` : `${action} ${subject} ${by}`);
  };
  let next = 0;
  const line = async () => {
    for (let n = next++; n < REQUESTS; n = next++) await ask(n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
  while (observed.length < expected.length) await sleep(50);
  const told = observed.map(({ action, subject, profile }) => `${action} ${subject} ${profile}`);
  assert.deepEqual(told.toSorted(), expected.toSorted());
  assert.ok(expected.length > REQUESTS / 3, String(expected.length));
});

test('a profile redirects only to what can be nothing but a SIP address, and announces only what is a name', async () => {
  const agent = await kamailio.agent();
  await kamailio.rpc('cfg.set_now_string', 'abeyance', 'media_server', '127.0.0.1:9');
  const mallory = await world.subscriber('mallory', world.domain);
  const asked = { from: `mallory@${DOMAIN}`, to: `bob@${DOMAIN}`, credentials: CREDENTIALS('mallory') };
  let lift = async () => {};
  for (const [n, redirect] of [
    'sip:a@b>\r\nX-Evil: 1',
    'sip:a@b>, <sip:c@d',
    'sip:a@b\nVia: x',
    'http://pay.example',
    'javascript:x',
    `sip:${'x'.repeat(300)}@b`,
    'sip:$(ru)"@b',
    '',
  ].entries()) {
    await lift();
    const made = await world.admin('PUT', `/v1/profiles/hostile-${n}`, {
      intercepted: ['call.out'],
      refusal: { text: 'Call us', announcement: `x@evil:${n}` },
      systems: { kamailio: { redirect } },
    });
    if (made.status >= 400) continue; // It is not even taken.
    lift = await world.hold(mallory.id, `hostile-${n}`);
    const answer = await agent.request('INVITE', asked);
    assert.deepEqual([answer.code, answer.words], [403, 'Call us'], redirect);
    assert.doesNotMatch(answer.text, /evil/i);
  }
  for (const text of ['Two\r\nX: lines', 'A\u0000B', 'x'.repeat(256)]) {
    const refused = await world.admin('PUT', '/v1/profiles/hostile', { denied: ['call.out'], refusal: { text } });
    assert.ok([400, 422].includes(refused.status), text);
  }
});
