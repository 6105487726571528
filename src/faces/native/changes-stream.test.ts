/** The stream of changes: it sends what is committed, resumes after the last id, and ends with the server. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';

import { TOKEN, makeApp, testInstallation } from '#test/installation.ts';

import { CheckedClient } from '#test/checked-client.ts';

const installation = await testInstallation({ after: (work) => after(work) });
const client = await CheckedClient.of(installation.app);
const stopping = new AbortController();
const server = await makeApp(installation.context, { stopping: stopping.signal });
await server.listen({ host: '127.0.0.1', port: 0 });
after(async () => {
  stopping.abort();
  await server.close();
});
const { port } = server.server.address() as AddressInfo; // It listens on TCP.

interface Event {
  readonly id: string;
  readonly change: { readonly revision: number; readonly kind: string; readonly entity: string | null };
}

/** Opens the stream and hands out its events one by one; `null` at its end. */
async function open(query: string, headers: Readonly<Record<string, string>> = {}) {
  const aborter = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/v1/changes${query}`, {
    headers: { authorization: `Bearer ${TOKEN}`, accept: 'text/event-stream', ...headers },
    signal: aborter.signal,
  });
  const reader = (response.body ?? assert.fail('no body')).pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<Event | null> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const value = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = value('data');
        if (data === undefined) continue; // A sign of life.
        assert.equal(value('event'), 'change');
        return { id: value('id') ?? '', change: JSON.parse(data) as Event['change'] };
      }
      const { value, done } = await reader.read();
      if (done) return null;
      text += value;
    }
  };
  return { response, next, close: () => aborter.abort() };
}

const create = (name: string) => client.done('POST', '/v1/accounts', { name });
const head = async () => Number((await client.done('GET', '/v1/status'))['revision']);

test('changes that are there come first, then those that are made, each once', async () => {
  const from = await head();
  const first = await create('First');
  const stream = await open(`?after=${from}`);
  assert.equal(stream.response.status, 200);
  assert.equal(stream.response.headers.get('content-type'), 'text/event-stream');
  assert.equal((await stream.next())?.change.entity, first.id);
  const second = await create('Second');
  const event = await stream.next();
  assert.equal(event?.change.entity, second.id);
  assert.equal(event.change.revision, from + 2);
  stream.close();
});

test('a client that comes back with its last id goes on behind it', async () => {
  const from = await head();
  for (const name of ['A', 'B', 'C', 'D']) await create(name);
  const stream = await open(`?after=${from}`);
  await stream.next();
  const last = await stream.next();
  stream.close();
  const resumed = await open(`?after=0`, { 'last-event-id': last?.id ?? '' });
  assert.deepEqual(
    [(await resumed.next())?.change.revision, (await resumed.next())?.change.revision],
    [from + 3, from + 4],
  );
  resumed.close();
});

test('a stream about one entity is silent about the others', async () => {
  const watched = await create('Watched');
  const stream = await open(`?entity=${watched.id}`);
  assert.equal((await stream.next())?.change.kind, 'entity.created');
  await create('Not watched');
  await client.done('POST', `/v1/entities/${watched.id}/holds`, { profile: 'limited' });
  assert.equal((await stream.next())?.change.kind, 'hold.placed');
  stream.close();
});

test('a stream takes the filters of a page, and passes over what they leave out', async () => {
  const above = await create('Above');
  const stream = await open(`?beneath=${above.id}&kind=hold.*`);
  await create('Elsewhere');
  const beneath = await client.done('POST', '/v1/accounts', { name: 'Beneath', parent: above.id });
  await client.done('POST', `/v1/entities/${beneath.id}/holds`, { profile: 'limited' });
  await client.done('PATCH', `/v1/entities/${above.id}`, { city: 'Delft' });
  await client.done('POST', `/v1/entities/${above.id}/holds`, { profile: 'bad_payer' });
  const seen = [await stream.next(), await stream.next()].map((event) => [event?.change.kind, event?.change.entity]);
  assert.deepEqual(seen, [
    ['hold.placed', beneath.id],
    ['hold.placed', above.id],
  ]);
  stream.close();
});

test('what is wrong is told before the stream begins', async () => {
  for (const [query, token, status] of [
    ['?after=x', TOKEN, 400],
    ['?entity=ref:nobody', TOKEN, 404],
    ['?order=desc', TOKEN, 422],
    ['?from=soon', TOKEN, 422],
    ['', 'wrong', 401],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/changes${query}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    });
    assert.equal(response.status, status);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    await response.arrayBuffer();
  }
});

test('a stream that waits for news ends when the server stops, and the server does not wait for it', async () => {
  const stream = await open(`?after=${await head()}`);
  const created = await create('Last');
  assert.equal((await stream.next())?.change.entity, created.id);
  const ended = stream.next();
  stopping.abort();
  await server.close();
  assert.equal(await ended, null);
});
