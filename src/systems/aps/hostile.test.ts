/** Endpoints that answer anything at all. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';

import fc from 'fast-check';

import type { Outcome } from '#systems/system.ts';

import { readAnswer } from './answer.ts';
import { makeApsDriver } from './aps.ts';
import { FOREIGN_TEXT_MAX, makeCleaner } from './foreign-text.ts';
import { HELD, OAUTH_KEY, OAUTH_SECRET, makeTarget, systemFor } from './target-for-test.ts';

/** What came of a disable that is answered with these bytes. */
async function answeredWith(t: TestContext, bytes: string | Buffer, isCut = true): Promise<Outcome> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => (isCut ? socket.end(bytes) : void socket.write(bytes)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  const system = systemFor(`http://127.0.0.1:${port}/ext`);
  const driver = makeApsDriver(system);
  t.after(async () => {
    await driver.close?.();
    server.close();
  });
  const outcome = await makeTarget(driver, system).tell(HELD, { timeoutMs: 1_000 });
  assert.ok(outcome !== null);
  assertFit(outcome);
  return outcome;
}

/** Nothing that is shown or stored holds a credential, a control character or a flood. */
function assertFit(outcome: Outcome): void {
  const { kept: _kept, ...shown } = { kept: null, ...outcome };
  const text = JSON.stringify(shown);
  assert.ok(!text.includes(OAUTH_SECRET) && !text.includes(OAUTH_KEY), 'a credential is shown');
  for (const value of Object.values(shown))
    if (typeof value === 'string') assert.doesNotMatch(value, /[\p{Cc}\u2028\u202e]/u);
  assert.ok(text.length < 2 * FOREIGN_TEXT_MAX + 600, `${text.length} characters`);
}

function http(status: string, headers: Readonly<Record<string, string>>, body: string): string {
  const all = { 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`;
}

const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
const nested = `{"message":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`;

for (const [reason, bytes, wanted] of [
  ['a page of a proxy', http('502 Bad Gateway', {}, '<html>no</html>'), 'later unavailable'],
  ['a page of a proxy that says 404', http('404 Not Found', {}, '<html>no</html>'), 'never refused'],
  ['an empty answer', http('200 OK', {}, ''), 'done'],
  ['no JSON, yet 200', http('200 OK', {}, 'fine'), 'done'],
  ['an unknown success', http('206 Partial Content', {}, '{}'), 'never refused'],
  ['201, which no disable may answer', http('201 Created', {}, '{}'), 'never refused'],
  ['lists a hundred thousand deep', http('500 Oops', {}, deep), 'later endpoint_failed'],
  ['objects five thousand deep', http('500 Oops', {}, nested), 'later endpoint_failed'],
  ['an error without a number', http('200 OK', {}, '{"error":"Nope","message":"not today"}'), 'later endpoint_failed'],
  ['an error of a resource', http('200 OK', {}, '{"error":"none","aps":{}}'), 'done'],
  ['a number that is no code of HTTP', http('200 OK', {}, '{"code":4711}'), 'never refused'],
  ['another spelling of the code', http('200 OK', {}, '{"status_code":409,"message":"is disabled"}'), 'never drift'],
  ['a code below 400', http('200 OK', {}, '{"code":0}'), 'done'],
  [
    'a vendor platform',
    http('406 Not Acceptable', {}, '{"error":"E","message":"m","http_request":"PUT"}'),
    'never refused',
  ],
  [
    'a name that belongs to every object',
    http('500 Oops', {}, '{"__proto__":{"message":"x"},"message":{}}'),
    'later endpoint_failed',
  ],
  ['a time-out without a number', http('202 Accepted', { 'APS-Retry-Timeout': 'soon' }, '{}'), 'waiting 30000'],
  ['a time-out below all', http('202 Accepted', { 'APS-Retry-Timeout': '-5' }, '{}'), 'waiting 1000'],
  ['a time-out beyond all', http('202 Accepted', { 'aps-retry-timeout': '1e99' }, '{}'), 'waiting 600000'],
  ['an endless one', http('202 Accepted', { 'aps-retry-timeout': 'Infinity' }, '{}'), 'waiting 30000'],
  ['patience for years', http('503 Busy', { 'Retry-After': '999999999' }, ''), 'later unavailable 3600000'],
  [
    'patience until yesterday',
    http('429 Slow', { 'Retry-After': 'Thu, 01 Jan 1970 00:00:00 GMT' }, ''),
    'later overloaded 0',
  ],
  ['409 that is the opposite', http('409 Conflict', {}, '{"error":"AlreadyReady"}'), 'never refused'],
  ['a transient 500 by hand', http('500 Oops', { 'Aps-Transient-error': ' false ' }, '{}'), 'never not_transient'],
  ['a redirect', http('307 There', { Location: 'http://127.0.0.1:1/' }, ''), 'never redirected'],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'unknown no_reply'],
  ['a header without end', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}`, 'unknown no_reply'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}', 'unknown no_reply'],
  ['half of what was announced', http('200 OK', { 'Content-Length': '999' }, '{}'), 'unknown no_reply'],
  ['nothing', '', 'unknown no_reply'],
  ['another protocol', 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', 'unknown no_reply'],
  ['more than anybody reads', http('200 OK', {}, 'x'.repeat(2_000_000)), 'unknown no_reply'],
  [
    'our own secret',
    http('500 Oops', {}, JSON.stringify({ message: `key ${OAUTH_SECRET} is bad` })),
    'later endpoint_failed',
  ],
  [
    'text that turns around',
    http('500 Oops', {}, JSON.stringify({ message: 'a\u202eb\u001b[31mc\r\nSet-Cookie: x\u0000' })),
    'later endpoint_failed',
  ],
  [
    'a flood',
    http('500 Oops', {}, JSON.stringify({ message: `<b>${'long '.repeat(50_000)}` })),
    'later endpoint_failed',
  ],
] as const)
  test(`an answer is read for what it is: ${reason}`, async (t) => {
    const outcome = await answeredWith(t, bytes);
    const code = 'code' in outcome ? ` ${outcome.code}` : '';
    const wait = 'pollAfterMs' in outcome ? ` ${outcome.pollAfterMs}` : '';
    const asked = 'afterMs' in outcome && outcome.type === 'later' ? ` ${outcome.afterMs}` : '';
    assert.equal(`${outcome.type}${code}${wait}${asked}`, wanted);
  });

test('silence ends in time, and may have acted', async (t) => {
  assert.equal((await answeredWith(t, 'HTTP/1.1 200 OK\r\n', false)).type, 'unknown');
  const system = systemFor('http://127.0.0.1:1/ext');
  const driver = makeApsDriver(system);
  const outcome = await makeTarget(driver, system).tell(HELD);
  assert.ok(outcome?.type === 'later' && outcome.code === 'unreachable', 'nobody there: nothing was sent');
  const given = await makeTarget(driver, system).tell(HELD, { signal: AbortSignal.abort() });
  assert.equal(given?.type, 'later');
  await driver.close?.();
});

test('whatever is answered, it is read, and nothing unfit is shown', () => {
  const clean = makeCleaner({ oauthKey: OAUTH_KEY, oauthSecret: OAUTH_SECRET });
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(OAUTH_SECRET, OAUTH_KEY, '\u202e', '\u0007', '\n', '-----BEGIN RSA PRIVATE KEY-----'),
  );
  const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, text, fc.integer(), fc.constant(null), tie('object')),
    object: fc.dictionary(
      fc.constantFrom('code', 'status_code', 'error', 'message', 'type', 'aps', '__proto__'),
      tie('value'),
    ),
  }));
  const body = fc.oneof(
    text,
    fc.oneof(json.object, json.value).map((value) => JSON.stringify(value)),
  );
  const header = fc.option(text, { nil: undefined });
  const headers = fc.record({
    'aps-info': header,
    'aps-retry-timeout': header,
    'retry-after': header,
    'aps-transient-error': header,
  });
  const verb = fc.constantFrom('provision' as const, 'configure', 'disable', 'enable', 'unprovision');
  const context = { clean, instanceId: 'i', nowMs: 0 };
  fc.assert(
    fc.property(verb, fc.integer({ min: 200, max: 599 }), headers, body, (told, status, given, said) => {
      const answer = readAnswer(told, { type: 'answer', status, headers: { ...given }, text: said }, context);
      const shown = JSON.stringify(answer);
      assert.ok(!shown.includes(OAUTH_SECRET) && !shown.includes(OAUTH_KEY));
      for (const value of Object.values(answer))
        if (typeof value === 'string') assert.doesNotMatch(value, /[\p{Cc}\u2028\u202e]/u);
      if (answer.type === 'running') assert.ok(answer.afterMs >= 1_000 && answer.afterMs <= 600_000);
      if (answer.type === 'failed' && answer.afterMs !== undefined)
        assert.ok(answer.afterMs >= 0 && answer.afterMs <= 3_600_000);
      if (answer.type === 'done') assert.ok([200, 201, 204, 405].includes(status));
    }),
    { numRuns: 2_000 },
  );
});

test('a credential is hidden though the cut goes through it', () => {
  const clean = makeCleaner({
    oauthSecret: OAUTH_SECRET,
    controllerKey: `-----BEGIN X-----\n${'A1b2'.repeat(16)}\n-----END X-----`,
  });
  for (let before = FOREIGN_TEXT_MAX - 30; before <= FOREIGN_TEXT_MAX + 2; before += 1) {
    const shown = clean(`${'.'.repeat(before)}${OAUTH_SECRET}`);
    for (let length = 6; length <= 24; length += 1) assert.ok(!shown.includes(OAUTH_SECRET.slice(0, length)));
  }
  assert.ok(!clean(`bad key ${'A1b2'.repeat(16)}`).includes('A1b2A1b2'));
  assert.equal(clean('ends in -----BEGIN RSA PRIVATE KEY----- MIIE'), 'ends in (hidden)');
});
