/** The order in which a request is judged: what is wrong in two ways is refused for the one that comes first. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { PROBLEM_ORDER, type ProblemCode } from '#core/problem.ts';
import { type Request, UNKNOWN, get, makeRefusalWorld, patch, post, remove } from '#test/refusal-world.ts';
import { takeSnapshot } from '#test/snapshot.ts';

const { installation, send, tree, servers } = await makeRefusalWorld({ after: (work) => after(work) });
const { pool } = installation;
const { firm, alice, other, closed, inClosed, closedHold, closedAccount, held } = tree;

/** Requests that are wrong in two ways; the first code is the one that is answered. */
const pairs: readonly {
  readonly codes: readonly [ProblemCode, ProblemCode];
  readonly reason: string;
  readonly request: Request;
}[] = [
  {
    codes: ['malformed', 'unauthenticated'],
    reason: 'no JSON, and no token',
    request: post('/v1/accounts', '{', { headers: { 'content-type': 'application/json' }, token: null }),
  },
  {
    codes: ['malformed', 'unauthenticated'],
    reason: 'a limit of nought, and no token',
    request: get('/v1/entities?limit=0', { token: null }),
  },
  {
    codes: ['malformed', 'unauthenticated'],
    reason: 'an unreadable If-Match, and no token',
    request: post(`/v1/entities/${firm.id}/close`, undefined, { headers: { 'if-match': 'x' }, token: null }),
  },
  {
    codes: ['malformed', 'not_found'],
    reason: 'a limit of nought, of what is not there',
    request: get(`/v1/entities/${UNKNOWN}/children?limit=0`),
  },
  {
    codes: ['unauthenticated', 'not_found'],
    reason: 'no token, for what is not there',
    request: get(`/v1/entities/${UNKNOWN}`, { token: null }),
  },
  {
    codes: ['unauthenticated', 'invalid'],
    reason: 'no token, and no name',
    request: post('/v1/accounts', {}, { token: null }),
  },
  {
    codes: ['unauthenticated', 'forbidden'],
    reason: 'no token, for what nobody may',
    request: remove('/v1/profiles/fraud', { token: null }),
  },
  {
    codes: ['not_found', 'forbidden'],
    reason: 'a hold that is not there, asked for by a customer',
    request: remove(`/v1/entities/${held.id}/holds/${UNKNOWN}`, servers.customer),
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'an unknown parent, and a field that does not exist',
    request: post('/v1/accounts', { name: 'x', colour: 'red', parent: UNKNOWN }),
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'an unknown target, and a wrong field',
    request: post('/v1/resources', {
      kind: 'phone_number',
      e164: '12',
      parent: firm.id,
      target: 'sip:nobody@refusals.example',
    }),
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'a move of nothing to nowhere',
    request: post(`/v1/entities/${UNKNOWN}/move`, {}),
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'a transfer of what has no owner, to nobody',
    request: post(`/v1/entities/${firm.id}/transfer`, { owner: UNKNOWN }),
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'a hold of no profile on nothing',
    request: post(`/v1/entities/${UNKNOWN}/holds`, {}),
  },
  {
    codes: ['not_found', 'invalid'],
    reason: 'holds of nothing after a cursor that is none',
    request: get(`/v1/entities/${UNKNOWN}/holds?cursor=x`),
  },
  {
    codes: ['forbidden', 'closed'],
    reason: 'a higher hold beneath a closed node',
    request: remove(`/v1/entities/${inClosed.id}/holds/${closedHold.id}`, servers.customer),
  },
  {
    codes: ['invalid', 'exists'],
    reason: 'a taken domain with an unknown field',
    request: post('/v1/resources', { kind: 'sip_domain', domain: 'refusals.example', colour: 'red', parent: other.id }),
  },
  {
    codes: ['invalid', 'exists'],
    reason: 'a taken user name with an unknown field',
    request: patch(`/v1/entities/${alice.id}`, { username: 'bob', colour: 'red' }),
  },
  {
    codes: ['invalid', 'closed'],
    reason: 'a nameless account beneath a closed one',
    request: post('/v1/accounts', { parent: closed.id }),
  },
  {
    codes: ['invalid', 'closed'],
    reason: 'a closed account moved beneath itself',
    request: post(`/v1/entities/${closed.id}/move`, { parent: inClosed.id }),
  },
  {
    codes: ['invalid', 'held'],
    reason: 'a nameless account beneath a held one',
    request: post('/v1/accounts', { parent: held.id }),
  },
  {
    codes: ['invalid', 'plan_required'],
    reason: 'a hold of no profile on the platform',
    request: post('/v1/entities/0/holds', {}),
  },
  {
    codes: ['exists', 'closed'],
    reason: 'a taken domain beneath a closed account',
    request: post('/v1/resources', { kind: 'sip_domain', domain: 'refusals.example', parent: closed.id }),
  },
  {
    codes: ['exists', 'closed'],
    reason: 'the same hold with another end, beneath a closed node',
    request: post(`/v1/entities/${inClosed.id}/holds`, {
      profile: 'limited',
      source: 'billing',
      endsAt: '2199-01-01T00:00:00Z',
    }),
  },
  {
    codes: ['exists', 'held'],
    reason: 'a taken domain beneath a held account',
    request: post('/v1/resources', { kind: 'sip_domain', domain: 'refusals.example', parent: held.id }),
  },
  {
    codes: ['exists', 'precondition_failed'],
    reason: 'a taken user name for another version',
    request: patch(`/v1/entities/${alice.id}`, { username: 'bob' }, { headers: { 'if-match': '"99"' } }),
  },
  {
    codes: ['closed', 'held'],
    reason: 'an account beneath one that was held and then closed',
    request: post('/v1/accounts', { name: 'x', parent: closed.id }),
  },
  {
    codes: ['closed', 'precondition_failed'],
    reason: 'another version of what is closed',
    request: patch(`/v1/entities/${closedAccount.id}`, { callLimit: 3 }, { headers: { 'if-match': '"99"' } }),
  },
  {
    codes: ['precondition_failed', 'plan_required'],
    reason: 'another version of more than the guard allows',
    request: post(`/v1/entities/${firm.id}/close`, undefined, {
      headers: { 'if-match': '"99"' },
      server: servers.guarded,
    }),
  },
];

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
  const response = await send(post(`/v1/entities/${firm.id}/close`, undefined, { server: servers.guarded }));
  assert.equal(response.json<{ code: string }>().code, 'plan_required');
});
