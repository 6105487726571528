/** The three ways to a server, what travels on them, and what is said when they break. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';

import { FIRST, SECOND } from '#test/certificates.ts';

import { writeDocument } from './document.ts';
import { BroadworksFailure, LostAnswer, makeRedact } from './failure.ts';
import { listGroups, listProviders, listUsers } from './lists.ts';
import { LogIn } from './log-in.ts';
import { Session } from './session.ts';
import { type BroadworksSimulator, SIMULATED, type SimulatorOptions, startBroadworks } from './simulator.ts';
import { logoutText } from './simulator-wire.ts';
import { makeSubscriber } from './simulator-world.ts';
import { connectStream } from './stream-transport.ts';
import { Target, driverFor, profileOf } from './target-for-test.ts';

const SUSPENDED = [profileOf('suspended')];
const WAYS: readonly SimulatorOptions[] = [
  { transport: 'tcp' },
  { transport: 'tls', tls: FIRST },
  { transport: 'soap' },
  { transport: 'soap', tls: FIRST },
];
const nameOf = ({ transport, tls }: SimulatorOptions) =>
  `${transport}${transport === 'soap' && tls ? ' over TLS' : ''}`;

async function start(t: TestContext, options: SimulatorOptions, settings = {}) {
  const simulator = await startBroadworks(options);
  const driver = driverFor(simulator, { ca: FIRST.cert, ...settings });
  t.after(async () => {
    await driver.close?.();
    await simulator.stop();
  });
  const add = (reference: string) => {
    simulator.world.subscribers.set(reference, makeSubscriber());
    return new Target(driver, reference);
  };
  return { simulator, driver, add };
}

for (const way of WAYS) {
  for (const encoding of ['ascii', 'UTF-8', 'ISO-8859-1'] as const)
    test(`names beyond ASCII pass ${nameOf(way)} when the server writes ${encoding}`, async (t) => {
      const { simulator, add } = await start(t, { ...way, knobs: { encoding } });
      const target = add('Société <&> "x"/Zürich – 1'.replace('–', encoding === 'ISO-8859-1' ? '·' : '–'));
      const group = [...simulator.world.subscribers.values()][0] ?? assert.fail();
      group.settings.set('audioFileDescription', 'Begrüßung');
      assert.equal((await target.tell(SUSPENDED)).type, 'done');
      assert.equal(group.settings.get('isActive'), 'true');
      assert.match(JSON.stringify(target.kept), /"Begrüßung"/);
      const bob = new Target(driverFor(simulator, { ca: FIRST.cert }), 'x/Ünbekannt');
      const outcome = await bob.tell(SUSPENDED);
      assert.equal(outcome.type === 'never' && outcome.detail, 'Group not found: Ünbekannt');
    });

  test(`a log-in that the server ended is made anew over ${nameOf(way)}`, async (t) => {
    const { simulator, add } = await start(t, way);
    const target = add('acme-voice/Antwerp');
    await target.tell(SUSPENDED);
    simulator.knobs.logOutIn = 1;
    const outcome = await target.tell([]);
    if (way.transport !== 'soap') {
      // Nobody knows whether the write came first.
      assert.equal(outcome.type, 'unknown');
      assert.equal((await target.tell([])).type, 'done');
    } else assert.equal(outcome.type, 'done');
    assert.equal(simulator.world.logIns, 2);
  });

  test(`a lost answer is unknown over ${nameOf(way)}, and a server that is not there is not`, async (t) => {
    const { simulator, add } = await start(t, way);
    const target = add('acme-voice/Antwerp');
    Object.assign(simulator.knobs, { loseReply: 1, onlyWrites: true });
    assert.equal((await target.tell(SUSPENDED)).type, 'unknown');
    simulator.knobs.loseReply = 0;
    assert.equal((await target.tell(SUSPENDED)).type, 'done');
    assert.equal([...simulator.world.subscribers.values()][0]?.writes, 1);
    simulator.knobs.isDown = true;
    simulator.knobs.onlyWrites = false;
    assert.equal((await target.tell([])).type, 'later', 'in doubt it reads first');
    await simulator.stop();
    assert.equal((await target.tell([])).type, 'later', 'nothing was sent');
  });

  test(`a write that is slower than its time is unknown over ${nameOf(way)}`, async (t) => {
    const { simulator, add } = await start(t, way);
    const target = add('acme-voice/Antwerp');
    Object.assign(simulator.knobs, { latencyMs: 60_000, onlyWrites: true });
    const outcome = await target.tell(SUSPENDED, { timeoutMs: 300 });
    assert.ok(outcome.type === 'unknown');
    assert.equal(outcome.code, 'timeout');
    simulator.knobs.latencyMs = 0;
    assert.equal((await target.tell(SUSPENDED)).type, 'done');
  });
}

test('a certificate that nobody vouches for is refused before anything is sent', async (t) => {
  for (const way of WAYS.filter(({ tls }) => tls !== undefined)) {
    const { simulator, add } = await start(t, { ...way, tls: SECOND });
    const outcome = await add('acme-voice/Antwerp').tell(SUSPENDED);
    assert.equal(outcome.type === 'later' && outcome.code, 'unreachable');
    assert.deepEqual(simulator.log, []);
  }
});

test('a connection that is dropped before the log-in points to the access list', async (t) => {
  const { add } = await start(t, { knobs: { isStranger: true } });
  const outcome = await add('acme-voice/Antwerp').tell(SUSPENDED);
  assert.match(String(outcome.type === 'later' && outcome.detail), /access list/);
});

test('a SOAP address that leads elsewhere needs a person', async (t) => {
  const { simulator, add } = await start(t, { transport: 'soap' });
  const elsewhere = createServer((socket) =>
    socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno'),
  );
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  t.after(() => elsewhere.close());
  const { port } = elsewhere.address() as AddressInfo; // It listens on TCP.
  add('acme-voice/Antwerp');
  const target = new Target(
    driverFor(simulator, { url: `http://127.0.0.1:${port}/OCIOverSoap/` }),
    'acme-voice/Antwerp',
  );
  const outcome = await target.tell(SUSPENDED);
  assert.equal(outcome.type === 'never' && outcome.code, 'unavailable');
});

function sessionTo(simulator: BroadworksSimulator, t: TestContext): Session {
  const redact = makeRedact([]);
  const place = { transport: 'tcp', host: '127.0.0.1', port: simulator.port } as const;
  const session = new Session({
    place,
    userId: SIMULATED.userId,
    family: 'auto',
    logIn: new LogIn(SIMULATED, ['two-step'], redact),
  });
  t.after(() => session.close());
  return session;
}

test('sixteen commands travel in two documents, and answers are matched by their places', async (t) => {
  const simulator = await startBroadworks();
  t.after(() => simulator.stop());
  const session = sessionTo(simulator, t);
  const groups = Array.from({ length: 16 }, (_, index) => `G${index}`);
  for (const [index, group] of groups.entries())
    simulator.world.subscribers.set(`p/${group}`, { ...makeSubscriber(), isAssigned: index % 3 === 0 });
  const answers = await session.read(
    groups.map((group) => ({
      type: 'GroupServiceIsAssignedRequest',
      parts: [
        ['serviceProviderId', 'p'],
        ['groupId', group],
        ['serviceName', 'Intercept Group'],
      ],
    })),
    { timeoutMs: 5_000 },
  );
  assert.deepEqual(
    answers.map(({ element }) => element.children[0]?.text),
    groups.map((_, index) => String(index % 3 === 0)),
  );
  assert.equal(simulator.log.filter((text) => text.includes('IsAssigned')).length, 2);
});

test('lists are found by their headings, and the users of a group by its id with a capital', async (t) => {
  const simulator = await startBroadworks();
  t.after(() => simulator.stop());
  for (const id of ['acme-voice/Antwerp', 'acme-voice/Zürich', 'other-voice/Antwerp', 'alice@as.example'])
    simulator.world.subscribers.set(id, makeSubscriber());
  const desk = { session: sessionTo(simulator, t), options: { timeoutMs: 5_000 }, redact: makeRedact([]) };
  assert.deepEqual(await listProviders(desk), ['acme-voice', 'other-voice']);
  assert.deepEqual(await listGroups(desk, 'acme-voice'), ['Antwerp', 'Zürich']);
  assert.deepEqual(await listGroups(desk, 'nobody'), []);
  assert.deepEqual(await listUsers(desk, 'acme-voice', 'Antwerp'), ['alice@as.example']);
  assert.match(simulator.log.at(-1) ?? '', /<GroupId>Antwerp</);
});

/** A server that answers whatever it is told to. */
async function serveBytes(t: TestContext, answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {}); // We hang up on it.
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port; // It listens on TCP.
}

test('whatever a server sends, one exchange ends, and says nothing that was sent', async (t) => {
  const frame = (body: string) =>
    `<BroadsoftDocument protocol="OCI" xmlns="C" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${body}</BroadsoftDocument>`;
  const cases: readonly (readonly [string, string])[] = [
    ['<!DOCTYPE a [<!ENTITY hunter2 "x">]></BroadsoftDocument>', 'entities'],
    [frame('<a>'.repeat(60) + 'hunter2' + '</a>'.repeat(60)), 'depth'],
    ['<hunter2></BroadsoftDocument>', 'no document'],
    [frame('<command xsi:type="e:SuccessResponse" xmlns:e="urn:hunter2" xmlns=""/>'), 'a foreign namespace'],
    [frame('<command xmlns=""/>') + frame('<command xmlns=""/>'), 'answers without a type'],
    ['hunter2', 'half a document, then the end'],
  ];
  for (const [bytes, reason] of cases) {
    const port = await serveBytes(t, (socket) => socket.end(bytes));
    const transport = await connectStream({ transport: 'tcp', host: '127.0.0.1', port });
    await assert.rejects(
      transport.exchange(writeDocument('s', [{ type: 'X', parts: [] }]), { timeoutMs: 5_000 }),
      (error) => error instanceof LostAnswer && !error.message.includes('hunter2'),
      reason,
    );
    assert.equal(transport.isAlive, false);
  }
});

test('a document without an end is given up at sixteen mebibytes', async (t) => {
  const chunk = 'x'.repeat(1_048_576);
  const port = await serveBytes(t, (socket) => {
    for (let sent = 0; sent < 20; sent += 1) socket.write(chunk);
  });
  const transport = await connectStream({ transport: 'tcp', host: '127.0.0.1', port });
  await assert.rejects(transport.exchange('<x/>', { timeoutMs: 30_000 }), /more than 16777216 bytes/);
});

test('a log-out by the server is no answer', async (t) => {
  const port = await serveBytes(t, (socket) => socket.write(logoutText('abeyance')));
  const transport = await connectStream({ transport: 'tcp', host: '127.0.0.1', port });
  await assert.rejects(
    transport.exchange('<x/>', { timeoutMs: 5_000 }),
    (error) => error instanceof LostAnswer && error.code === 'session',
  );
  assert.equal(transport.isAlive, false);
});

test('an answer that nobody asked for ends the connection', async (t) => {
  const answer = '<BroadsoftDocument protocol="OCI" xmlns="C"><sessionId xmlns="">s</sessionId></BroadsoftDocument>';
  const port = await serveBytes(t, (socket) => socket.write(answer + answer));
  const transport = await connectStream({ transport: 'tcp', host: '127.0.0.1', port });
  await transport.exchange('<x/>', { timeoutMs: 5_000 });
  assert.equal(transport.isAlive, false);
  await assert.rejects(transport.exchange('<x/>', { timeoutMs: 5_000 }), BroadworksFailure);
});
