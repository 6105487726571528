/** The log of requests: what a line tells, and what none ever does. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';

import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';

import { TOKEN, makeApp, testInstallation } from '#test/installation.ts';

const { context } = await testInstallation({ after: (work) => after(work) });
const authorization = `Bearer ${TOKEN}`;

interface Line {
  readonly level: number;
  readonly requestId: string;
  readonly route: string;
  readonly status: number;
  readonly [name: string]: unknown;
}

async function makeLogged(level: string): Promise<{ app: FastifyInstance; written: string[]; lines: () => Line[] }> {
  const written: string[] = [];
  const sink = new Writable({ write: (chunk: Buffer, _encoding, done) => (written.push(String(chunk)), done()) });
  const app = await makeApp(context, { log: pino({ level, base: null }, sink) });
  after(() => app.close());
  return {
    app,
    written,
    lines: () => written.map((text) => JSON.parse(text) as Line).filter((line) => 'route' in line),
  };
}

test('a write and a refusal are told, a reading only to whoever wants to know', async () => {
  const quiet = await makeLogged('info');
  const loud = await makeLogged('debug');
  for (const { app } of [quiet, loud]) {
    const headers = { authorization, 'x-request-id': 'order-17' };
    await app.inject({ method: 'POST', url: '/v1/accounts', payload: { name: 'Told' }, headers });
    await app.inject({ url: '/v1/entities/0?fields=none', headers });
    await app.inject({ url: '/v1/decisions?subject=0&action=api', headers });
    await app.inject({ url: '/v1/entities/ref%3ANobody', headers });
    await app.inject({ url: '/v1/entities/0' });
    await app.inject({ url: '/v1/entities/%ZZ' });
  }
  const told = (lines: readonly Line[]) =>
    lines.map(({ level, route, status, actor, entity }) => [level, route, status, actor, entity]);
  const written = [30, '/v1/accounts', 201, 'token:admin', null];
  const refused = [
    [30, '/v1/entities/:id', 404, 'token:admin', 'ref:Nobody'],
    [30, '/v1/entities/:id', 401, null, '0'],
    [30, 'none', 400, null, null],
  ];
  assert.deepEqual(told(quiet.lines()), [written, ...refused]);
  assert.deepEqual(told(loud.lines()), [
    written,
    [20, '/v1/entities/:id', 200, 'token:admin', '0'],
    [20, '/v1/decisions', 200, 'token:admin', null],
    ...refused,
  ]);
  for (const line of quiet.lines().slice(0, 2)) {
    assert.deepEqual([line.requestId, line['address']], ['order-17', '127.0.0.1']);
    assert.equal(typeof line['durationMs'], 'number');
  }
});

test('no credential comes into the log, wherever a request carries it', async () => {
  const { app, written, lines } = await makeLogged('trace');
  const SECRET = 'hush-hush';
  const headers = {
    authorization,
    cookie: `session=${SECRET}-cookie`,
    'proxy-authorization': `Basic ${SECRET}`,
    'x-api-key': SECRET,
  };
  const requests = [
    ['GET', `/v1/status?token=${SECRET}&access_token=${SECRET}`, undefined],
    ['GET', `/v1/decisions?subject=sip:a:${SECRET}@x.example&action=api`, undefined],
    ['GET', `/v1/entities/${encodeURIComponent(`sip:alice:${SECRET}@x.example`)}`, undefined],
    ['GET', `/v1/entities/${SECRET}`, undefined],
    ['GET', `/nothing/${SECRET}?password=${SECRET}`, undefined],
    ['GET', `/v1/entities/%ZZ${SECRET}`, undefined],
    ['GET', `/v1/entities?limit=${SECRET}`, undefined],
    ['POST', `/v1/plans/${SECRET}/apply`, {}],
    ['POST', '/v1/resources', { kind: 'sip_account', username: 'a', password: SECRET, parent: 'sip:x.example' }],
    ['POST', '/v1/accounts', { name: 'x', password: SECRET }],
    ['POST', '/v1/accounts', `{"password":"${SECRET}`],
    ['POST', '/v1/bulk', { items: [{ op: 'create', body: { kind: 'mailbox', password: SECRET } }] }],
    ['PUT', '/v1/profiles/x', { token: SECRET }],
  ] as const;
  for (const [method, url, payload] of requests)
    for (const more of [
      headers,
      { authorization: `Bearer ${SECRET}` },
      { authorization: `Basic ${SECRET}`, 'x-request-id': `${SECRET} ` },
    ])
      await app.inject({
        method,
        url,
        headers: { ...more, 'idempotency-key': `${SECRET}-${url}`.slice(0, 200), 'content-type': 'application/json' },
        ...(payload === undefined ? {} : { payload }),
      });
  assert.equal(lines().length, 3 * requests.length, 'every request has its line');
  for (const text of written) {
    assert.ok(!text.includes(SECRET), text);
    assert.ok(!text.includes(TOKEN), text);
  }
});
