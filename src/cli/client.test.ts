import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { problemAnswer, startCannedServer } from './canned-server.ts';
import { entityPath, makeClient } from './client.ts';
import { ApiProblem, Interrupted, Unreachable } from './client-error.ts';

test('every write carries a key of its own, and reads carry none', async () => {
  const server = await startCannedServer({ 'POST /v1/accounts': { id: 'a' }, 'GET /v1/status': {} });
  try {
    const client = makeClient({ url: server.url, token: 'secret-token' });
    await client.post('/v1/accounts', { name: 'Acme' });
    await client.post('/v1/accounts', { name: 'Acme' });
    await client.get('/v1/status');
    const keys = server.asked.map(({ headers }) => headers['idempotency-key']);
    assert.match(String(keys[0]), /^[0-9a-f-]{36}$/);
    assert.notEqual(keys[0], keys[1]);
    assert.equal(keys[2], undefined);
    assert.equal(server.asked[0]?.headers.authorization, 'Bearer secret-token');
  } finally {
    await server.stop();
  }
});

test('a busy server is asked again with the same key, and any other refusal is thrown at once', async () => {
  const server = await startCannedServer({
    'POST /v1/accounts': (_asked, times) =>
      times === 1 ? problemAnswer(503, 'busy', 'Too much is going on.') : { id: 'a' },
    'POST /v1/resources': problemAnswer(422, 'invalid', 'kind: is missing', {
      errors: [{ field: 'kind', message: 'is missing' }],
      facts: { limit: 3 },
    }),
  });
  try {
    const client = makeClient({ url: server.url, token: null });
    assert.deepEqual(await client.post('/v1/accounts', {}), { id: 'a' });
    assert.equal(server.asked[0]?.headers['idempotency-key'], server.asked[1]?.headers['idempotency-key']);
    await assert.rejects(client.post('/v1/resources', {}), (error) => {
      assert.ok(error instanceof ApiProblem);
      assert.deepEqual([error.code, error.httpStatus, error.message], ['invalid', 422, 'kind: is missing']);
      assert.deepEqual(error.errors, [{ field: 'kind', message: 'is missing' }]);
      assert.deepEqual(error.facts, { limit: 3 });
      return true;
    });
    assert.equal(server.asked.length, 3);
  } finally {
    await server.stop();
  }
});

test('a connection that breaks before the answer is tried again with the same key', async () => {
  const keys: unknown[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key']);
    if (keys.length === 1) request.socket.destroy();
    else response.end('{"ok":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server has an address with a port
    assert.deepEqual(await makeClient({ url, token: null }).post('/v1/accounts', {}), { ok: true });
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('a list is read page by page to its end', async () => {
  const server = await startCannedServer({
    'GET /v1/entities': ({ path }) =>
      path.includes('cursor=7') ? { items: [3], next: null, total: null } : { items: [1, 2], next: '7', total: null },
  });
  try {
    assert.deepEqual(
      await makeClient({ url: server.url, token: null }).listAll('/v1/entities', { kind: 'account' }),
      [1, 2, 3],
    );
    assert.ok(server.asked.every(({ path }) => path.includes('kind=account')));
  } finally {
    await server.stop();
  }
});

test('lines are read as they come, wherever the pieces are torn', async () => {
  const server = await startCannedServer({
    'GET /v1/export': { status: 200, type: 'application/x-ndjson', text: '{"a":"é"}\r\n\n{"a":2}' },
  });
  try {
    const seen: unknown[] = [];
    for await (const line of makeClient({ url: server.url, token: null }).lines('GET', '/v1/export')) seen.push(line);
    assert.deepEqual(seen, [{ a: 'é' }, { a: 2 }]);
  } finally {
    await server.stop();
  }
});

test('a stream of events goes on after a lost connection where it was', async () => {
  const interruption = new AbortController();
  const server = await startCannedServer({
    'GET /v1/changes': (_asked, times) => ({
      status: 200,
      type: 'text/event-stream',
      text:
        times === 1
          ? ': alive\n\nid: e:1\nevent: change\ndata: {"n":\ndata: 1}\n\nid: e:9\ndata: torn'
          : 'id: e:2\ndata: {"n":2}\n\n',
    }),
  });
  try {
    const client = makeClient({ url: server.url, token: null, signal: interruption.signal });
    const seen: unknown[] = [];
    await assert.rejects(async () => {
      for await (const event of client.events('/v1/changes', {}, 'e:0')) {
        seen.push([event.id, event.event, JSON.parse(event.data)]);
        if (seen.length === 2) interruption.abort();
      }
    }, Interrupted);
    assert.deepEqual(seen, [
      ['e:1', 'change', { n: 1 }],
      ['e:2', 'message', { n: 2 }],
    ]);
    assert.deepEqual(
      server.asked.map(({ headers }) => headers['last-event-id']),
      ['e:0', 'e:1'],
    );
  } finally {
    await server.stop();
  }
});

test('whoever does not answer is unreachable, and the message says what helps', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`; // a TCP server has an address with a port
  try {
    const late = makeClient({ url, token: 'secret-token', timeoutMs: 50 });
    await assert.rejects(
      late.get('/v1/status'),
      (error) => error instanceof Unreachable && /did not answer within 0.05 seconds$/.test(error.message),
    );
    await assert.rejects(late.post('/v1/accounts', {}), /whether it was done is not known/);
  } finally {
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
  }
  await assert.rejects(makeClient({ url, token: 'secret-token' }).get('/v1/status'), (error) => {
    assert.ok(error instanceof Unreachable);
    assert.match(error.message, /nobody answers at http.*abeyance serve/);
    assert.ok(!error.message.includes('secret-token'));
    return true;
  });
});

test('an answer that is none of ours is told as such', async () => {
  const server = await startCannedServer({
    'GET /v1/status': { status: 200, type: 'text/html', text: '<html>' },
    'GET /readyz': { status: 302, type: 'text/html', text: '' },
  });
  try {
    const client = makeClient({ url: server.url, token: null });
    await assert.rejects(client.get('/v1/status'), /is this the address of Abeyance/);
    await assert.rejects(
      client.get('/readyz'),
      /answered 302 Found, which is no answer of Abeyance/,
      'a redirect is not followed: it would carry the token away',
    );
  } finally {
    await server.stop();
  }
});

test('an identifier is one part of the path, and the platform is its number', () => {
  assert.equal(entityPath('tel:+31208005100', '/holds'), '/v1/entities/tel%3A%2B31208005100/holds');
  assert.equal(entityPath('platform'), '/v1/entities/0');
});
