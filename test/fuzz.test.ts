/**
 * Every route of the native face, asked what nobody should ask: nothing of it is answered as a fault of the server, and nothing
 * of it changes a row. Routes are found as they are registered, with the names of their parameters, so that a new one
 * is asked by itself.
 */
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { Agent, request as httpRequest } from 'node:http';
import { after, test } from 'node:test';

import fc from 'fast-check';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { pino } from 'pino';

import { KINDS } from '#core/kind.ts';
import { problem as problemSchema } from '#faces/native/schemas.ts';
import { makeMetrics } from '#main/metrics.ts';
import { readReadiness } from '#main/readiness.ts';
import { Scheduler } from '#main/scheduler.ts';
import { CONTENT_TYPES, HOSTILE_BODIES, HOSTILE_HEADERS, hostileText, hostileValue } from '#test/hostile.ts';
import { TOKEN, makeApp } from '#test/installation.ts';
import { UNKNOWN, makeRefusalWorld } from '#test/refusal-world.ts';
import { takeSnapshot } from '#test/snapshot.ts';

const RUNS = 60;
const SEED = Number(process.env['ABEYANCE_TEST_SEED'] ?? Date.now() % 2 ** 31);

const { installation, tree } = await makeRefusalWorld({ after: (work) => after(work) });
const { context, pool } = installation;

interface Route {
  readonly method: string;
  readonly url: string;
  readonly query: readonly string[];
  readonly body: readonly string[] | null;
}

/** Routes of the account APIs speak in forms, and are asked in test/faces/every-route-fuzz.test.ts. */
const ACCOUNT_API = /^\/(?:restcomm|2010-04-01)\//;
const routes: Route[] = [];
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance }; // As Fastify documents its channel.
  fastify.addHook('onRoute', (route) => {
    if (ACCOUNT_API.test(route.url)) return;
    for (const method of [route.method].flat()) routes.push(describe(method, route));
  });
});
const scheduler = new Scheduler(context, pino({ level: 'silent' })); // Asked how late it is; never started.
const app = await makeApp(context, {
  metrics: makeMetrics(context.engine, scheduler),
  readiness: () => readReadiness(context, scheduler),
});
after(() => app.close());
const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
after(() => agent.destroy());

/** What a route says that it reads: the names in the schemas of its query and its body. */
function describe(method: string, { url, schema }: RouteOptions): Route {
  const body = schema?.body === undefined ? null : namesIn(schema.body);
  return { method, url, query: namesIn(schema?.querystring), body };
}

function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { shape, options } = schema as { shape?: object; options?: readonly unknown[] }; // An object, or a union, of zod.
  return [...new Set([...Object.keys(shape ?? {}), ...(options ?? []).flatMap(namesIn)])];
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
}

/** Names that are there, so that input is judged to its end, but where nothing can be changed. */
const PLACES = [UNKNOWN, tree.closed.id, 'ref:nobody', '999999999999'];
/** What is closed can be erased, and nothing else that needs no right input. */
const NOWHERE = PLACES.filter((place) => place !== tree.closed.id);
const PARENTS = [UNKNOWN, tree.closed.id, tree.held.id];

const encode = (text: string) => encodeURIComponent(text.toWellFormed());
const BROKEN_PARTS = ['%ZZ', '%', '%C3%28', '%ED%A0%80', '%00', 'a%00b', '%2e%2e%2f', '%F0%9F', 'x'.repeat(2_100)];

const partOf = (places: readonly string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...places.map(encode)) },
    { weight: 2, arbitrary: hostileText.map(encode) },
    { weight: 1, arbitrary: fc.constantFrom(...BROKEN_PARTS) },
  );

/** A path in which every parameter is replaced; none is the platform, which is there and could be changed. */
function pathOf(route: Route): fc.Arbitrary<string> {
  const pathPart = partOf(route.url.endsWith('/erase') ? NOWHERE : PLACES);
  const parts = route.url.split('/').map((part) => {
    if (part === '*') return pathPart;
    return part.startsWith(':') ? pathPart.filter((text) => !/^0*$/.test(text)) : fc.constant(part);
  });
  const names = fc.constantFrom(...route.query, '__proto__', 'limit', 'cursor', '');
  const pair = fc.tuple(names, fc.oneof(hostileText.map(encode), fc.constantFrom(...BROKEN_PARTS)));
  return fc
    .tuple(fc.tuple(...parts), fc.array(pair, { maxLength: 6 }))
    .map(([path, query]) => `${path.join('/')}?${query.map(([name, value]) => `${name}=${value}`).join('&')}`);
}

/** A body of the names that the route reads. It cannot be carried out: its parent takes nothing, or a name is unknown. */
function bodyOf(names: readonly string[]): fc.Arbitrary<string | Buffer> {
  const fields = fc.dictionary(fc.constantFrom(...names, 'name', 'kind'), hostileValue, {
    maxKeys: 8,
    noNullPrototype: true,
  });
  const judged = fc
    .tuple(fields, fc.constantFrom(...KINDS, undefined), fc.constantFrom(...PARENTS), fc.boolean())
    .map(([given, kind, parent, isUnknown]) =>
      JSON.stringify({
        ...given,
        ...(kind === undefined ? {} : { kind }),
        ...(isUnknown || !names.includes('parent') ? { 'nobody reads this': 1 } : {}),
        parent,
      }),
    );
  return fc.oneof({ weight: 4, arbitrary: judged }, { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_BODIES) });
}

function requestOf(route: Route): fc.Arbitrary<Asked> {
  const header = fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_HEADERS) },
  );
  const body = route.body === null ? fc.constant(null) : bodyOf(route.body);
  const type = fc.oneof({ weight: 9, arbitrary: fc.constant('application/json') }, fc.constantFrom(...CONTENT_TYPES));
  return fc
    .record({ path: pathOf(route), header, body, type })
    .map(({ path, header: more, body: given, type: of }) => ({
      method: route.method,
      path,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(given === null ? {} : { 'content-type': of }),
        ...more,
      },
      body: given,
    }));
}

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Sends a request as it is, over a real connection. */
function send(asked: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { method, path, body } = asked;
    const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = httpRequest({ port, agent, method, path, headers: { ...asked.headers, ...length } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => void chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

/** Holds an answer against what every answer must be; `said` names the request that it came for. */
function judge({ status, type, text }: Answered, asked: Asked): void {
  const said = `${asked.method} ${asked.path.slice(0, 300)} ${JSON.stringify(asked.headers).slice(0, 200)} ${String(asked.body).slice(0, 500)}\n${status} ${text.slice(0, 500)}`;
  assert.ok(status >= 200 && status < 500, said);
  assert.doesNotMatch(text, /"code":"bug"|at file:|\.ts:\d|FST_ERR|\b(?:22P02|42P01|22021)\b/, said);
  if (status < 400 || asked.method === 'HEAD') return;
  assert.match(type, /^application\/problem\+json\b/, said);
  assert.equal(problemSchema.parse(JSON.parse(text)).status, status, said);
}

const isStream = ({ headers }: Asked) => /event-stream/.test(headers['accept'] ?? '');

test('every route was found', () => {
  const found = new Set(routes.map(({ method, url }) => `${method} ${url}`));
  for (const one of [
    'GET /healthz',
    'GET /readyz',
    'GET /metrics',
    'GET /docs/json',
    'POST /v1/bulk',
    'PATCH /v1/entities/:id',
  ])
    assert.ok(found.has(one), one);
  assert.ok(
    routes.some(({ body }) => (body?.length ?? 0) > 20),
    'and what their bodies hold',
  );
});

for (const route of routes)
  test(`${route.method} ${route.url} takes whatever comes, changes nothing, and never fails`, async () => {
    const before = await takeSnapshot(pool);
    await fc.assert(
      fc.asyncProperty(requestOf(route), async (asked) => {
        if (!isStream(asked)) judge(await send(asked), asked);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.deepEqual(await takeSnapshot(pool), before);
  });

test('every hostile text, body, header and type is taken at every route', async () => {
  const before = await takeSnapshot(pool);
  const asked = routes.flatMap((route): Asked[] => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const { method } = route;
    const at = (id: string) => route.url.replaceAll(/:\w+|\*/g, id);
    const path = at(UNKNOWN);
    const json = { ...headers, 'content-type': 'application/json' };
    const poisoned = '{"nobody reads this":1,"parent":"ref:nobody"}';
    return [
      ...HOSTILE_HEADERS.map((more) => ({ method, path, headers: { ...json, ...more }, body: route.body && poisoned })),
      ...(route.body === null ? [] : HOSTILE_BODIES.map((body) => ({ method, path, headers: json, body }))),
      ...(route.body === null
        ? []
        : CONTENT_TYPES.map((type) => ({
            method,
            path,
            headers: { ...headers, 'content-type': type },
            body: poisoned,
          }))),
    ];
  });
  for (let from = 0; from < asked.length; from += 8)
    await Promise.all(asked.slice(from, from + 8).map(async (one) => judge(await send(one), one)));
  assert.ok(asked.length > 1_000);
  assert.deepEqual(await takeSnapshot(pool), before);
});
