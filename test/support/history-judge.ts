/**
 * What the model expects of each operation: the code of its refusal, or none; and what the tree is like afterwards.
 */
import { ACTIONS } from '#core/action.ts';
import type { ProblemCode } from '#core/problem.ts';
import type { Authority } from '#core/authority.ts';
import type { Kind } from '#core/kind.ts';

import {
  type ModelHold,
  type ModelNode,
  type ModelProfile,
  type World,
  accountOf,
  allBeneath,
  isClosed,
  lineOf,
  nameOf,
  resellerOf,
  standingOf,
} from './history-model.ts';

export interface ModelActor {
  readonly name: string;
  readonly authority: Authority;
}

export type Operation =
  | { readonly type: 'create'; readonly node: ModelNode; readonly owner: ModelNode | null }
  | {
      readonly type: 'hold';
      readonly node: ModelNode;
      readonly actor: ModelActor;
      readonly profile: ModelProfile;
      readonly authority: Authority | null;
      readonly ref: string | null;
      readonly startsAt: number | null;
      readonly endsAt: number | null;
    }
  | { readonly type: 'lift'; readonly node: ModelNode; readonly actor: ModelActor; readonly hold: ModelHold }
  | { readonly type: 'close'; readonly node: ModelNode }
  | { readonly type: 'move'; readonly node: ModelNode; readonly to: ModelNode }
  | { readonly type: 'transfer'; readonly node: ModelNode; readonly to: ModelNode | null }
  /** The start or the end of a hold comes. */
  | { readonly type: 'due'; readonly hold: ModelHold; readonly what: 'start' | 'end' };

/** Times that are surely over or surely to come while a test runs, in milliseconds. */
export const HOUR_MS = 3_600_000;
export interface Times {
  readonly pastStart: number;
  readonly pastEnd: number;
  readonly futureStart: number;
  readonly futureEnd: number;
}

const PARENTS: Partial<Record<Kind, readonly Kind[]>> = {
  account: ['account'],
  sip_domain: ['account'],
  sip_account: ['sip_domain'],
  phone_number: ['account'],
  foreign: ['account', 'foreign'],
  mailbox: ['account', 'dns_zone'],
};
const LEAVES: ReadonlySet<Kind> = new Set(['sip_account', 'phone_number', 'mailbox']);
const RANK: Readonly<Record<Authority, number>> = { customer: 1, reseller: 2, platform: 3 };
const PROVISION_AT = ACTIONS.indexOf('provision');

export interface Verdict {
  readonly code: ProblemCode | null;
  /** Takes the operation into the model; given the id that the database made, where it made one. */
  readonly apply: (made: { readonly number?: number; readonly id?: string }) => void;
}

const refuse = (code: ProblemCode): Verdict => ({ code, apply: () => {} });
const nothing: Verdict = { code: null, apply: () => {} };

/** Foresees an operation. `guardLimit` is that of the installation. */
export function judge(world: World, operation: Operation, guardLimit: number, times: Times): Verdict {
  switch (operation.type) {
    case 'create':
      return judgeCreate(world, operation);
    case 'hold':
      return judgeHold(world, operation, guardLimit);
    case 'lift':
      return judgeLift(operation);
    case 'close':
      return judgeClose(world, operation.node, guardLimit);
    case 'move':
      return judgeMove(world, operation.node, operation.to);
    case 'transfer':
      return judgeTransfer(world, operation.node, operation.to);
    case 'due':
      return { code: null, apply: () => passTime(operation.hold, operation.what, times) };
  }
}

function judgeCreate(world: World, { node, owner }: Extract<Operation, { type: 'create' }>): Verdict {
  const { parent, target } = node;
  if (parent === null) throw new Error('nothing is created beside the platform');
  if (!PARENTS[node.kind]?.includes(parent.kind)) return refuse('invalid');
  if (owner !== null && (owner.kind !== 'account' || resellerOf(owner) !== resellerOf(parent)))
    return refuse('invalid');
  if (target !== null && isClosed(target)) return refuse('invalid');
  if (isTaken(world, nameOf(node))) return refuse('exists');
  if (isClosed(parent) || (owner !== null && isClosed(owner))) return refuse('closed');
  if (standingOf(parent).effects[PROVISION_AT] === 'd') return refuse('held');
  return {
    code: null,
    apply: ({ number }) => {
      node.id = number ?? -1;
      node.owner = owner === accountOf(parent) ? null : owner;
      world.add(node);
      world.shape++;
    },
  };
}

/** A name is free when nobody has it, or somebody closed; numbers rest for weeks after closing. */
function isTaken(world: World, name: string | null): boolean {
  const holder = name === null ? undefined : world.names.get(name);
  return holder !== undefined && (!isClosed(holder) || holder.kind === 'phone_number');
}

function judgeHold(world: World, given: Extract<Operation, { type: 'hold' }>, guardLimit: number): Verdict {
  const { node, actor, profile, ref, startsAt, endsAt } = given;
  const authority = given.authority ?? actor.authority;
  if (RANK[authority] > RANK[actor.authority]) return refuse('invalid');
  const isOwnLevel = authority === actor.authority;
  const same = node.holds.find(
    (hold) =>
      hold.state !== 'ended' &&
      hold.profile === profile &&
      hold.source === actor.name &&
      hold.ref === ref &&
      hold.isOwnLevel === isOwnLevel,
  );
  const isOther =
    same !== undefined &&
    ((startsAt !== null && startsAt !== same.startsAt) || (endsAt !== null && endsAt !== same.endsAt));
  if (isOther) return refuse('exists');
  if (isClosed(node)) return refuse('closed');
  if (same !== undefined) return nothing;
  if (node === world.platform || allBeneath(node, world.nodes).size > guardLimit) return refuse('plan_required');
  return {
    code: null,
    apply: ({ id = '' }) => {
      const state = startsAt === null ? 'in force' : 'scheduled';
      const hold: ModelHold = {
        uuid: id,
        node,
        profile,
        authority,
        isOwnLevel,
        source: actor.name,
        ref,
        startsAt: startsAt ?? Number.NaN,
        endsAt,
        state,
      };
      node.holds.push(hold);
      world.holds.push(hold);
    },
  };
}

function judgeLift({ node, actor, hold }: Extract<Operation, { type: 'lift' }>): Verdict {
  if (hold.node !== node) return refuse('not_found');
  if (RANK[actor.authority] < RANK[hold.authority]) return refuse('forbidden');
  if (isClosed(node)) return refuse('closed');
  return {
    code: null,
    apply: () => {
      hold.state = 'ended';
    },
  };
}

function judgeClose(world: World, node: ModelNode, guardLimit: number): Verdict {
  if (node === world.platform) return refuse('invalid');
  if (node.isClosed) return nothing;
  if (allBeneath(node, world.nodes).size > guardLimit) return refuse('plan_required');
  return {
    code: null,
    apply: () => {
      node.isClosed = true;
      world.shape++;
    },
  };
}

function judgeMove(world: World, node: ModelNode, to: ModelNode): Verdict {
  if (node === world.platform) return refuse('invalid');
  if (!PARENTS[node.kind]?.includes(to.kind) || lineOf(to).includes(node)) return refuse('invalid');
  if (node.owner !== null && resellerOf(node.owner) !== resellerOf(to)) return refuse('invalid');
  const isAcross = node.parent !== null && resellerOf(node.parent) !== resellerOf(to);
  if (isAcross && isTorn(world, node)) return refuse('invalid');
  const name = nameOf({ kind: node.kind, word: node.word, parent: to });
  const formerName = nameOf(node);
  // What is closed may have lost its name, and asks for no other.
  if (!isClosed(node) && name !== formerName && isTaken(world, name)) return refuse('exists');
  if (isClosed(node) || isClosed(to)) return refuse('closed');
  if (node.parent === to) return nothing;
  return {
    code: null,
    apply: () => {
      if (formerName !== null && name !== formerName && world.names.get(formerName) === node)
        world.names.delete(formerName);
      node.parent?.children.delete(node);
      node.parent = to;
      to.children.add(node);
      if (name !== null) world.names.set(name, node);
      if (node.owner === accountOf(to)) node.owner = null;
      world.shape++;
    },
  };
}

/** Whether a move to another reseller would leave records there and their owners here, or the reverse. */
function isTorn(world: World, node: ModelNode): boolean {
  if (node.kind !== 'account') return [...node.children].some((child) => child.owner !== null);
  return world.nodes.some(
    (record) =>
      record.owner !== null &&
      !isClosed(record) &&
      lineOf(record.owner).includes(node) !== lineOf(record).includes(node),
  );
}

function judgeTransfer(world: World, node: ModelNode, to: ModelNode | null): Verdict {
  if (!LEAVES.has(node.kind)) return refuse('invalid');
  if (to !== null && (to.kind !== 'account' || resellerOf(to) !== resellerOf(node))) return refuse('invalid');
  if (isClosed(node) || (to !== null && isClosed(to))) return refuse('closed');
  return {
    code: null,
    apply: () => {
      node.owner = to === accountOf(node) ? null : to;
      world.shape++;
    },
  };
}

/** What the scheduler makes of a hold whose start or end has come. What is over never begins. */
function passTime(hold: ModelHold, what: 'start' | 'end', times: Times): void {
  if (hold.state === 'ended') return;
  hold.startsAt = times.pastStart;
  if (what === 'end') {
    hold.endsAt = times.pastEnd;
    hold.state = 'ended';
  } else hold.state = 'in force';
}
