/**
 * What enforcement costs the servers of the network, and how soon it bites: Kamailio and PowerDNS on our views against
 * themselves on their own plain tables, and the time from the answer to a hold to the first refusal.
 *
 * The load comes from this process, on the same machine: it takes its share of both sides of each ratio.
 */
import type { Cleanup } from '#test/database.ts';
import { setReaderPasswords } from '#test/real-server.ts';

import { NOERROR, type Question, REFUSED, Resolver } from './dns-client.ts';
import { startPlainKamailio, startPlainPowerDns } from './plain-servers.ts';
import { Phones, type Subscriber } from './register-client.ts';
import { type Result, median, percentile } from './result.ts';
import { imapLogin, startDovecot, startKamailio, startPowerDns } from './served.ts';
import { type OtherProcess, TOKEN, type World, startAbeyance } from './world.ts';

const ROUNDS = 5;
const SECONDS = 3;
/** Worker processes of Kamailio, and phones that register at once. */
const WORKERS = 4;
const PHONES = 16;
const QUESTIONS_AT_ONCE = 20;
const SUBJECTS = 20_000;
const HOLDS = 100;
/** Fewer where each waits for a cache of a second. */
const CACHED_HOLDS = 20;
const SIP_FORBIDDEN = 403;
const SIP_OK = 200;
const GOAL_RATIO = { of: 'ratio', atLeast: 0.7 } as const;
const GOAL_SOON = { of: 'value', atMost: 100 } as const;
const GOAL_CACHED = { of: 'value', atMost: 1_200 } as const;

export async function benchDataplane(world: World): Promise<Result[]> {
  const endings: (() => Promise<unknown> | void)[] = [];
  const t: Cleanup = { after: (work) => void endings.push(work) };
  try {
    await setReaderPasswords(world.pool);
    return [
      ...(await benchRegister(t, world)),
      ...(await benchQueries(t, world)),
      ...(await benchTimeToRefusal(t, world)),
    ];
  } finally {
    for (const end of endings.toReversed()) await end();
  }
}

async function benchRegister(t: Cleanup, world: World): Promise<Result[]> {
  const { rows } = await world.pool.query<Subscriber>(
    `select split_part(i.value, '@', 1) as username, split_part(i.value, '@', 2) as domain, s.ha1
      from sip_account s join identifier i on i.entity_id = s.entity_id and i.scheme = 'sip' where s.ha1 is not null
      order by md5(i.value) limit $1`,
    [SUBJECTS],
  );
  const plain = await Phones.open(await startPlainKamailio(t, world, WORKERS), PHONES);
  const served = await Phones.open(await startKamailio(t, world.connectionString, WORKERS), PHONES);
  t.after(() => plain.close());
  t.after(() => served.close());
  let at = 0;
  const next = () => rows[(at += 1) % rows.length] ?? { username: '', domain: '', ha1: '' };
  const rates = { plain: [] as number[], served: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const which of round % 2 === 0 ? (['plain', 'served'] as const) : (['served', 'plain'] as const)) {
      const { rate, statuses } = await (which === 'plain' ? plain : served).registerFor(SECONDS, next);
      if (Object.keys(statuses).some((status) => status !== String(SIP_OK)))
        throw new Error(`${which}: ${JSON.stringify(statuses)}`);
      if (round > 0) rates[which].push(rate); // The first round warms up.
    }
  const [ours, theirs] = [median(rates.served), median(rates.plain)];
  return [
    {
      name: 'Kamailio: registrations through our view',
      value: Math.round(ours),
      unit: '1/s',
      against: `its own subscriber table, ${Math.round(theirs)}/s`,
      ratio: ours / theirs,
      goal: GOAL_RATIO,
    },
  ];
}

async function benchQueries(t: Cleanup, world: World): Promise<Result[]> {
  const { rows } = await world.pool.query<Question>(
    `select name, type from dns_record where type in ('A', 'MX') order by md5(name || type) limit $1`,
    [SUBJECTS],
  );
  const plain = await Resolver.open(await startPlainPowerDns(t, world));
  const served = await Resolver.open((await startPowerDns(t, world.connectionString, 0)).port);
  t.after(() => plain.close());
  t.after(() => served.close());
  let at = 0;
  const next = (): Question => rows[(at += 1) % rows.length] ?? { name: '', type: 'A' };
  const rates = { plain: [] as number[], served: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const which of round % 2 === 0 ? (['plain', 'served'] as const) : (['served', 'plain'] as const)) {
      const { rate, codes } = await (which === 'plain' ? plain : served).askFor(SECONDS, QUESTIONS_AT_ONCE, next);
      if (Object.keys(codes).some((code) => code !== String(NOERROR)))
        throw new Error(`${which}: ${JSON.stringify(codes)}`);
      if (round > 0) rates[which].push(rate);
    }
  const [ours, theirs] = [median(rates.served), median(rates.plain)];
  return [
    {
      name: 'PowerDNS: answers through our views, no cache',
      value: Math.round(ours),
      unit: '1/s',
      against: `its own tables, no cache, ${Math.round(theirs)}/s`,
      ratio: ours / theirs,
      goal: GOAL_RATIO,
    },
  ];
}

/** An account with a line, a zone and a mailbox, and how to hold and resume it. */
async function makeCustomer({ url }: OtherProcess) {
  const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>; // Every answer is an object.
  };
  const create = (kind: string, parent: string, fields: object) =>
    ask('POST', '/v1/resources', { kind, parent, ...fields });
  const reseller = await ask('POST', '/v1/accounts', { parent: '0', name: 'Bench', reseller: true });
  const account = await ask('POST', '/v1/accounts', { parent: reseller['id'], name: 'Customer' });
  const id = String(account['id']);
  const subscriber = { username: 'held', domain: 'bench-sip.example', ha1: '0123456789abcdef0123456789abcdef' };
  const domain = await create('sip_domain', id, { domain: subscriber.domain });
  await create('sip_account', String(domain['id']), { username: subscriber.username, ha1: subscriber.ha1 });
  const zone = await create('dns_zone', id, { name: 'bench-dns.example', nameservers: ['ns1.example'] });
  await create('dns_record', String(zone['id']), { name: 'www.bench-dns.example', type: 'A', value: '198.51.100.7' });
  await create('mailbox', id, { address: 'held@bench-mail.example', passwordHash: '{PLAIN}of-the-benches' });
  const hold = async () => {
    const placed = await ask('POST', `/v1/entities/${id}/holds`, { profile: 'suspended' });
    return async () => void (await ask('DELETE', `/v1/entities/${id}/holds/${String(placed['id'])}`));
  };
  return { subscriber, hold };
}

async function benchTimeToRefusal(t: Cleanup, world: World): Promise<Result[]> {
  const abeyance = await startAbeyance(world, world.connectionString);
  t.after(() => abeyance.stop());
  const { subscriber, hold } = await makeCustomer(abeyance);
  const phones = await Phones.open(await startKamailio(t, world.connectionString, WORKERS), 1);
  const uncached = await Resolver.open((await startPowerDns(t, world.connectionString, 0)).port);
  const powerDns = await startPowerDns(t, world.connectionString, 1);
  const cached = await Resolver.open(powerDns.port);
  const imapPort = await startDovecot(t, world.connectionString);
  for (const client of [phones, uncached, cached]) t.after(() => client.close());
  const asks = (resolver: Resolver) => async () =>
    (await resolver.ask({ name: 'www.bench-dns.example', type: 'A' })) === REFUSED;
  const registers = async () => (await phones.registerOnce(subscriber)) === SIP_FORBIDDEN;
  const signsIn = async () => !(await imapLogin(imapPort, 'held@bench-mail.example', 'of-the-benches'));
  return [
    soonResult('the first refused REGISTER', await timesToRefusal(hold, registers, HOLDS), GOAL_SOON),
    soonResult('the first refused query, no cache', await timesToRefusal(hold, asks(uncached), HOLDS), GOAL_SOON),
    soonResult('the first refused IMAP login', await timesToRefusal(hold, signsIn, HOLDS), GOAL_SOON),
    soonResult(
      'the first refused query, caches as shipped',
      await timesToRefusal(hold, asks(cached), CACHED_HOLDS),
      GOAL_CACHED,
    ),
    soonResult(
      'the first refused query, caches as shipped and purged',
      await timesToRefusal(hold, asks(cached), CACHED_HOLDS, () => powerDns.purge()),
      GOAL_CACHED,
    ),
  ];
}

/** Milliseconds from the answer to a hold, of which the server may be told, until the first refusal; in between all works again. */
async function timesToRefusal(
  hold: () => Promise<() => Promise<void>>,
  isRefused: () => Promise<boolean>,
  count: number,
  told: () => Promise<void> = () => Promise.resolve(),
): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < count; round += 1) {
    while (await isRefused());
    const lift = await hold();
    const from = performance.now();
    await told();
    while (!(await isRefused()));
    times.push(performance.now() - from);
    await lift();
  }
  return times;
}

function soonResult(what: string, times: readonly number[], goal: NonNullable<Result['goal']>): Result {
  const round = (ms: number) => Math.round(ms * 10) / 10;
  return {
    name: `from the answer to a hold to ${what}: p99`,
    value: round(percentile(times, 0.99)),
    unit: 'ms',
    against: `median ${round(median(times))} ms of ${times.length}`,
    ratio: null,
    goal,
  };
}
