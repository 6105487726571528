/** One refusal for each problem code through the native face, and that none of them leaves a trace. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import pg from 'pg';

import { PROBLEM_ANY_TIME, PROBLEM_ORDER, type ProblemCode } from '#core/problem.ts';
import { RENDERINGS } from '#faces/native/problems.ts';
import { problem as problemSchema } from '#faces/native/schemas.ts';
import { type Request, UNKNOWN, get, makeRefusalWorld, patch, post, remove } from '#test/refusal-world.ts';
import { takeSnapshot } from '#test/snapshot.ts';

const { installation, send, tree, servers } = await makeRefusalWorld({ after: (work) => after(work) });
const { pool, connectionString } = installation;
const { firm, domain, alice, other, closed, inClosed, closedHold, held, full, platformHold } = tree;

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
    request: post('/v1/accounts', '{"name":', { headers: { 'content-type': 'application/json' } }),
    status: 400,
  },
  {
    code: 'malformed',
    reason: 'a body of the wrong shape cannot be judged either',
    request: post('/v1/accounts', ['Acme']),
    status: 400,
    says: 'JSON object',
  },
  {
    code: 'malformed',
    reason: 'nobody reads XML here',
    request: post('/v1/accounts', '<account/>', { headers: { 'content-type': 'application/xml' } }),
    status: 415,
  },
  {
    code: 'malformed',
    reason: 'a query that is out of its bounds names the parameter',
    request: get('/v1/entities?limit=0&total=about'),
    status: 400,
    fields: ['limit', 'total'],
  },
  {
    code: 'malformed',
    reason: 'If-Match has one form',
    request: patch(`/v1/entities/${firm.id}`, { name: 'x' }, { headers: { 'if-match': 'yesterday' } }),
    status: 400,
    says: 'If-Match',
  },
  {
    code: 'malformed',
    reason: 'a key of a thousand characters is no key',
    request: post('/v1/accounts', { name: 'x' }, { headers: { 'idempotency-key': 'k'.repeat(1_000) } }),
    status: 400,
    says: 'Idempotency-Key',
  },
  {
    code: 'malformed',
    reason: 'a cursor is taken from a former page, not made up',
    request: get('/v1/changes?after=yesterday'),
    status: 400,
    fields: ['after'],
  },
  {
    code: 'unauthenticated',
    reason: 'no token',
    request: get('/v1/entities', { token: null }),
    status: 401,
  },
  {
    code: 'unauthenticated',
    reason: 'a token of somewhere else',
    request: post('/v1/accounts', { name: 'x' }, { token: 'wrong' }),
    status: 401,
  },
  {
    code: 'not_found',
    reason: 'an id that names nothing',
    request: get(`/v1/entities/${UNKNOWN}`),
    status: 404,
  },
  {
    code: 'not_found',
    reason: 'a parent that is not there is named by its field',
    request: post('/v1/accounts', { name: 'x', parent: 'ref:nobody' }),
    status: 404,
    fields: ['parent'],
  },
  {
    code: 'not_found',
    reason: 'a path that nothing answers',
    request: get('/v1/nothing'),
    status: 404,
  },
  {
    code: 'not_found',
    reason: 'a plan that was never made',
    request: post(`/v1/plans/${UNKNOWN}/apply`),
    status: 404,
  },
  {
    code: 'forbidden',
    reason: 'a customer does not lift what the platform placed',
    request: remove(`/v1/entities/${held.id}/holds/${platformHold.id}`, servers.customer),
    status: 403,
    says: 'platform',
  },
  {
    code: 'forbidden',
    reason: 'a built-in profile stays',
    request: remove('/v1/profiles/fraud'),
    status: 403,
  },
  {
    code: 'invalid',
    reason: 'every wrong field is named at once',
    request: post('/v1/resources', {
      kind: 'sip_account',
      username: 'a b',
      colour: 'red',
      callLimit: -1,
      parent: domain.id,
    }),
    status: 422,
    fields: ['colour', 'username', 'callLimit'],
  },
  {
    code: 'invalid',
    reason: 'a tree has no loops',
    request: post(`/v1/entities/${closed.id}/move`, { parent: inClosed.id }),
    status: 422,
    fields: ['parent'],
  },
  {
    code: 'invalid',
    reason: 'nobody places a hold above their own authority',
    request: post(`/v1/entities/${firm.id}/holds`, { profile: 'limited', authority: 'platform' }, servers.customer),
    status: 422,
    fields: ['authority'],
  },
  {
    code: 'exists',
    reason: 'a domain belongs to one',
    request: post('/v1/resources', { kind: 'sip_domain', domain: 'REFUSALS.example', parent: other.id }),
    status: 409,
  },
  {
    code: 'exists',
    reason: 'a new name must be free',
    request: patch(`/v1/entities/${alice.id}`, { username: 'bob' }),
    status: 409,
  },
  {
    code: 'closed',
    reason: 'nothing is created beneath a closed node',
    request: post('/v1/accounts', { name: 'x', parent: inClosed.id }),
    status: 409,
  },
  {
    code: 'closed',
    reason: 'what is closed is not resumed',
    request: remove(`/v1/entities/${inClosed.id}/holds/${closedHold.id}`),
    status: 409,
  },
  {
    code: 'held',
    reason: 'what is suspended does not grow',
    request: post('/v1/accounts', { name: 'x', parent: held.id }),
    status: 409,
  },
  {
    code: 'over_credit',
    reason: 'an account that was granted none has room for none',
    request: post('/v1/accounts', { name: 'x', parent: full.id }),
    status: 409,
    says: 'account_credit of 0',
  },
  {
    code: 'conflict',
    reason: 'one key stands for one request',
    request: post('/v1/accounts', { name: 'Twice' }, { headers: { 'idempotency-key': 'used before' } }),
    status: 409,
  },
  {
    code: 'precondition_failed',
    reason: 'who changes what they have not read is told so',
    request: patch(`/v1/entities/${firm.id}`, { name: 'x' }, { headers: { 'if-match': '"99"' } }),
    status: 412,
  },
  {
    code: 'plan_required',
    reason: 'the whole platform is not suspended by a slip',
    request: post('/v1/entities/0/holds', { profile: 'suspended' }),
    status: 428,
  },
  {
    code: 'rate_limited',
    reason: 'who asks too often is told when to come again',
    request: get('/v1/status', { token: 'wrong', server: servers.crowded }),
    status: 429,
    says: 'requests a minute',
  },
  {
    code: 'busy',
    reason: 'who waits too long for others is told to come again',
    request: post('/v1/accounts', { name: 'x' }, { server: servers.impatient }),
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
    request: post('/v1/accounts', { name: 'x' }, { server: servers.withoutDatabase }),
    status: 503,
  },
  {
    code: 'unavailable',
    reason: 'an answer at a revision that has not come is no answer',
    request: get('/v1/decisions?subject=0&action=api&atRevision=999999'),
    status: 503,
  },
  {
    code: 'bug',
    reason: 'what nobody foresaw says nothing of the inside',
    request: post('/v1/accounts', { name: 'x' }, { server: servers.broken }),
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
    const told = problemSchema.parse(body);
    assert.equal(told.code, code);
    assert.equal(told.status, status);
    assert.equal(told.type, `urn:abeyance:problem:${code}`);
    assert.ok(told.detail.length > 0);
    assert.deepEqual(
      told.errors.map((error) => error.field),
      fields ?? [],
    );
    if (says !== undefined) assert.ok(told.detail.includes(says), told.detail);
    if (status === 429) assert.match(String(response.headers['retry-after']), /^[1-9]\d*$/);
    else assert.equal(response.headers['retry-after'], status === 503 ? '1' : undefined);
    assert.equal(response.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined);
    assert.doesNotMatch(
      response.body,
      /at file:|\.ts:|select |42P01|ECONNREFUSED|relation /,
      'the inside stays inside',
    );
    assert.deepEqual(await takeSnapshot(pool), before, 'a refusal leaves no trace');
  });

test('every problem code is refused once here, and rendered by the face', () => {
  const codes = [...PROBLEM_ORDER, ...PROBLEM_ANY_TIME];
  const shown = new Set(refusals.map((refusal) => refusal.code));
  assert.deepEqual(
    codes.filter((code) => !shown.has(code)),
    [],
  );
  assert.deepEqual(Object.keys(RENDERINGS).toSorted(), codes.toSorted());
  for (const { code, status } of refusals.filter((refusal) => refusal.status !== 415))
    assert.equal(RENDERINGS[code].status, status);
});
