/**
 * Random steps of a history. A step is only a wish with a few numbers; it becomes an operation when it meets the tree,
 * so that any step can be left out of a history that fails and the rest still means something.
 */
import type { Authority } from '#core/authority.ts';
import type { Kind } from '#core/kind.ts';

import { pick } from '../../scripts/random.ts';
import type { ModelActor, Operation, Times } from './history-judge.ts';
import { type ModelNode, type ModelProfile, type World, lineOf, makeNode, nameOf } from './history-model.ts';

const WEIGHTS = {
  account: 30,
  resource: 22,
  hold: 17,
  lift: 5,
  liftLatest: 9,
  due: 7,
  move: 7,
  transfer: 4,
  close: 2,
} as const;
type StepType = keyof typeof WEIGHTS;

export interface Step {
  readonly type: StepType;
  /** From 0 up to 1. */
  readonly dice: readonly [number, number, number, number, number];
}

const STEPS_MIN = 5;
/** The chance that a history goes on after each step beyond the first ones: most are short, some are long. */
const GOES_ON = { short: 0.65, long: 0.93 } as const;
const STEPS_MAX = 44;

/** A history: some random steps, and at the end a hold or two that are lifted again in either order. */
export function randomSteps(random: () => number): Step[] {
  const steps: Step[] = [];
  const add = (type: StepType) => steps.push({ type, dice: [random(), random(), random(), random(), random()] });
  add('account');
  // Some begin with many accounts, most of them beneath one another.
  if (random() < 0.08) for (let depth = 2; depth < 15; depth++) add('account');
  const goesOn = random() < 0.12 ? GOES_ON.long : GOES_ON.short;
  while (steps.length < STEPS_MIN || (steps.length < STEPS_MAX && random() < goesOn)) add(randomType(random()));
  if (random() < 0.5) for (const type of ['hold', 'liftLatest'] as const) add(type);
  return steps;
}

const TOTAL = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);

function randomType(number: number): StepType {
  let left = number * TOTAL;
  for (const [type, weight] of Object.entries(WEIGHTS)) {
    left -= weight;
    if (left < 0) return type as StepType; // A key of the table.
  }
  return 'account';
}

export interface Cast {
  readonly actors: readonly [ModelActor, ...ModelActor[]];
  readonly profiles: readonly ModelProfile[];
  readonly times: Times;
}

/** As deep as accounts go here. */
export const DEPTH_MAX = 12;
const NODES_MAX = 26;
const FOREIGN_MAX = 5;
const RESOURCES: readonly Kind[] = [
  'sip_domain',
  'sip_account',
  'sip_account',
  'sip_account',
  'phone_number',
  'foreign',
  'mailbox',
];
const WORDS = ['ann', 'bob', 'cem'];

/** What a step means in a tree as it is; null when it means nothing there. */
export function operationOf(world: World, step: Step, cast: Cast): Operation | null {
  const [a, b, c, d, e] = step.dice;
  const { nodes } = world;
  if (nodes.length === 0)
    return {
      type: 'create',
      node: makeNode({ kind: 'account', parent: world.platform, isReseller: true }),
      owner: null,
    };
  // The platform is chosen now and then, as nobody should.
  const any = (number: number): ModelNode => (number < 0.02 ? world.platform : pick(nodes, (number - 0.02) / 0.98));
  switch (step.type) {
    case 'account':
      return nodes.length < NODES_MAX ? createAccount(world, step) : null;
    case 'resource':
      return nodes.length < NODES_MAX ? createResource(world, step) : null;
    case 'hold': {
      const actor = d < 0.75 ? cast.actors[0] : pick(cast.actors, (d - 0.75) * 4);
      const authority: Authority | null = c < 0.7 ? null : pick(['customer', 'reseller', 'platform'], (c - 0.7) / 0.3);
      const { startsAt, endsAt } = periodOf(e, cast.times);
      const ref = pick([null, null, 'a', 'b'], (c * 100) % 1);
      // Owners rather often: what they own elsewhere is reached by them alone.
      const owners = nodes.flatMap((owned) => owned.owner ?? []);
      const node = owners.length > 0 && (a * 100) % 1 < 0.3 ? pick(owners, a) : any(a);
      return { type: 'hold', node, actor, profile: pick(cast.profiles, b), authority, ref, startsAt, endsAt };
    }
    case 'lift': {
      if (world.holds.length === 0) return null;
      const hold = pick(world.holds, a);
      const actor = b < 0.6 ? cast.actors[0] : pick(cast.actors, (b - 0.6) / 0.4);
      return { type: 'lift', node: c < 0.97 ? hold.node : any(d), actor, hold };
    }
    case 'liftLatest': {
      const open = world.holds.filter((hold) => hold.state !== 'ended').slice(-2);
      if (open.length === 0) return null;
      const hold = pick(open, a);
      return { type: 'lift', node: hold.node, actor: cast.actors[0], hold };
    }
    case 'due': {
      const starting = world.holds.filter((hold) => hold.state === 'scheduled');
      const ending = world.holds.filter((hold) => hold.state !== 'ended' && hold.endsAt !== null);
      const [what, holds] =
        (b < 0.5 && starting.length > 0) || ending.length === 0
          ? (['start', starting] as const)
          : (['end', ending] as const);
      return holds.length === 0 ? null : { type: 'due', hold: pick(holds, a), what };
    }
    case 'move':
      return { type: 'move', node: any(a), to: b < 0.75 ? pick(likelyParents(world, any(a)), c) : any(c) };
    case 'transfer': {
      const leaves = nodes.filter((node) => ['sip_account', 'phone_number', 'mailbox'].includes(node.kind));
      const node = leaves.length > 0 && a < 0.95 ? pick(leaves, b) : any(b);
      return { type: 'transfer', node, to: c < 0.2 ? null : c < 0.95 ? pick(accountsOf(world), d) : any(d) };
    }
    case 'close':
      // Rather what is young than the top, or most histories would end there.
      return { type: 'close', node: a < 0.05 ? any(b) : pick(nodes.slice(Math.floor(nodes.length / 2)), b) };
  }
}

function accountsOf(world: World): ModelNode[] {
  return world.nodes.filter((node) => node.kind === 'account');
}

function likelyParents(world: World, node: ModelNode): ModelNode[] {
  const kind = node.kind === 'sip_account' ? 'sip_domain' : 'account';
  const parents = world.nodes.filter(
    (other) => other.kind === kind && (kind !== 'account' || depthOf(other) + heightOf(node) <= DEPTH_MAX),
  );
  return parents.length > 0 ? parents : [world.platform];
}

/** Accounts from the platform, which is none, down to this one. */
export function depthOf(node: ModelNode): number {
  return lineOf(node).filter((above) => above.kind === 'account').length - 1;
}

function heightOf(node: ModelNode): number {
  return node.kind === 'account' ? 1 + Math.max(0, ...[...node.children].map(heightOf)) : 0;
}

function createAccount(world: World, { dice: [a, b, c] }: Step): Operation {
  const accounts = accountsOf(world).filter((account) => depthOf(account) < DEPTH_MAX);
  const latest = accounts.at(-1);
  let parent = a < 0.6 && latest !== undefined ? latest : pick([world.platform, ...accounts], b);
  if (c > 0.97) parent = pick(world.nodes, b);
  const isReseller = parent === world.platform || (c > 0.3 && c < 0.45);
  return { type: 'create', node: makeNode({ kind: 'account', parent, isReseller }), owner: null };
}

function createResource(world: World, { dice: [a, b, c, d, e] }: Step): Operation {
  const { nodes } = world;
  let kind = pick(RESOURCES, a);
  const domains = nodes.filter((node) => node.kind === 'sip_domain');
  const foreign = nodes.filter((node) => node.kind === 'foreign');
  if (kind === 'sip_account' && domains.length === 0) kind = 'sip_domain';
  if (kind === 'foreign' && foreign.length >= FOREIGN_MAX) kind = 'mailbox';
  const accounts = accountsOf(world);
  const parents = kind === 'sip_account' ? domains : kind === 'foreign' ? [...foreign, ...accounts] : accounts;
  const parent = b > 0.98 || parents.length === 0 ? pick(nodes, c) : pick(parents, c);
  const isLeaf = kind === 'sip_account' || kind === 'phone_number' || kind === 'mailbox';
  const owner = !isLeaf || d < 0.4 ? null : d < 0.96 ? pick(accounts, (d - 0.4) / 0.56) : pick(nodes, e);
  const users = nodes.filter((node) => node.kind === 'sip_account');
  const target = kind === 'phone_number' && users.length > 0 && e < 0.7 ? pick(users, e / 0.7) : null;
  return { type: 'create', node: makeNode({ kind, parent, target, word: wordOf(world, kind, e) }), owner };
}

/** Few words, so that names meet. */
function wordOf(world: World, kind: Kind, number: number): string {
  const word = pick(WORDS, (number * 1000) % 1);
  switch (kind) {
    case 'sip_domain':
      return `${word}.history-${world.number}.example`;
    case 'phone_number':
      return `+3197${String(world.number).padStart(7, '0')}${word.charCodeAt(0) % 10}`;
    case 'mailbox':
      return `${word}@history-${world.number}.example`;
    default:
      return word;
  }
}

function periodOf(number: number, times: Times): { startsAt: number | null; endsAt: number | null } {
  return {
    startsAt: number % 0.5 < 0.12 ? times.futureStart : null,
    endsAt: number < 0.3 ? times.futureEnd : null,
  };
}

/** An operation in words, for whoever reads of a failure. */
export function describe(operation: Operation): string {
  const of = (node: ModelNode | null) =>
    node === null ? 'nobody' : node.parent === null ? 'the platform' : `${node.kind} ${node.id}`;
  switch (operation.type) {
    case 'create':
      return `create ${operation.node.kind} ${nameOf(operation.node) ?? ''} beneath ${of(operation.node.parent)}, owner ${of(operation.owner)}, target ${of(operation.node.target)}${operation.node.isReseller ? ', a reseller' : ''}`;
    case 'hold':
      return `hold ${of(operation.node)} by ${operation.actor.name}: ${operation.profile.name}, authority ${operation.authority ?? 'own'}, reference ${operation.ref ?? 'none'}, from ${operation.startsAt ?? 'now'} to ${operation.endsAt ?? 'ever'}`;
    case 'lift':
      return `lift ${operation.hold.profile.name} of ${of(operation.hold.node)} on ${of(operation.node)} by ${operation.actor.name}`;
    case 'close':
      return `close ${of(operation.node)}`;
    case 'move':
      return `move ${of(operation.node)} beneath ${of(operation.to)}`;
    case 'transfer':
      return `transfer ${of(operation.node)} to ${of(operation.to)}`;
    case 'due':
      return `the ${operation.what} of ${operation.hold.profile.name} on ${of(operation.hold.node)} comes`;
  }
}
