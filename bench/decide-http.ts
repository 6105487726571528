/**
 * Decisions over HTTP: the real server and a real socket, against a bare server that answers a constant of equal size,
 * and against the same question put to PostgreSQL.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Order } from './http-client.ts';
import { type Result, inTurns, median, ratePerSecond } from './result.ts';
import { TOKEN, type World, startAbeyance } from './world.ts';

const CONNECTIONS = 8;
const ROUNDS = 7;
const SECONDS = 2;
const SUBJECTS = 10_000;

/** The question as one would put it to the database: name, parents, owner's chain, holds in force. */
const RECURSIVE = `
  with recursive up (id, parent_id, owner_id, closed) as (
    select e.id, e.parent_id, e.owner_id, e.closed_at is not null from identifier i join entity e on e.id = i.entity_id
    where i.scheme = $1 and i.value = $2
    union
    select e.id, e.parent_id, e.owner_id, e.closed_at is not null from up join entity e on e.id in (up.parent_id, up.owner_id)
  )
  select bool_or(up.closed) as closed, bit_or(p.denied) as denied, bit_or(p.intercepted) as intercepted
  from up left join hold h on h.entity_id = up.id and h.activated_at is not null and h.ended_at is null
    left join profile p on p.name = h.profile`;

/** A key of a login that may ask for decisions and nothing else. */
async function makeKey(url: string): Promise<string> {
  const post = async (path: string, body: object): Promise<Record<string, string>> => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as Record<string, string>; // The members that are read are texts.
  };
  const login = await post('/v1/entities/0/logins', { name: `bench-${Date.now()}`, role: 'developer' });
  const { key } = await post(`/v1/logins/${login['id']}/keys`, { name: 'bench', scopes: ['decision:ask'] });
  return key ?? '';
}

export async function benchDecideHttp(world: World): Promise<Result[]> {
  const { rows } = await world.pool.query<{ value: string }>(
    `select value from identifier i join sip_account s on s.entity_id = i.entity_id where scheme = 'sip' order by md5(value) limit ${SUBJECTS}`,
  );
  const paths = rows.map(({ value }) => `/v1/decisions?subject=${encodeURIComponent(`sip:${value}`)}&action=register`);
  const abeyance = await startAbeyance(world, world.connectionString);
  const client = fork(fileURLToPath(new URL('http-client.ts', import.meta.url)));
  const gone = once(client, 'exit').then((): never => {
    throw new Error('the client ended by itself');
  });
  gone.catch(() => {}); // Told to whoever waits for an answer.
  let bare: ChildProcess | null = null;
  try {
    const answer = await fetch(`${abeyance.url}${paths[0]}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    bare = fork(fileURLToPath(new URL('constant-server.ts', import.meta.url)), [String((await answer.text()).length)]);
    const [barePort] = (await once(bare, 'message')) as [number];
    const key = await makeKey(abeyance.url);
    const ask = async (port: number, seconds: number, token = TOKEN): Promise<number> => {
      const order: Order = { port, paths, authorization: `Bearer ${token}`, connections: CONNECTIONS, seconds };
      client.send(order);
      const [rate] = (await Promise.race([once(client, 'message'), gone])) as [number]; // All that it ever sends.
      return rate;
    };
    const port = Number(new URL(abeyance.url).port);
    await ask(port, SECONDS); // Both are warm before they are compared.
    await ask(barePort, SECONDS);
    const compared = await inTurns(
      ROUNDS,
      () => ask(port, SECONDS),
      () => ask(barePort, SECONDS),
    );
    await ask(port, SECONDS, key);
    const keyed = await inTurns(
      ROUNDS,
      () => ask(port, SECONDS, key),
      () => ask(barePort, SECONDS),
    );
    const asked: number[] = [];
    for (let round = 0; round < 3; round += 1) asked.push(await askPostgres(world, rows));
    const postgres = median(asked);
    const value = Math.round(compared.one);
    const figure = { name: 'decision over HTTP', value, unit: 'answers/s' };
    return [
      {
        ...figure,
        against: `node:http answering a constant, ${Math.round(compared.other)}/s`,
        ratio: compared.ratio,
        goal: { of: 'ratio', atLeast: 0.6 },
      },
      {
        name: 'decision over HTTP, by the key of a login',
        value: Math.round(keyed.one),
        unit: 'answers/s',
        against: `node:http answering a constant to anybody, ${Math.round(keyed.other)}/s`,
        ratio: keyed.ratio,
      },
      {
        ...figure,
        against: `a recursive query of PostgreSQL, ${Math.round(postgres)}/s`,
        ratio: compared.one / postgres,
      },
    ];
  } finally {
    client.kill();
    bare?.kill();
    await abeyance.stop();
  }
}

function askPostgres({ pool }: World, subjects: readonly { value: string }[]): Promise<number> {
  let next = 0;
  return ratePerSecond(SECONDS, CONNECTIONS, () =>
    pool.query({ name: 'bench-decide', text: RECURSIVE, values: ['sip', subjects[next++ % subjects.length]?.value] }),
  );
}
