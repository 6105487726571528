/** Carries out what people want in a history of the reconciler, by the operations, and takes it into the model. */
import { Problem } from '#core/problem.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { moveEntity } from '#operations/move-entity.ts';
import type { Performed } from '#operations/perform.ts';
import { placeHold } from '#operations/place-hold.ts';
import { putProfile } from '#operations/put-profile.ts';

import { pick } from '../../scripts/random.ts';
import { type ModelHold, type ModelNode, isClosed, lineOf, makeNode } from './history-model.ts';
import { ADMIN, type Installation } from './installation.ts';
import type { Step } from './reconcile-steps.ts';
import { BODIES, EFFECTS, type Story, countTargets, noteWanted, openHolds } from './reconcile-story.ts';

const NODES_MAX = 16;

/** Does what a step wants, where it means something in the tree as it is and is not refused. */
export async function act(here: Installation, story: Story, { type, dice: [a, b, c] }: Step): Promise<void> {
  const nodes = story.world.nodes;
  switch (type) {
    case 'hold':
      return hold(here, story, pick(nodes, a), b, pick([null, 'a', 'b'], c));
    case 'lift': {
      const open = openHolds(story);
      return open.length === 0 ? undefined : lift(here, story, pick(open, a));
    }
    case 'move': {
      const node = pick(nodes, a);
      const to = nodes.filter((other) => other.kind === 'account' && !lineOf(other).includes(node));
      return node.parent === story.world.platform || to.length === 0 ? undefined : move(here, story, node, pick(to, b));
    }
    case 'create':
      return nodes.length >= NODES_MAX ? undefined : create(here, story, a, b, c);
    case 'close':
      return close(here, story, pick(nodes.slice(Math.floor(nodes.length / 2)), a));
    case 'profile':
      return editProfile(here, story, pick(['full', 'part'] as const, a));
    default:
      throw new Error(`${type} is nothing that people want`);
  }
}

/** Performs; a refusal changes nothing, and answers null. */
async function done<T>(work: Promise<Performed<T>>): Promise<Performed<T> | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Problem && ['closed', 'held', 'exists', 'invalid'].includes(error.code)) return null;
    throw error;
  }
}

function expect(story: Story, what: string, revision: number | null, nodes: readonly ModelNode[]): void {
  noteWanted(story);
  story.operations += 1;
  story.log.push(`${what} -> ${revision}`);
  if (revision !== null) story.expected.push({ revision, what, targets: countTargets(story, nodes) });
}

async function hold(here: Installation, story: Story, node: ModelNode, dice: number, ref: string | null) {
  const profile = pick(story.profiles, dice);
  const placed = await done(
    placeHold(here.context, ADMIN, node.id, { profile: profile.name, source: 'story', externalRef: ref }),
  );
  if (placed === null || !placed.value.isNew) return;
  const added: ModelHold = {
    uuid: placed.value.hold.id,
    node,
    profile,
    authority: 'platform',
    isOwnLevel: true,
    source: 'story',
    ref,
    startsAt: Number.NaN,
    endsAt: null,
    state: 'in force',
  };
  node.holds.push(added);
  story.world.holds.push(added);
  expect(story, `hold ${node.kind} ${node.id} by ${profile.name}`, placed.revision, [node]);
}

async function lift(here: Installation, story: Story, held: ModelHold) {
  const lifted = await done(liftHold(here.context, ADMIN, held.node.id, held.uuid));
  if (lifted === null) return;
  held.state = 'ended';
  expect(story, `lift ${held.profile.name} of ${held.node.kind} ${held.node.id}`, lifted.revision, [held.node]);
}

async function move(here: Installation, story: Story, node: ModelNode, to: ModelNode) {
  const moved = await done(moveEntity(here.context, ADMIN, node.id, to.id));
  if (moved === null) return;
  node.parent?.children.delete(node);
  node.parent = to;
  to.children.add(node);
  expect(story, `move ${node.kind} ${node.id} beneath ${to.id}`, moved.revision, [node]);
}

async function close(here: Installation, story: Story, node: ModelNode) {
  if (node.isClosed) return;
  const closed = await done(closeEntity(here.context, ADMIN, node.id));
  if (closed === null) return;
  node.isClosed = true;
  expect(story, `close ${node.kind} ${node.id}`, closed.revision, [node]);
}

async function editProfile(here: Installation, story: Story, to: keyof typeof BODIES) {
  const profile = story.profiles.at(-1);
  if (profile === undefined || profile.effects === EFFECTS[to]) return;
  const edited = await done(putProfile(here.context, ADMIN, profile.name, BODIES[to]));
  if (edited === null) return;
  profile.effects = EFFECTS[to];
  const held = openHolds(story).filter((one) => one.profile === profile);
  expect(
    story,
    `edit ${profile.name}: ${to}`,
    edited.revision,
    held.map((one) => one.node),
  );
}

async function create(here: Installation, story: Story, a: number, b: number, c: number) {
  const accounts = story.world.nodes.filter((node) => node.kind === 'account');
  const parents = accounts.filter((node) => !isClosed(node));
  if (parents.length === 0) return;
  const node = makeNode({ kind: a < 0.25 ? 'account' : 'foreign', parent: pick(parents, b) });
  const system = pick(story.systems, c);
  const made = await done(createEntity(here.context, ADMIN, inputOf(story, node, system.name)));
  if (made === null) return;
  node.id = made.value.number;
  story.world.add(node);
  if (node.kind === 'foreign') story.systemOf.set(node, system);
  expect(story, `create ${node.kind} ${node.id} beneath ${node.parent?.id}`, made.revision, [node]);
}

let references = 0;

/** What a node is created from. */
export function inputOf(story: Story, { kind, parent }: ModelNode, system: string): Record<string, unknown> {
  const common = { kind, parent: parent?.id };
  return kind === 'account'
    ? { ...common, name: `Of ${story.name}`, ...(parent === story.world.platform ? { reseller: true } : {}) }
    : { ...common, system, externalReference: `thing-${(references += 1)}` };
}
