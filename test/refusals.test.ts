/** One refusal for each problem code through the native face, the order in which refusals come, and that none leaves a trace. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { z } from 'zod';

import { PROBLEM_ANY_TIME, PROBLEM_ORDER, type ProblemCode, problem } from '#core/problem.ts';
import { RENDERINGS, problemBody } from '#faces/native/problems.ts';
import { problem as problemSchema } from '#faces/native/schemas.ts';
import { makePool } from '#store/database.ts';
import { TOKEN, makeApp, testInstallation } from '#test/installation.ts';
import { takeSnapshot } from '#test/snapshot.ts';

const CUSTOMER_TOKEN = 'the-token-of-a-customer';
const installation = await testInstallation({ after: (work) => after(work) });
const { app, context, pool, connectionString } = installation;

/** The same server for somebody who may less. */
const customers = await makeApp(context, {
  authenticate: (token) =>
    token === CUSTOMER_TOKEN ? { name: 'token:customer', accountId: 1, authority: 'customer' } : null,
});
after(() => customers.close());

/** The same server with a pool of its own, closed at the end. */
async function withPool(options: Parameters<typeof makePool>[0]): Promise<FastifyInstance> {
  const own = makePool(options);
  const server = await makeApp({ ...context, pool: own });
  after(async () => {
    await server.close();
    await own.end();
  });
  return server;
}
const elsewhere = new URL(connectionString);
elsewhere.port = '1';
const without = await withPool({ connectionString: elsewhere.href });
const impatient = await withPool({ connectionString, statementTimeoutMs: 250 });
const blind = new URL(connectionString);
blind.searchParams.set('options', '-c search_path=nowhere');
const broken = await withPool({ connectionString: blind.href });

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly payload?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | null;
  readonly server?: FastifyInstance;
}

async function send({ method, url, payload, headers = {}, token = TOKEN, server = app }: Request) {
  return server.inject({
    method,
    url,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
}

async function made(request: Omit<Request, 'method'>): Promise<Record<string, unknown> & { id: string }> {
  const response = await send({ method: 'POST', ...request });
  assert.ok(response.statusCode < 300, response.body);
  return response.json();
}
const account = (name: string, parent?: string) =>
  made({ url: '/v1/accounts', payload: { name, ...(parent === undefined ? {} : { parent }) } });

const firm = await account('Firm');
const domain = await made({
  url: '/v1/resources',
  payload: { kind: 'sip_domain', domain: 'refusals.example', parent: firm.id },
});
const alice = await made({
  url: '/v1/resources',
  payload: { kind: 'sip_account', username: 'alice', parent: domain.id },
});
await made({ url: '/v1/resources', payload: { kind: 'sip_account', username: 'bob', parent: domain.id } });
const other = await account('Other firm');
const closed = await account('Closed firm');
const inClosed = await account('Team of the closed firm', closed.id);
const closedHold = await made({
  url: `/v1/entities/${inClosed.id}/holds`,
  payload: { profile: 'limited', source: 'billing' },
});
const closedDomain = await made({
  url: '/v1/resources',
  payload: { kind: 'sip_domain', domain: 'refusals-closed.example', parent: closed.id },
});
const closedAccount = await made({
  url: '/v1/resources',
  payload: { kind: 'sip_account', username: 'carol', parent: closedDomain.id },
});
await made({ url: `/v1/entities/${closed.id}/holds`, payload: { profile: 'suspended' } });
await made({ url: `/v1/entities/${closed.id}/close` });
const held = await account('Held firm');
const platformHold = await made({ url: `/v1/entities/${held.id}/holds`, payload: { profile: 'suspended' } });
await made({ url: '/v1/accounts', payload: { name: 'Once' }, headers: { 'idempotency-key': 'used before' } });
await installation.follow();

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

interface Refusal {
  readonly code: ProblemCode;
  readonly reason: string;
  readonly request: Request;
  readonly status: number;
  readonly fields?: readonly string[];
  /** Part of the detail. */
  readonly says?: string;
  /** Makes the circumstances, and answers how to end them. */
  readonly during?: () => Promise<() => Promise<void>>;
}

const refusals: readonly Refusal[] = [
  {
    code: 'malformed',
    reason: 'a body that is no JSON cannot be judged',
    request: {
      method: 'POST',
      url: '/v1/accounts',
      payload: '{"name":',
      headers: { 'content-type': 'application/json' },
    },
    status: 400,
  },
  {
    code: 'malformed',
    reason: 'a body of the wrong shape cannot be judged either',
    request: { method: 'POST', url: '/v1/accounts', payload: ['Acme'] },
    status: 400,
    says: 'JSON object',
  },
  {
    code: 'malformed',
    reason: 'nobody reads XML here',
    request: {
      method: 'POST',
      url: '/v1/accounts',
      payload: '<account/>',
      headers: { 'content-type': 'application/xml' },
    },
    status: 415,
  },
  {
    code: 'malformed',
    reason: 'a query that is out of its bounds names the parameter',
    request: { method: 'GET', url: '/v1/entities?limit=0&total=about' },
    status: 400,
    fields: ['limit', 'total'],
  },
  {
    code: 'malformed',
    reason: 'If-Match has one form',
    request: {
      method: 'PATCH',
      url: `/v1/entities/${firm.id}`,
      payload: { name: 'x' },
      headers: { 'if-match': 'yesterday' },
    },
    status: 400,
    says: 'If-Match',
  },
  {
    code: 'malformed',
    reason: 'a key of a thousand characters is no key',
    request: {
      method: 'POST',
      url: '/v1/accounts',
      payload: { name: 'x' },
      headers: { 'idempotency-key': 'k'.repeat(1_000) },
    },
    status: 400,
    says: 'Idempotency-Key',
  },
  {
    code: 'malformed',
    reason: 'a cursor is taken from a former page, not made up',
    request: { method: 'GET', url: '/v1/changes?after=yesterday' },
    status: 400,
    fields: ['after'],
  },
  {
    code: 'unauthenticated',
    reason: 'no token',
    request: { method: 'GET', url: '/v1/entities', token: null },
    status: 401,
  },
  {
    code: 'unauthenticated',
    reason: 'a token of somewhere else',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x' }, token: 'wrong' },
    status: 401,
  },
  {
    code: 'not_found',
    reason: 'an id that names nothing',
    request: { method: 'GET', url: `/v1/entities/${UNKNOWN}` },
    status: 404,
  },
  {
    code: 'not_found',
    reason: 'a parent that is not there is named by its field',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x', parent: 'ref:nobody' } },
    status: 404,
    fields: ['parent'],
  },
  {
    code: 'not_found',
    reason: 'a path that nothing answers',
    request: { method: 'GET', url: '/v1/nothing' },
    status: 404,
  },
  {
    code: 'not_found',
    reason: 'a plan that was never made',
    request: { method: 'POST', url: `/v1/plans/${UNKNOWN}/apply` },
    status: 404,
  },
  {
    code: 'forbidden',
    reason: 'a customer does not lift what the platform placed',
    request: {
      method: 'DELETE',
      url: `/v1/entities/${held.id}/holds/${platformHold.id}`,
      token: CUSTOMER_TOKEN,
      server: customers,
    },
    status: 403,
    says: 'platform',
  },
  {
    code: 'forbidden',
    reason: 'a built-in profile stays',
    request: { method: 'DELETE', url: '/v1/profiles/fraud' },
    status: 403,
  },
  {
    code: 'invalid',
    reason: 'every wrong field is named at once',
    request: {
      method: 'POST',
      url: '/v1/resources',
      payload: { kind: 'sip_account', username: 'a b', colour: 'red', callLimit: -1, parent: domain.id },
    },
    status: 422,
    fields: ['colour', 'username', 'callLimit'],
  },
  {
    code: 'invalid',
    reason: 'a tree has no loops',
    request: { method: 'POST', url: `/v1/entities/${closed.id}/move`, payload: { parent: inClosed.id } },
    status: 422,
    fields: ['parent'],
  },
  {
    code: 'invalid',
    reason: 'nobody places a hold above their own authority',
    request: {
      method: 'POST',
      url: `/v1/entities/${firm.id}/holds`,
      payload: { profile: 'limited', authority: 'platform' },
      token: CUSTOMER_TOKEN,
      server: customers,
    },
    status: 422,
    fields: ['authority'],
  },
  {
    code: 'exists',
    reason: 'a domain belongs to one',
    request: {
      method: 'POST',
      url: '/v1/resources',
      payload: { kind: 'sip_domain', domain: 'REFUSALS.example', parent: other.id },
    },
    status: 409,
  },
  {
    code: 'exists',
    reason: 'a new name must be free',
    request: { method: 'PATCH', url: `/v1/entities/${alice.id}`, payload: { username: 'bob' } },
    status: 409,
  },
  {
    code: 'closed',
    reason: 'nothing is created beneath a closed node',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x', parent: inClosed.id } },
    status: 409,
  },
  {
    code: 'closed',
    reason: 'what is closed is not resumed',
    request: { method: 'DELETE', url: `/v1/entities/${inClosed.id}/holds/${closedHold.id}` },
    status: 409,
  },
  {
    code: 'held',
    reason: 'what is suspended does not grow',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x', parent: held.id } },
    status: 409,
  },
  {
    code: 'conflict',
    reason: 'one key stands for one request',
    request: {
      method: 'POST',
      url: '/v1/accounts',
      payload: { name: 'Twice' },
      headers: { 'idempotency-key': 'used before' },
    },
    status: 409,
  },
  {
    code: 'precondition_failed',
    reason: 'who changes what they have not read is told so',
    request: {
      method: 'PATCH',
      url: `/v1/entities/${firm.id}`,
      payload: { name: 'x' },
      headers: { 'if-match': '"99"' },
    },
    status: 412,
  },
  {
    code: 'plan_required',
    reason: 'the whole platform is not suspended by a slip',
    request: { method: 'POST', url: '/v1/entities/0/holds', payload: { profile: 'suspended' } },
    status: 428,
  },
  {
    code: 'busy',
    reason: 'who waits too long for others is told to come again',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x' }, server: impatient },
    status: 503,
    during: async () => {
      const holder = new pg.Client({ connectionString });
      await holder.connect();
      await holder.query('begin; select pg_advisory_xact_lock(4266601)');
      return () => holder.end();
    },
  },
  {
    code: 'unavailable',
    reason: 'without the database nothing is written',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x' }, server: without },
    status: 503,
  },
  {
    code: 'unavailable',
    reason: 'an answer at a revision that has not come is no answer',
    request: { method: 'GET', url: '/v1/decisions?subject=0&action=api&atRevision=999999' },
    status: 503,
  },
  {
    code: 'bug',
    reason: 'what nobody foresaw says nothing of the inside',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x' }, server: broken },
    status: 500,
  },
];

for (const { code, reason, request, status, fields, says, during } of refusals)
  test(`${code}: ${reason}`, async () => {
    const before = await takeSnapshot(pool);
    const end = await during?.();
    const response = await send(request);
    await end?.();
    assert.equal(response.statusCode, status, response.body);
    assert.match(String(response.headers['content-type']), /^application\/problem\+json\b/);
    const body: unknown = response.json();
    const told = z.strictObject(problemSchema.shape).parse(body);
    assert.equal(told.code, code);
    assert.equal(told.status, status);
    assert.equal(told.type, `urn:abeyance:problem:${code}`);
    assert.ok(told.detail.length > 0);
    assert.deepEqual(
      told.errors.map((error) => error.field),
      fields ?? [],
    );
    if (says !== undefined) assert.ok(told.detail.includes(says), told.detail);
    assert.equal(response.headers['retry-after'], status === 503 ? '1' : undefined);
    assert.equal(response.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined);
    assert.doesNotMatch(
      response.body,
      /at file:|\.ts:|select |42P01|ECONNREFUSED|relation /,
      'the inside stays inside',
    );
    assert.deepEqual(await takeSnapshot(pool), before, 'a refusal leaves no trace');
  });

test('over_credit has no source yet and is rendered like the others', () => {
  const body = problemBody(problem('over_credit', 'No sip_account is left.', { facts: { granted: 5, used: 5 } }));
  assert.deepEqual(z.strictObject(problemSchema.shape).parse(body), body);
  assert.equal(body.status, 409);
});

test('every problem code is refused once here, and rendered by the face', () => {
  const codes = [...PROBLEM_ORDER, ...PROBLEM_ANY_TIME];
  const shown = new Set(refusals.map((refusal) => refusal.code));
  assert.deepEqual(
    codes.filter((code) => !shown.has(code)),
    ['over_credit'],
  );
  assert.deepEqual(Object.keys(RENDERINGS).toSorted(), codes.toSorted());
  for (const { code, status } of refusals.filter((refusal) => refusal.status !== 415))
    assert.equal(RENDERINGS[code].status, status);
});

/** Requests that are wrong in two ways; the first code is the one that is answered. */
const pairs: readonly {
  readonly codes: readonly [ProblemCode, ProblemCode];
  readonly reason: string;
  readonly request: Request;
}[] = [
  {
    codes: ['malformed', 'unauthenticated'],
    reason: 'no JSON, and no token',
    request: {
      method: 'POST',
      url: '/v1/accounts',
      payload: '{',
      headers: { 'content-type': 'application/json' },
      token: null,
    },
  },
  {
    codes: ['malformed', 'unauthenticated'],
    reason: 'a limit of nought, and no token',
    request: { method: 'GET', url: '/v1/entities?limit=0', token: null },
  },
  {
    codes: ['malformed', 'unauthenticated'],
    reason: 'an unreadable If-Match, and no token',
    request: { method: 'POST', url: `/v1/entities/${firm.id}/close`, headers: { 'if-match': 'x' }, token: null },
  },
  {
    codes: ['malformed', 'not_found'],
    reason: 'a limit of nought, of what is not there',
    request: { method: 'GET', url: `/v1/entities/${UNKNOWN}/children?limit=0` },
  },
  {
    codes: ['unauthenticated', 'not_found'],
    reason: 'no token, for what is not there',
    request: { method: 'GET', url: `/v1/entities/${UNKNOWN}`, token: null },
  },
  {
    codes: ['unauthenticated', 'invalid'],
    reason: 'no token, and no name',
    request: { method: 'POST', url: '/v1/accounts', payload: {}, token: null },
  },
  {
    codes: ['unauthenticated', 'forbidden'],
    reason: 'no token, for what nobody may',
    request: { method: 'DELETE', url: '/v1/profiles/fraud', token: null },
  },
  {
    codes: ['not_found', 'forbidden'],
    reason: 'a hold that is not there, asked for by a customer',
    request: {
      method: 'DELETE',
      url: `/v1/entities/${held.id}/holds/${UNKNOWN}`,
      token: CUSTOMER_TOKEN,
      server: customers,
    },
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'an unknown parent, and a field that does not exist',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x', colour: 'red', parent: UNKNOWN } },
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'an unknown target, and a wrong field',
    request: {
      method: 'POST',
      url: '/v1/resources',
      payload: { kind: 'phone_number', e164: '12', parent: firm.id, target: 'sip:nobody@refusals.example' },
    },
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'a move of nothing to nowhere',
    request: { method: 'POST', url: `/v1/entities/${UNKNOWN}/move`, payload: {} },
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'a transfer of what has no owner, to nobody',
    request: { method: 'POST', url: `/v1/entities/${firm.id}/transfer`, payload: { owner: UNKNOWN } },
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'a hold of no profile on nothing',
    request: { method: 'POST', url: `/v1/entities/${UNKNOWN}/holds`, payload: {} },
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'holds of nothing after a cursor that is none',
    request: { method: 'GET', url: `/v1/entities/${UNKNOWN}/holds?cursor=x` },
  },
  {
    codes: ['forbidden', 'closed'],
    reason: 'a higher hold beneath a closed node',
    request: {
      method: 'DELETE',
      url: `/v1/entities/${inClosed.id}/holds/${closedHold.id}`,
      token: CUSTOMER_TOKEN,
      server: customers,
    },
  },
  {
    codes: ['invalid', 'exists'],
    reason: 'a taken domain with an unknown field',
    request: {
      method: 'POST',
      url: '/v1/resources',
      payload: { kind: 'sip_domain', domain: 'refusals.example', colour: 'red', parent: other.id },
    },
  },
  {
    codes: ['invalid', 'exists'],
    reason: 'a taken user name with an unknown field',
    request: { method: 'PATCH', url: `/v1/entities/${alice.id}`, payload: { username: 'bob', colour: 'red' } },
  },
  {
    codes: ['invalid', 'closed'],
    reason: 'a nameless account beneath a closed one',
    request: { method: 'POST', url: '/v1/accounts', payload: { parent: closed.id } },
  },
  {
    codes: ['invalid', 'closed'],
    reason: 'a closed account moved beneath itself',
    request: { method: 'POST', url: `/v1/entities/${closed.id}/move`, payload: { parent: inClosed.id } },
  },
  {
    codes: ['invalid', 'held'],
    reason: 'a nameless account beneath a held one',
    request: { method: 'POST', url: '/v1/accounts', payload: { parent: held.id } },
  },
  {
    codes: ['invalid', 'plan_required'],
    reason: 'a hold of no profile on the platform',
    request: { method: 'POST', url: '/v1/entities/0/holds', payload: {} },
  },
  {
    codes: ['exists', 'closed'],
    reason: 'a taken domain beneath a closed account',
    request: {
      method: 'POST',
      url: '/v1/resources',
      payload: { kind: 'sip_domain', domain: 'refusals.example', parent: closed.id },
    },
  },
  {
    codes: ['exists', 'closed'],
    reason: 'the same hold with another end, beneath a closed node',
    request: {
      method: 'POST',
      url: `/v1/entities/${inClosed.id}/holds`,
      payload: { profile: 'limited', source: 'billing', endsAt: '2199-01-01T00:00:00Z' },
    },
  },
  {
    codes: ['exists', 'held'],
    reason: 'a taken domain beneath a held account',
    request: {
      method: 'POST',
      url: '/v1/resources',
      payload: { kind: 'sip_domain', domain: 'refusals.example', parent: held.id },
    },
  },
  {
    codes: ['exists', 'precondition_failed'],
    reason: 'a taken user name for another version',
    request: {
      method: 'PATCH',
      url: `/v1/entities/${alice.id}`,
      payload: { username: 'bob' },
      headers: { 'if-match': '"99"' },
    },
  },
  {
    codes: ['closed', 'held'],
    reason: 'an account beneath one that was held and then closed',
    request: { method: 'POST', url: '/v1/accounts', payload: { name: 'x', parent: closed.id } },
  },
  {
    codes: ['closed', 'precondition_failed'],
    reason: 'another version of what is closed',
    request: {
      method: 'PATCH',
      url: `/v1/entities/${closedAccount.id}`,
      payload: { callLimit: 3 },
      headers: { 'if-match': '"99"' },
    },
  },
  {
    codes: ['precondition_failed', 'plan_required'],
    reason: 'another version of more than the guard allows',
    request: {
      method: 'POST',
      url: `/v1/entities/${firm.id}/close`,
      headers: { 'if-match': '"99"' },
      server: await guarded(),
    },
  },
];

/** The same server with a guard that two entities are too many for. */
async function guarded(): Promise<FastifyInstance> {
  const server = await makeApp({ ...context, settings: { ...context.settings, guardLimit: 1 } });
  after(() => server.close());
  return server;
}

for (const { codes, reason, request } of pairs)
  test(`${codes[0]} comes before ${codes[1]}: ${reason}`, async () => {
    const all: readonly ProblemCode[] = PROBLEM_ORDER;
    assert.ok(all.indexOf(codes[0]) < all.indexOf(codes[1]), 'the row itself is in order');
    const before = await takeSnapshot(pool);
    const response = await send(request);
    assert.equal(response.json<{ code: string }>().code, codes[0], response.body);
    assert.deepEqual(await takeSnapshot(pool), before, 'a refusal leaves no trace');
  });

test('what a pair is wrong in second is refused when it stands alone', async () => {
  const response = await send({ method: 'POST', url: `/v1/entities/${firm.id}/close`, server: await guarded() });
  assert.equal(response.json<{ code: string }>().code, 'plan_required');
});
