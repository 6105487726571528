/** The edge of the server, over real connections: headers, limits, origins, times, and what cannot be read. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';

import type { FastifyInstance } from 'fastify';

import { problem as problemSchema } from '#faces/native/schemas.ts';
import { NO_LIMITS, TOKEN, makeApp, testInstallation } from '#test/installation.ts';

import type { HttpSettings } from './http-settings.ts';

const installation = await testInstallation({ after: (work) => after(work) });
const { context } = installation;

async function makeServer(settings: Partial<HttpSettings> = {}): Promise<{ app: FastifyInstance; port: number }> {
  const app = await makeApp(context, { settings: { ...NO_LIMITS, ...settings } });
  after(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  return { app, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

const { app, port } = await makeServer();
const authorization = `Bearer ${TOKEN}`;

/** Sends bytes as they are and reads until the server ends the connection. */
async function raw(text: string | Buffer): Promise<{ status: number; head: string; body: string }> {
  const socket = connect({ port, host: '127.0.0.1' });
  let got = '';
  socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  const [head = '', body = ''] = got.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body };
}

test('every answer tells a browser to guess, embed and keep nothing, whatever it answers', async () => {
  const requests = [
    ['GET', '/healthz', 200],
    ['GET', '/v1/status', 200],
    ['GET', '/v1/nothing', 404],
    ['GET', '/nothing', 404],
    ['GET', '/v1/entities/%ZZ', 400],
    ['GET', `/v1/entities?q=${'x'.repeat(9_000)}`, 414],
    ['GET', `/v1/entities/${'x'.repeat(3_000)}`, 414],
    ['POST', '/v1/verify', 200],
    ['DELETE', '/v1/profiles/fraud', 403],
  ] as const;
  for (const [method, url, status] of requests) {
    const response = await app.inject({ method, url, headers: { authorization } });
    assert.equal(response.statusCode, status, `${url.slice(0, 50)} ${response.body}`);
    const { headers } = response;
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['strict-transport-security'], undefined, 'only with TLS');
    assert.equal(headers['access-control-allow-origin'], undefined, 'only with origins');
    assert.match(String(headers['abeyance-request-id']), /^[0-9a-f-]{36}$/);
    if (status >= 400) assert.equal(problemSchema.parse(response.json()).status, status);
  }
});

test('the stream of changes carries the same headers', async () => {
  const stop = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/v1/changes`, {
    headers: { authorization, accept: 'text/event-stream' },
    signal: stop.signal,
  });
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.match(response.headers.get('abeyance-request-id') ?? '', /^[0-9a-f-]{36}$/);
  stop.abort();
});

test('the pages of the documentation may run what they bring, and nothing else', async () => {
  const { headers, body } = await app.inject('/docs/');
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; script-src 'self';/);
  assert.doesNotMatch(policy, /script-src[^;]*unsafe/);
  assert.doesNotMatch(body, /<script>|<script [^>]*>\s*[^<\s]|\son\w+=/, 'no script stands in the page itself');
});

test('a request keeps the id that it brings, if that is one', async () => {
  for (const [given, isTaken] of [
    ['order-17.a:b_c', true],
    ['x'.repeat(64), true],
    ['x'.repeat(65), false],
    ['a b', false],
    ['<script>', false],
  ] as const) {
    const { headers } = await app.inject({ url: '/healthz', headers: { 'x-request-id': given } });
    assert.equal(headers['abeyance-request-id'] === given, isTaken, given);
  }
});

test('what is no request is refused as a problem, too', async () => {
  for (const [bytes, status, reason] of [
    ['this is no HTTP\r\n\r\n', 400, 'no HTTP'],
    [`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'headers too large'],
    ['GET /healthz HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n', 400, 'a header without a colon'],
    [
      'POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
      'two lengths',
    ],
    ['GET /\u0000 HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'a byte that no path has'],
  ] as const) {
    const answer = await raw(bytes);
    assert.equal(answer.status, status, reason);
    assert.equal(problemSchema.parse(JSON.parse(answer.body)).code, 'malformed', reason);
    assert.match(answer.head, /\r\nx-content-type-options: nosniff\r\n/);
  }
});

test('a body is nested 64 levels at the most, whatever stands in its texts', async () => {
  const send = (payload: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/decisions',
      payload,
      headers: { authorization, 'content-type': 'application/json' },
    });
  const nested = (levels: number) => `{"questions":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  assert.equal((await send(nested(64))).statusCode, 422, 'read, and judged');
  for (const levels of [65, 500_000]) {
    const response = await send(nested(levels));
    assert.deepEqual([response.statusCode, response.json<{ code: string }>().code], [400, 'malformed']);
    assert.match(response.body, /deeper than 64 levels/);
  }
  const text = JSON.stringify({ questions: [{ subject: `${'['.repeat(200)}\\"${'{'.repeat(200)}\\`, action: 'api' }] });
  assert.equal((await send(text)).statusCode, 200, 'brackets in a text nest nothing');
});

test('origins that are named may ask from their pages, others hear nothing of it', async () => {
  const { app: shared } = await makeServer({ corsOrigins: ['https://desk.example.com'] });
  const ask = (origin: string, method: 'GET' | 'OPTIONS') =>
    shared.inject({
      method,
      url: '/v1/status',
      headers: { origin, authorization, 'access-control-request-method': 'PATCH' },
    });
  const mine = await ask('https://desk.example.com', 'GET');
  assert.equal(mine.headers['access-control-allow-origin'], 'https://desk.example.com');
  assert.match(String(mine.headers['access-control-expose-headers']), /Abeyance-Revision/);
  assert.match(
    String((await ask('https://desk.example.com', 'OPTIONS')).headers['access-control-allow-methods']),
    /PATCH/,
  );
  for (const origin of [
    'https://evil.example',
    'http://desk.example.com',
    'https://desk.example.com.evil.example',
    'null',
  ])
    for (const method of ['GET', 'OPTIONS'] as const)
      assert.notEqual((await ask(origin, method)).headers['access-control-allow-origin'], origin, origin);
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/v1/status',
    headers: { origin: 'https://desk.example.com' },
  });
  assert.equal(preflight.statusCode, 404, 'without the setting nobody answers it');
});

test('a request that takes too long is answered as busy, and a stream is not', async () => {
  const { app: hasty } = await makeServer({ requestTimeoutMs: 300 });
  const holder = await installation.pool.connect();
  try {
    await holder.query('begin; select pg_advisory_xact_lock(4266601)');
    const response = await hasty.inject({
      method: 'POST',
      url: '/v1/accounts',
      payload: { name: 'Slow' },
      headers: { authorization },
    });
    assert.equal(response.statusCode, 503, response.body);
    assert.equal(problemSchema.parse(response.json()).code, 'busy');
    assert.equal(response.headers['retry-after'], '1');
  } finally {
    await holder.query('rollback');
    holder.release();
  }
});

test('a login has a share, and is told what is left of it and when to come again', async () => {
  const { app: narrow } = await makeServer({ rateLimit: 3 });
  const ask = () => narrow.inject({ url: '/v1/status', headers: { authorization } });
  for (const left of ['2', '1', '0']) {
    const { statusCode, headers } = await ask();
    assert.deepEqual([statusCode, headers['ratelimit-limit'], headers['ratelimit-remaining']], [200, '3', left]);
    assert.match(String(headers['ratelimit-reset']), /^\d+$/);
  }
  const refused = await ask();
  assert.equal(refused.statusCode, 429);
  assert.equal(problemSchema.parse(refused.json()).code, 'rate_limited');
  assert.match(String(refused.headers['retry-after']), /^\d+$/);
  assert.equal((await narrow.inject('/healthz')).statusCode, 200, 'monitoring is never counted');
  assert.equal((await narrow.inject('/v1/status')).statusCode, 401, 'others are not touched');
});

test('an address that does not say who it is has a share of its own; whoever has a token is not hindered by it', async () => {
  const { app: narrow } = await makeServer({ rateLimitAddress: 2, trustedProxies: ['127.0.0.0/8'] });
  const ask = (address: string, token = 'wrong', url = '/v1/status') =>
    narrow.inject({ url, headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': address } });
  assert.equal((await ask('192.0.2.1')).statusCode, 401);
  assert.equal((await ask('192.0.2.1', 'wrong', '/nothing')).statusCode, 404);
  const refused = await ask('192.0.2.1');
  assert.equal(refused.statusCode, 429);
  assert.equal(problemSchema.parse(refused.json()).code, 'rate_limited');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal((await ask('192.0.2.1', 'wrong', '/docs/')).statusCode, 429);
  assert.equal((await ask('192.0.2.1', TOKEN)).statusCode, 200);
  assert.equal((await ask('192.0.2.2')).statusCode, 401, 'another address behind the same proxy');
});

test('an address is believed from a trusted proxy only', async () => {
  const { app: narrow } = await makeServer({ rateLimitAddress: 1 });
  const ask = (address: string) => narrow.inject({ url: '/v1/status', headers: { 'x-forwarded-for': address } });
  assert.equal((await ask('192.0.2.1')).statusCode, 401);
  assert.equal((await ask('192.0.2.2')).statusCode, 429, 'who makes up addresses is still one');
});

test('a server that stops answers as a problem', async () => {
  const stopping = new AbortController();
  const server = await makeApp(context, { stopping: stopping.signal });
  stopping.abort();
  const response = await server.inject({ url: '/v1/status', headers: { authorization } });
  assert.deepEqual([response.statusCode, problemSchema.parse(response.json()).code], [503, 'unavailable']);
  assert.equal(response.headers['connection'], 'close');
  await server.close();
});
