/** The edges of the face: sizes, unknown fields, secrets in logs, the pages of the document, what monitoring reads. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';

import { pino } from 'pino';

import { makePool } from '#store/database.ts';
import { TOKEN, makeApp, testInstallation } from '#test/installation.ts';
import { takeSnapshot } from '#test/snapshot.ts';

import { CheckedClient } from '#test/checked-client.ts';

const installation = await testInstallation({ after: (work) => after(work) });
const { app, pool, context } = installation;
const client = await CheckedClient.of(app);
const fieldsOf = (body: Readonly<Record<string, unknown>>) =>
  (body['errors'] as { field: string }[]).map((error) => error.field);

test('a body of more than a megabyte is refused, one below it is read', async () => {
  const before = await takeSnapshot(pool);
  const large = await client.call('POST', '/v1/accounts', { name: 'x', company: 'x'.repeat(1024 * 1024) });
  assert.equal(large.status, 413);
  assert.equal(large.body['code'], 'malformed');
  const long = await client.call('POST', '/v1/accounts', { name: 'x'.repeat(1_000_000) });
  assert.deepEqual([long.body['code'], fieldsOf(long.body)], ['invalid', ['name']]);
  assert.deepEqual(await takeSnapshot(pool), before);
});

test('bulk has a limit of its own, since ten thousand items are one request', async () => {
  const items = Array.from({ length: 5 }, (_, index) => ({
    op: 'create',
    body: { kind: 'foreign', system: 's', name: `f${index}`, properties: { text: 'x'.repeat(300_000) }, parent: 0 },
  }));
  const answer = await client.done('POST', '/v1/bulk', { items });
  assert.deepEqual(
    new Set(answer.items.map((item) => (item['problem'] as { code: string }).code)),
    new Set(['invalid']),
    'read, and judged field by field',
  );
});

test('a field that nobody knows is named, on every route that takes a body', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'Known' });
  const rows = [
    ['POST', '/v1/accounts', { name: 'x', colour: 'red', shape: 'round' }, ['colour', 'shape']],
    [
      'POST',
      '/v1/resources',
      { kind: 'dns_zone', name: 'unknown.example', parent: account.id, domain: 'x' },
      ['domain'],
    ],
    [
      'PATCH',
      `/v1/entities/${account.id}`,
      { colour: 'red', parent: 0, owner: 0, id: 'x' },
      ['colour', 'parent', 'owner', 'id'],
    ],
    ['PUT', '/v1/profiles/colourful', { denied: [], colour: 'red' }, ['colour']],
    ['POST', '/v1/resources', { kind: 'elephant', parent: 0 }, ['kind']],
    ['POST', `/v1/entities/${account.id}/holds`, { profile: 'limited', colour: 'red' }, ['colour']],
    ['POST', `/v1/entities/${account.id}/plan`, { action: 'hold', profile: 'limited', colour: 'red' }, ['colour']],
    ['POST', `/v1/entities/${account.id}/plan`, { action: 'close', colour: 'red' }, ['colour']],
    ['POST', `/v1/bulk`, { items: [], colour: 'red' }, ['colour']],
    ['POST', `/v1/decisions`, { questions: [], colour: 'red' }, ['colour']],
    ['POST', '/v1/resources', { kind: 'account', name: 'x' }, ['kind']],
  ] as const;
  for (const [method, url, payload, fields] of rows) {
    const { body } = await client.call(method, url, payload);
    assert.equal(body['code'], 'invalid', url);
    assert.deepEqual(fieldsOf(body), fields);
  }
});

test('more than a thousand questions are refused, a thousand are answered in their order', async () => {
  const questions = Array.from({ length: 1_000 }, (_, index) => ({
    subject: index === 500 ? '0' : `sip:u${index}@nowhere.example`,
    action: 'api',
  }));
  const { answers } = (await client.done('POST', '/v1/decisions', { questions })) as unknown as {
    answers: { subject: string; effect: string }[];
  };
  assert.deepEqual(
    answers.map((answer) => answer.subject),
    questions.map((question) => question.subject),
  );
  assert.deepEqual([answers[499]?.effect, answers[500]?.effect], ['unknown', 'allow']);
  const { body } = await client.call('POST', '/v1/decisions', {
    questions: [...questions, { subject: '0', action: 'api' }],
  });
  assert.deepEqual([body['code'], fieldsOf(body)], ['invalid', ['questions']]);
  const wrong = await client.call('POST', '/v1/decisions', {
    questions: [{ subject: '', action: 'api' }, { subject: '0', action: 'fly' }, 7],
  });
  assert.deepEqual(fieldsOf(wrong.body), [
    'questions[0].subject',
    'questions[1].action',
    'questions[2].subject',
    'questions[2].action',
  ]);
});

test('a body that is not needed may be absent, also when a client says that it is JSON', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'To close' });
  const response = await app.inject({
    method: 'POST',
    url: `/v1/entities/${account.id}/close`,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });
  assert.equal(response.statusCode, 200, response.body);
});

test('a request under way when the server stops is answered, and the server ends at once after it', async () => {
  const stopping = new AbortController();
  const server = await makeApp(context, { stopping: stopping.signal });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  const holder = await pool.connect();
  await holder.query('begin; select pg_advisory_xact_lock(4266601)');
  const answer = fetch(`${address}/v1/accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Under way' }),
  });
  for (let waiting = 0; waiting === 0;) {
    const { rows } = await holder.query<{ count: number }>(
      `select count(*) from pg_locks where not granted and locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    );
    waiting = rows[0]?.count ?? 0;
  }
  stopping.abort();
  const closed = server.close();
  await holder.query('commit');
  holder.release();
  const response = await answer;
  assert.equal(response.status, 201);
  await response.arrayBuffer();
  await closed;
});

test('no secret comes into an answer or a log, whatever goes wrong', async () => {
  const written: string[] = [];
  const log = pino(
    { level: 'trace' },
    new Writable({ write: (chunk: Buffer, _encoding, done) => (written.push(String(chunk)), done()) }),
  );
  const blind = new URL(installation.connectionString);
  blind.searchParams.set('options', '-c search_path=nowhere');
  const brokenPool = makePool({ connectionString: blind.href });
  const servers = [await makeApp(context, { log }), await makeApp({ ...context, pool: brokenPool }, { log })];
  after(async () => {
    for (const server of servers) await server.close();
    await brokenPool.end();
  });
  const account = await client.done('POST', '/v1/accounts', { name: 'Secretive' });
  await client.done('POST', '/v1/resources', { kind: 'sip_domain', domain: 'secret.example', parent: account.id });
  const HA1 = '0123456789abcdef0123456789abcdef';
  const answers: string[] = [];
  for (const server of servers)
    for (const [method, url, payload] of [
      [
        'POST',
        '/v1/resources',
        { kind: 'sip_account', username: 'a', password: 'hush-hush-1', parent: 'sip:secret.example' },
      ],
      [
        'POST',
        '/v1/resources',
        { kind: 'sip_account', username: 'b', ha1: HA1, ha1b: HA1, parent: 'sip:secret.example' },
      ],
      [
        'POST',
        '/v1/resources',
        { kind: 'sip_account', username: 'c c', password: 'hush-hush-2', parent: 'sip:secret.example' },
      ],
      [
        'POST',
        '/v1/resources',
        { kind: 'mailbox', address: 'm@secret.example', password: 'hush-hush-3', parent: account.id },
      ],
      [
        'POST',
        '/v1/resources',
        { kind: 'mailbox', address: 'n@secret.example', passwordHash: 'hush-hush-without-scheme', parent: account.id },
      ],
      [
        'POST',
        '/v1/resources',
        { kind: 'sip_account', username: 'd', ha1: 'hush-hush-is-no-digest', parent: 'sip:secret.example' },
      ],
      ['PATCH', '/v1/entities/sip:a@secret.example', { password: 'hush-hush-4' }],
      ['GET', '/v1/entities/sip:a@secret.example', undefined],
      ['GET', '/v1/changes?limit=1000', undefined],
      [
        'POST',
        '/v1/bulk',
        {
          items: [
            {
              op: 'create',
              body: { kind: 'sip_account', username: 'e', password: 'hush-hush-5', parent: 'sip:secret.example' },
            },
          ],
        },
      ],
    ] as const) {
      const response = await server.inject({
        method,
        url,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          'idempotency-key': `${url} ${JSON.stringify(payload)}`.slice(0, 200),
        },
        ...(payload === undefined ? {} : { payload }),
      });
      answers.push(response.body);
    }
  assert.ok(answers.length === 20 && answers.some((answer) => answer.includes('"bug"')), 'some went wrong inside');
  assert.ok(written.length > 0, 'what went wrong inside is logged');
  const { rows } = await pool.query<{ text: string }>(
    `select coalesce(string_agg(t, ' '), '') as text from (select answer::text from idempotency union all select outcomes::text from bulk_outcome
     union all select facts::text from change union all select value from change_personal) x (t)`,
  );
  const { rows: digests } = await pool.query<{ ha1: string }>(
    `select ha1 from sip_account where ha1 is not null union select password_hash from mailbox where password_hash is not null`,
  );
  assert.ok(digests.length >= 4);
  for (const text of [...answers, ...written, rows[0]?.text ?? '']) {
    assert.doesNotMatch(text, /hush-hush/);
    assert.ok(!text.includes(TOKEN));
    for (const { ha1 } of digests) assert.ok(!text.includes(ha1), text.slice(0, 500));
  }
});

test('the document is served with pages to try it, without a token', async () => {
  const page = await app.inject('/docs');
  assert.equal(page.statusCode, 200);
  assert.match(page.body, /swagger-ui/);
  for (const script of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const asset = await app.inject(new URL(script[1] ?? '', 'http://localhost/docs/').pathname);
    assert.equal(asset.statusCode, 200, script[1]);
  }
  const document = await app.inject('/docs/json');
  assert.equal(document.json<{ openapi: string }>().openapi, '3.1.0');
  assert.equal((await app.inject('/docs/yaml')).statusCode, 200);
});

test('health is answered without a token, and everything under /v1 asks for one', async () => {
  assert.deepEqual((await app.inject('/healthz')).json(), { alive: true });
  // Signing in is how to get a credential.
  for (const route of client.routes.filter((each) => each !== 'POST /v1/sessions')) {
    const [method, path = ''] = route.split(' ');
    const url = path
      .replace('{id}', '0')
      .replace('{kind}', 'call')
      .replace('{holdId}', '00000000-0000-4000-8000-000000000000')
      .replace(/\{\w+\}/, 'x');
    const query = path === '/v1/decisions' ? '?subject=0&action=api' : '';
    const response = await app.inject({
      method: method as 'GET',
      url: `${url}${query}`,
      ...(method === 'GET' || method === 'DELETE' ? {} : { payload: {} }),
    }); // One of the five.
    // Gateways take 200 and 403 alone.
    const status = path === '/v1/decisions/http' ? 403 : 401;
    assert.equal(response.statusCode, status, `${route} ${response.body}`);
    assert.equal(response.json().code, 'unauthenticated');
  }
});
