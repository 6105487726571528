/** One history of the reconciler on its way: a small tree, its systems, and what a model says of both. */
import type { ProfileBody } from '#core/profile.ts';
import type { SystemRow } from '#store/system.ts';

import {
  type Effects,
  type ModelHold,
  type ModelNode,
  type World,
  allBeneath,
  effectsOf,
  standingOf,
  wordOf,
} from './history-model.ts';
import type { Switch, SwitchboardServer } from './reconcile-switchboard.ts';
import type { Step } from './reconcile-steps.ts';

/** A profile whose effects change with its edits. */
export interface StoryProfile {
  readonly name: string;
  effects: Effects;
}

/** A system by its name, which foreign resources keep when it is removed and added again. */
export interface StorySystem {
  readonly name: string;
  row: SystemRow | null;
  server: SwitchboardServer;
  isPaused: boolean;
  /** What each thing should be since this system was added, one after another; each thing begins on. */
  readonly wanted: Map<ModelNode, Switch[]>;
}

/** What a receipt should say: how many targets of each system an operation reaches. */
export interface Expected {
  readonly revision: number;
  readonly what: string;
  readonly targets: ReadonlyMap<StorySystem, number>;
}

export interface Story {
  readonly name: string;
  readonly number: number;
  readonly steps: readonly Step[];
  readonly world: World;
  readonly systems: readonly StorySystem[];
  readonly systemOf: Map<ModelNode, StorySystem>;
  readonly profiles: readonly StoryProfile[];
  /** What was done since the sweeps were last waited for. */
  readonly expected: Expected[];
  /** What is not as it should be, in words. */
  readonly findings: string[];
  /** What was done, in words. */
  readonly log: string[];
  operations: number;
  /** Receipts that were compared with the model. */
  receipts: number;
}

/** The bodies that a profile of a history changes between. */
export const BODIES = {
  full: {
    denied: [
      'register',
      'call.out',
      'call.in',
      'message.out',
      'message.in',
      'api',
      'sign_in',
      'dns',
      'mail.read',
      'mail.send',
      'mail.receive',
      'provision',
    ],
  },
  part: { denied: ['call.out'] },
} as const satisfies Record<string, Partial<ProfileBody>>;

export const EFFECTS: Readonly<Record<keyof typeof BODIES, Effects>> = {
  full: effectsOf(BODIES.full.denied, []),
  part: effectsOf(BODIES.part.denied, []),
};

/** What a thing should be, from scratch. */
export function wantedOf(node: ModelNode): Switch {
  const word = wordOf(standingOf(node));
  return word === 'suspended' || word === 'closed' ? 'off' : 'on';
}

export function thingsOf(story: Story, system: StorySystem): ModelNode[] {
  return story.world.nodes.filter((node) => story.systemOf.get(node) === system);
}

/** Notes what each thing should be now, where it is another than before. */
export function noteWanted(story: Story): void {
  for (const system of story.systems) {
    if (system.row === null) continue;
    for (const node of thingsOf(story, system)) {
      const states = system.wanted.get(node) ?? [];
      const wanted = wantedOf(node);
      if ((states.at(-1) ?? 'on') !== wanted) states.push(wanted);
      system.wanted.set(node, states);
    }
  }
}

/** How many targets of each system lie beneath nodes. */
export function countTargets(story: Story, nodes: readonly ModelNode[]): Map<StorySystem, number> {
  const counts = new Map<StorySystem, number>();
  const reached = new Set(nodes.flatMap((node) => [...allBeneath(node, story.world.nodes)]));
  for (const node of reached) {
    const system = story.systemOf.get(node);
    if (system?.row != null) counts.set(system, (counts.get(system) ?? 0) + 1);
  }
  return counts;
}

export function openHolds({ world }: Story): ModelHold[] {
  return world.holds.filter((hold) => hold.state !== 'ended');
}
