/** Zones whose records have owners near and far, and random changes to all that reaches them. */
import fc from 'fast-check';

import { runDueHolds } from '#operations/run-due-holds.ts';

import type { Installation } from './installation.ts';
import { type Ask, administrator, made } from './people.ts';

export interface SerialWorld {
  readonly ask: Ask;
  readonly accounts: readonly string[];
  readonly zones: readonly string[];
  /** Records and numbers; grows. */
  readonly leaves: string[];
  readonly holds: { readonly entity: string; readonly id: string }[];
  runScheduler(): Promise<void>;
}

export const PROFILES = ['suspended', 'limited', 'gone', 'parked', 'changing'] as const;

/** Two resellers' trees, and two accounts of no reseller that own in each other's zones. */
export async function makeSerialWorld(installation: Installation): Promise<SerialWorld> {
  const ask = administrator(installation.app);
  const account = async (name: string, parent = '0', reseller = false) =>
    String((await made(ask('POST', '/v1/accounts', { name, parent, reseller })))['id']);
  const resource = async (kind: string, parent: string, fields: object) =>
    String((await made(ask('POST', '/v1/resources', { kind, parent, ...fields })))['id']);
  const profile = (name: string, body: object) => made(ask('PUT', `/v1/profiles/${name}`, body));
  await profile('gone', { denied: ['dns'], severity: 300, systems: { powerdns: { answer: 'nxdomain' } } });
  await profile('parked', {
    intercepted: ['dns'],
    severity: 200,
    systems: { powerdns: { answer: 'parked', addresses: ['192.0.2.80'] } },
  });
  await profile('changing', { denied: [] });
  const reseller = await account('Reseller', '0', true);
  const upper = await account('Upper', reseller);
  const lower = await account('Lower', upper);
  const beside = await account('Beside', reseller);
  const [one, two] = [await account('One'), await account('Two')];
  const zone = await resource('dns_zone', lower, { name: 'lower.example', serial: 4_294_967_000 });
  const range = await resource('enum_range', upper, { prefix: '3120' });
  const wider = await resource('enum_range', upper, { prefix: '312' });
  const shared = await resource('dns_zone', one, { name: 'one.example' });
  const mappings = [{ order: 1, preference: 1, flags: 'u', service: 'E2U+sip', regexp: '!^.*$!sip:a@b.example!' }];
  const leaves = [
    await resource('dns_record', zone, { name: 'a.lower.example', type: 'A', value: '192.0.2.1' }),
    await resource('dns_record', zone, { name: 'b.lower.example', type: 'A', value: '192.0.2.2', owner: beside }),
    await resource('dns_record', shared, { name: 'c.one.example', type: 'A', value: '192.0.2.3', owner: two }),
    await resource('enum_number', range, { digits: '31201', mappings, owner: beside }),
  ];
  return {
    ask,
    accounts: [reseller, upper, lower, beside, one, two],
    zones: [zone, range, shared, wider],
    leaves,
    holds: [],
    async runScheduler() {
      await runDueHolds(installation.context);
    },
  };
}

export interface SerialStep {
  readonly what: string;
  run(world: SerialWorld): Promise<void>;
}

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(list.length, 1)];
let count = 0;

const seed = fc.nat(1_000_000);
const step = (what: string, weight: number, run: (world: SerialWorld, a: number, b: number) => Promise<unknown>) => ({
  weight,
  arbitrary: fc.tuple(seed, seed).map(([a, b]): SerialStep => ({
    what: `${what} ${a} ${b}`,
    async run(world) {
      await run(world, a, b); // Whatever is refused changes nothing.
    },
  })),
});

/** Any change that can reach a zone, and some that cannot. */
export const serialStep: fc.Arbitrary<SerialStep> = fc.oneof(
  step('hold', 6, async (world, a, b) => {
    const entity = pick([...world.accounts, ...world.zones, ...world.leaves], a) ?? '';
    const endsAt = b % 4 === 0 ? { endsAt: new Date(Date.now() + 50).toISOString() } : {};
    const { status, body } = await world.ask('POST', `/v1/entities/${entity}/holds`, {
      profile: pick(PROFILES, b),
      source: `source ${(count += 1)}`,
      ...endsAt,
    });
    if (status === 201) world.holds.push({ entity, id: String(body['id']) });
  }),
  step('lift', 6, async (world, a) => {
    const [hold] = world.holds.splice(a % Math.max(world.holds.length, 1), 1);
    if (hold !== undefined) await world.ask('DELETE', `/v1/entities/${hold.entity}/holds/${hold.id}`);
  }),
  step('scheduler', 2, (world) => world.runScheduler()),
  step('create', 2, async (world, a, b) => {
    const [parent, name] = a % 2 === 0 ? [world.zones[0], 'lower.example'] : [world.zones[2], 'one.example'];
    const owner = b % 3 === 0 ? {} : { owner: pick(world.accounts, b) };
    const { status, body } = await world.ask('POST', '/v1/resources', {
      kind: 'dns_record',
      parent,
      name: `n${(count += 1)}.${name}`,
      type: 'A',
      value: '192.0.2.9',
      ...owner,
    });
    if (status === 201) world.leaves.push(String(body['id']));
  }),
  step('edit', 3, (world, a, b) =>
    world.ask('PATCH', `/v1/entities/${pick(world.leaves, a) ?? ''}`, { value: `192.0.2.${b % 250}` }),
  ),
  step('edit zone', 1, (world, a, b) =>
    world.ask('PATCH', `/v1/entities/${pick(world.zones, a) ?? ''}`, { ttl: 60 + (b % 9) }),
  ),
  step('transfer', 3, (world, a, b) =>
    world.ask('POST', `/v1/entities/${pick(world.leaves, a) ?? ''}/transfer`, {
      owner: b % 4 === 0 ? null : pick(world.accounts, b),
    }),
  ),
  step('move', 2, (world, a, b) =>
    world.ask('POST', `/v1/entities/${pick([...world.accounts, ...world.zones], a) ?? ''}/move`, {
      parent: pick(world.accounts, b),
    }),
  ),
  step('move a leaf', 2, (world, a, b) =>
    world.ask('POST', `/v1/entities/${pick(world.leaves, a) ?? ''}/move`, { parent: pick(world.zones, b) }),
  ),
  step('close a leaf', 1, (world, a) => world.ask('POST', `/v1/entities/${pick(world.leaves, a) ?? ''}/close`, {})),
  step('close an owner', 1, (world, a) =>
    a % 7 === 0 ? world.ask('POST', `/v1/entities/${world.accounts[3] ?? ''}/close`, {}) : Promise.resolve(),
  ),
  step('reseller', 1, (world, a, b) =>
    world.ask('PATCH', `/v1/entities/${pick(world.accounts, a) ?? ''}`, { reseller: b % 2 === 0 }),
  ),
  step('rename', 1, (world, a, b) =>
    world.ask('PATCH', `/v1/entities/${pick(world.accounts, a) ?? ''}`, { name: `Name ${b}` }),
  ),
  step('profile', 2, (world, a, b) =>
    world.ask('PUT', '/v1/profiles/changing', {
      denied: a % 3 === 0 ? ['dns'] : ['call.out'],
      intercepted: a % 3 === 1 ? ['dns'] : [],
      severity: b % 900,
      systems: { powerdns: { answer: 'parked', addresses: [`192.0.2.${b % 250}`] } },
    }),
  ),
);
