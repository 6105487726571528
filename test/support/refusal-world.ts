/** A server with something to refuse: a small tree, and the same server under faults and for others. */
import assert from 'node:assert/strict';

import type { FastifyInstance } from 'fastify';

import { platformActor } from '#operations/context.ts';
import type { Authenticate } from '#faces/shared/actor.ts';
import { unauthenticated } from '#operations/identity/judge-actor.ts';
import { makePool } from '#store/database.ts';

import { type Cleanup } from './database.ts';
import { type Installation, NO_LIMITS, TOKEN, makeApp, testInstallation } from './installation.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly payload: object | string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | null;
  readonly server?: FastifyInstance;
}

type More = Pick<Request, 'headers' | 'token' | 'server'>;

export const get = (url: string, more: More = {}): Request => ({ method: 'GET', url, payload: undefined, ...more });
export const remove = (url: string, more: More = {}): Request => ({
  method: 'DELETE',
  url,
  payload: undefined,
  ...more,
});
export const post = (url: string, payload?: object | string, more: More = {}): Request => ({
  method: 'POST',
  url,
  payload,
  ...more,
});
export const patch = (url: string, payload: object, more: More = {}): Request => ({
  method: 'PATCH',
  url,
  payload,
  ...more,
});

/** An id that nothing has. */
export const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const CUSTOMER_TOKEN = 'the-token-of-a-customer';

type Made = Readonly<Record<string, unknown>> & { readonly id: string };

export type RefusalWorld = Awaited<ReturnType<typeof makeRefusalWorld>>;

export async function makeRefusalWorld(t: Cleanup) {
  const installation = await testInstallation(t);
  const send = ({ method, url, payload, headers = {}, token = TOKEN, server = installation.app }: Request) =>
    server.inject({
      method,
      url,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
  const made = async (url: string, payload?: object, headers: Readonly<Record<string, string>> = {}): Promise<Made> => {
    const response = await send(post(url, payload, { headers }));
    assert.ok(response.statusCode < 300, response.body);
    return response.json();
  };
  const account = (name: string, parent?: string) =>
    made('/v1/accounts', { name, ...(parent === undefined ? {} : { parent }) });
  const firm = await account('Firm');
  const domain = await made('/v1/resources', { kind: 'sip_domain', domain: 'refusals.example', parent: firm.id });
  const alice = await made('/v1/resources', { kind: 'sip_account', username: 'alice', parent: domain.id });
  await made('/v1/resources', { kind: 'sip_account', username: 'bob', parent: domain.id });
  const other = await account('Other firm');
  const closed = await account('Closed firm');
  const inClosed = await account('Team of the closed firm', closed.id);
  const closedHold = await made(`/v1/entities/${inClosed.id}/holds`, { profile: 'limited', source: 'billing' });
  const closedDomain = await made('/v1/resources', {
    kind: 'sip_domain',
    domain: 'refusals-closed.example',
    parent: closed.id,
  });
  const closedAccount = await made('/v1/resources', {
    kind: 'sip_account',
    username: 'carol',
    parent: closedDomain.id,
  });
  await made(`/v1/entities/${closed.id}/holds`, { profile: 'suspended' });
  await made(`/v1/entities/${closed.id}/close`);
  const full = await account('Full firm');
  const granted = { account_credit: 0 };
  assert.equal((await send({ ...post(`/v1/entities/${full.id}/credits`, granted), method: 'PUT' })).statusCode, 200);
  const held = await account('Held firm');
  const platformHold = await made(`/v1/entities/${held.id}/holds`, { profile: 'suspended' });
  await made('/v1/accounts', { name: 'Once' }, { 'idempotency-key': 'used before' });
  await installation.follow();
  return {
    installation,
    send,
    tree: { firm, domain, alice, other, closed, inClosed, closedHold, closedAccount, held, full, platformHold },
    servers: await makeServers(t, installation),
  };
}

async function makeServers(t: Cleanup, { context, connectionString }: Installation) {
  const own = async (part: Partial<Installation['context']>, options?: Parameters<typeof makeApp>[1]) => {
    const server = await makeApp({ ...context, ...part }, options);
    t.after(() => server.close());
    return server;
  };
  const withPool = async (options: Parameters<typeof makePool>[0]) => {
    const pool = makePool(options);
    t.after(() => pool.end());
    return own({ pool });
  };
  const away = new URL(connectionString);
  away.port = '1';
  const blind = new URL(connectionString);
  blind.searchParams.set('options', '-c search_path=nowhere');
  const authenticate: Authenticate = ({ authorization }, request) => {
    if (authorization !== `Bearer ${CUSTOMER_TOKEN}`) throw unauthenticated();
    return { ...platformActor('token:customer', request), authority: 'customer' };
  };
  const crowded = await own({}, { settings: { ...NO_LIMITS, rateLimitAddress: 1 } });
  await crowded.inject('/v1/status');
  return {
    /** The address of the tests has asked it too often. */
    crowded,
    /** What a customer's request adds. */
    customer: { token: CUSTOMER_TOKEN, server: await own({}, { authenticate }) },
    withoutDatabase: await withPool({ connectionString: away.href }),
    impatient: await withPool({ connectionString, statementTimeoutMs: 250 }),
    broken: await withPool({ connectionString: blind.href }),
    /** Two entities are too many for its guard. */
    guarded: await own({ settings: { ...context.settings, guardLimit: 1 } }),
  };
}
