/**
 * The account APIs against the native one, over real sockets on one server: reading an account and a page of its numbers,
 * suspending a large and a small subtree, and creating accounts, each of which has a password to be hashed.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Order } from './http-client.ts';
import { type Result, inTurns, median, ratePerSecond, timeMs } from './result.ts';
import { findSubtrees } from './subtree.ts';
import { TOKEN, type World, startAbeyance } from './world.ts';

const RESTCOMM = '/restcomm/2012-04-24';
const TWILIO = '/2010-04-01';
const CONNECTIONS = 8;
const ROUNDS = 5;
const SECONDS = 2;
/** Numbers of the account that is read, of which a page has some. */
const NUMBERS = 200;
const PAGE = 50;
const STATUS_ROUNDS = 25;
const SMALL = 100;
/** What may be suspended without raising the guard of these faces (`ABEYANCE_FACE_GUARD_LIMIT`). */
const GUARDED = 10_000;

type Answered = Readonly<Record<string, unknown>>;

interface Server {
  readonly port: number;
  /** Asks natively, as the administrator. */
  native(method: string, path: string, body: object): Promise<Answered>;
  /** Sends a form in the name of an account. */
  form(
    authorization: string,
    method: string,
    path: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<Answered>;
}

interface Subject {
  readonly id: string;
  readonly sid: string;
  /** By SID and token, and natively by a key of a login of the account. */
  readonly basic: string;
  readonly bearer: string;
}

export async function benchFaces(world: World): Promise<Result[]> {
  const abeyance = await startAbeyance(world, world.connectionString);
  try {
    const server = serverAt(abeyance.url);
    const operator = await giveLogin(server, '0', 'bench-operator@accounts.example');
    const { items } = (await server.native('GET', '/v1/entities/0/logins', {})) as { items: readonly Answered[] };
    const own = items.find(({ name }) => name === 'bench-operator@accounts.example');
    // The guard of these faces is for mistakes; here whole operators are suspended on purpose.
    await server.native('PATCH', `/v1/logins/${String(own?.['id'])}`, { guardLimit: 1_000_000_000 });
    return [
      ...(await benchReading(server, await makeSubject(server))),
      ...(await benchStatus(world, server, operator.basic)),
      ...(await benchCreating(server, operator.basic)),
    ];
  } finally {
    await abeyance.stop();
  }
}

function serverAt(url: string): Server {
  const ask = async (path: string, init: RequestInit): Promise<Answered> => {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as Answered; // Ours, which answers objects.
  };
  const json = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  return {
    port: Number(new URL(url).port),
    native: (method, path, body) =>
      ask(path, { method, headers: json, ...(method === 'GET' ? {} : { body: JSON.stringify(body) }) }),
    form: (authorization, method, path, fields) =>
      ask(path, { method, headers: { authorization }, body: new URLSearchParams(fields) }),
  };
}

async function giveLogin(server: Server, id: string, email: string): Promise<{ sid: string; basic: string }> {
  const login = { email, password: `A password of ${email}`, role: 'Administrator' };
  const { sid, token } = await server.native('PUT', `/v1/entities/${id}/account-login`, login);
  return { sid: String(sid), basic: `Basic ${Buffer.from(`${String(sid)}:${String(token)}`).toString('base64')}` };
}

/** An account with its own numbers, a login for these faces, and a key for the native one. */
async function makeSubject(server: Server): Promise<Subject> {
  const account = await server.native('POST', '/v1/accounts', { name: 'Read by the bench' });
  const id = String(account['id']);
  await server.native('POST', '/v1/bulk', {
    items: Array.from({ length: NUMBERS }, (_, index) => ({
      op: 'create',
      body: { kind: 'phone_number', parent: id, e164: `+88310${String(index).padStart(6, '0')}` },
    })),
  });
  const login = await server.native('POST', `/v1/entities/${id}/logins`, {
    name: `bench-${id}`,
    role: 'administrator',
  });
  const { key } = await server.native('POST', `/v1/logins/${String(login['id'])}/keys`, { name: 'bench' });
  return { id, ...(await giveLogin(server, id, 'bench-read@accounts.example')), bearer: `Bearer ${String(key)}` };
}

async function benchReading({ port }: Server, { id, sid, basic, bearer }: Subject): Promise<Result[]> {
  const client = fork(fileURLToPath(new URL('http-client.ts', import.meta.url)));
  const gone = once(client, 'exit').then((): never => {
    throw new Error('the client ended by itself');
  });
  gone.catch(() => {}); // Told to whoever waits for an answer.
  const rateOf = async (path: string, authorization: string): Promise<number> => {
    const order: Order = { port, paths: [path], authorization, connections: CONNECTIONS, seconds: SECONDS };
    client.send(order);
    const [rate] = (await Promise.race([once(client, 'message'), gone])) as [number]; // All that it ever sends.
    return rate;
  };
  const faces = [
    ['Restcomm, XML', `${RESTCOMM}/Accounts/${sid}`, '/IncomingPhoneNumbers'],
    ['Restcomm, JSON', `${RESTCOMM}/Accounts.json/${sid}`, '/IncomingPhoneNumbers'],
    ['Twilio', `${TWILIO}/Accounts/${sid}`, '/IncomingPhoneNumbers.json'],
  ] as const;
  const things = [
    ['read an account', (base: string) => (base.startsWith(TWILIO) ? `${base}.json` : base), `/v1/entities/${id}`],
    [
      `list ${PAGE} numbers of ${NUMBERS}`,
      (base: string, numbers: string) => `${base}${numbers}?PageSize=${PAGE}`,
      `/v1/entities/${id}/children?kind=phone_number&limit=${PAGE}&total=exact`,
    ],
  ] as const;
  const results: Result[] = [];
  try {
    for (const [what, pathOf, native] of things) {
      await rateOf(native, bearer); // Both are warm before they are compared.
      for (const [face, base, numbers] of faces) {
        const path = pathOf(base, numbers);
        await rateOf(path, basic);
        const compared = await inTurns(
          ROUNDS,
          () => rateOf(path, basic),
          () => rateOf(native, bearer),
        );
        results.push({
          name: `${what}, ${face}`,
          value: Math.round(compared.one),
          unit: 'answers/s',
          against: `the native API, ${Math.round(compared.other)}/s`,
          ratio: compared.ratio,
          goal: { of: 'ratio', atLeast: 0.5 },
        });
      }
    }
    return results;
  } finally {
    client.kill();
  }
}

/**
 * `Status=suspended` and `active` on a small subtree, one that the guard just lets pass, and the whole operator, until the
 * answer that decisions include it.
 */
async function benchStatus(world: World, server: Server, authorization: string): Promise<Result[]> {
  const { large: all, small } = await findSubtrees(world, SMALL);
  const { small: guarded } = await findSubtrees(world, GUARDED - 1);
  const sizes = [all, guarded, small];
  const { rows } = await world.pool.query<{ id: number; uuid: string }>(
    'select id, uuid from entity where id = any($1)',
    [sizes.map(({ id }) => id)],
  );
  const set = (id: number, status: string): Promise<number> => {
    const sid = `AC${rows.find((row) => row.id === id)?.uuid.replaceAll('-', '')}`;
    return timeMs(() => server.form(authorization, 'PUT', `${RESTCOMM}/Accounts.json/${sid}`, { Status: status }));
  };
  const times = sizes.map(() => ({ suspended: [] as number[], active: [] as number[] }));
  for (let round = 0; round < STATUS_ROUNDS; round += 1)
    for (let place = 0; place < sizes.length; place += 1) {
      // Whoever comes first finds caches cold: they take turns at that.
      const which = (round + place) % sizes.length;
      const { id } = sizes[which] ?? small;
      times[which]?.suspended.push(await set(id, 'suspended'));
      times[which]?.active.push(await set(id, 'active'));
    }
  const results: Result[] = [];
  for (const status of ['suspended', 'active'] as const) {
    const medians = times.map((one) => median(one[status]));
    const [ofAll = 0, ofGuarded = 0, ofSmall = 0] = medians;
    for (const [{ beneath }, ms] of [
      [all, ofAll],
      [guarded, ofGuarded],
    ] as const)
      results.push({
        name: `Status=${status}, ${beneath} beneath`,
        value: Math.round(ms * 10) / 10,
        unit: 'ms',
        against: `${small.beneath} beneath, ${Math.round(ofSmall * 10) / 10} ms`,
        ratio: ms / ofSmall,
      });
  }
  return results;
}

async function benchCreating(server: Server, authorization: string): Promise<Result[]> {
  let count = 0;
  const withPassword = () => {
    count += 1;
    const fields = { EmailAddress: `made-${count}@accounts.example`, Password: `Made here, ${count}` };
    return server.form(authorization, 'POST', `${RESTCOMM}/Accounts.json`, fields);
  };
  const byName = () =>
    server.form(authorization, 'POST', `${TWILIO}/Accounts.json`, { FriendlyName: `Made ${(count += 1)}` });
  const natively = () => server.native('POST', '/v1/accounts', { name: `Made ${(count += 1)}` });
  const results: Result[] = [];
  for (const [name, make] of [
    ['Restcomm, with a password', withPassword],
    ['Twilio, by name alone', byName],
  ] as const) {
    const compared = await inTurns(
      3,
      () => ratePerSecond(SECONDS * 2, CONNECTIONS, make),
      () => ratePerSecond(SECONDS * 2, CONNECTIONS, natively),
    );
    results.push({
      name: `create accounts, ${name}, ${CONNECTIONS} clients`,
      value: Math.round(compared.one),
      unit: 'accounts/s',
      against: `the native API without a login, ${Math.round(compared.other)}/s`,
      ratio: compared.ratio,
    });
  }
  return results;
}
