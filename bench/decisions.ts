/**
 * Decisions in process against a bare `Map.get` over the same keys, memory for a million entities, and the time to
 * load them. Everything is measured within one run, in turns, so that a slow moment meets both sides.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

import { ALL_BUT_EMERGENCY } from '#core/action.ts';
import type { Kind } from '#core/kind.ts';
import { DecisionEngine } from '#decisions/engine.ts';
import { Picture } from '#decisions/picture.ts';
import type { DecisionSource, EntityRow, Head, LoadSink } from '#core/decision-source.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly against: string;
  readonly ratio: number | null;
}

/** A generated tree: chains of accounts of one depth, a domain beneath each last one, SIP accounts beneath those. */
export interface GeneratedTree {
  readonly entities: number;
  /** Links from a SIP account to the platform. */
  readonly depth: number;
}

const PROFILE = {
  name: 'suspended',
  version: 1,
  severity: 500,
  denied: ALL_BUT_EMERGENCY,
  intercepted: 0,
  sipCode: 403,
  httpCode: 403,
  refusalText: 'Account suspended',
  announcement: null,
  sessions: 'finish',
} as const;

/** SIP accounts beneath one domain. */
const ACCOUNTS_PER_DOMAIN = 50;

const uuidOf = (id: number) =>
  `${Math.imul(id, 0x9e3779b1) >>> 0}`.padStart(8, '0').slice(-8) + `-0000-4000-8000-${String(id).padStart(12, '0')}`;

/** Feeds the tree to a sink and gives the keys of its SIP accounts. Each hundredth chain is suspended at its top. */
export function feed(tree: GeneratedTree, sink: LoadSink): void {
  const accounts = tree.depth - 2;
  const perChain = accounts + 1 + ACCOUNTS_PER_DOMAIN;
  let id = 0;
  const add = (kind: Kind, parentId: number | null): number => {
    const row: EntityRow = { uuid: uuidOf(id), kind, parentId, ownerId: null, targetId: null, closedAtMs: null };
    sink.entity(id, row);
    return id++;
  };
  sink.reserve(tree.entities);
  sink.profiles([PROFILE]);
  add('account', null);
  for (let chain = 0; id + perChain <= tree.entities; chain++) {
    let parent = 0;
    for (let level = 0; level < accounts; level++) {
      parent = add('account', parent);
      if (level === 0 && chain % 100 === 0) sink.hold(holdOn(parent));
    }
    const domain = add('sip_domain', parent);
    for (let user = 0; user < ACCOUNTS_PER_DOMAIN; user++) sink.name(keyOf(chain, user), add('sip_account', domain));
  }
}

const keyOf = (chain: number, user: number) => `sip:user${user}@customer${chain}.example.net`;

const holdOn = (entityId: number) => ({
  id: entityId,
  uuid: uuidOf(entityId),
  entityId,
  profile: 'suspended',
  authority: 'platform',
  authorityRank: 30,
  source: 'bench',
  note: null,
  placedBy: 'bench',
  placedAtMs: 1_700_000_000_000,
  sinceMs: 1_700_000_000_000,
  endsAtMs: null,
});

/** A source that gives the generated tree and never changes. */
function generated(tree: GeneratedTree): DecisionSource {
  const head: Head = { epoch: 'bench', revision: 1 };
  return {
    load: (sink) => {
      feed(tree, sink);
      return Promise.resolve(head);
    },
    follow: () => Promise.resolve({ epoch: 'bench', head: 1, first: null, last: null, states: [], profiles: null }),
    listen: () => Promise.resolve({ close: () => Promise.resolve() }),
  };
}

const ROUNDS = 9;

/** Decisions a second against `Map.get` a second over the same keys in the same random order; the median of rounds. */
export async function measureDecide(tree: GeneratedTree): Promise<Measurement> {
  const engine = new DecisionEngine({ source: generated(tree), normaliseSubject: (text) => text });
  await engine.start();
  const bare = new Map<string, number>();
  feed(tree, { ...silent, name: (key, id) => void bare.set(key, id) });
  // Keys of their own, as a request brings them: equal to those of the maps, but not the same objects.
  const keys = shuffled([...bare.keys()].map((key) => Buffer.from(key).toString('latin1')));
  const decideMs: number[] = [];
  const getMs: number[] = [];
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await nextTurn();
    const from = performance.now();
    for (const key of keys) sum += bare.get(key) ?? 0;
    const between = performance.now();
    for (const key of keys) if (engine.decide(key, 'register').effect === 'allow') sum++;
    getMs.push(between - from);
    decideMs.push(performance.now() - between);
  }
  await engine.stop();
  if (sum === 0) throw new Error('nothing was measured');
  const perDecisionNs = (median(decideMs) * 1e6) / keys.length;
  return {
    name: `decision in process, depth ${tree.depth}, ${tree.entities} entities`,
    value: Math.round(perDecisionNs),
    unit: 'ns',
    against: 'Map.get over the same keys',
    ratio: median(getMs) / median(decideMs),
  };
}

/** Heap and buffers of a picture. The process must run with `--expose-gc`. */
export function measureMemory(tree: GeneratedTree): Measurement {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('run with --expose-gc to measure memory');
  const used = () => {
    gc();
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const picture = new Picture();
  feed(tree, picture);
  const megabytes = (used() - before) / 1e6 / (picture.entities.count / 1e6);
  return {
    name: 'memory of a million entities',
    value: Math.round(megabytes),
    unit: 'MB',
    against: '250 MB',
    ratio: megabytes / 250,
  };
}

/** The time until an engine fed by the source is ready; against the goal of 15 seconds for a million. */
export async function measureLoad(source: DecisionSource): Promise<Measurement> {
  const engine = new DecisionEngine({ source, normaliseSubject: (text) => text });
  await engine.start();
  const { loadMs, entities } = engine.metrics();
  await engine.stop();
  if (entities === 0) throw new Error('the engine could not be loaded');
  return {
    name: `load of ${entities} entities`,
    value: Math.round(loadMs),
    unit: 'ms',
    against: '15 s a million',
    ratio: loadMs / ((15_000 * entities) / 1e6),
  };
}

/** All that needs no database. */
export async function measureDecisions(entities = 1_000_000): Promise<Measurement[]> {
  return [
    await measureDecide({ entities, depth: 4 }),
    await measureDecide({ entities, depth: 12 }),
    ...(globalThis.gc === undefined ? [] : [measureMemory({ entities, depth: 6 })]),
  ];
}

const silent: LoadSink = { reserve() {}, entity() {}, name() {}, hold() {}, profiles() {} };

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The same order in every run. */
function shuffled(keys: string[]): string[] {
  let seed = 1;
  for (let at = keys.length - 1; at > 0; at--) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const other = seed % (at + 1);
    [keys[at], keys[other]] = [keys[other] ?? '', keys[at] ?? ''];
  }
  return keys;
}
