/**
 * A tree from scratch, for tests: nothing is derived ahead, every question walks up the parents again.
 *
 * It shares no rule with the product beyond the names of actions, so that both must be wrong in the same way to agree.
 */
import { ACTIONS, type Action } from '#core/action.ts';
import type { Authority } from '#core/authority.ts';
import type { Kind } from '#core/kind.ts';

export interface ModelHold {
  readonly uuid: string;
  readonly node: ModelNode;
  readonly profile: ModelProfile;
  readonly authority: Authority;
  /** Whether it was placed with the actor's own level, and not in the name of a lower one. */
  readonly isOwnLevel: boolean;
  readonly source: string;
  readonly ref: string | null;
  /** Milliseconds; NaN for one that was placed without a time. */
  startsAt: number;
  endsAt: number | null;
  state: 'scheduled' | 'in force' | 'ended';
}

export interface ModelNode {
  /** The number that the database gave it. */
  id: number;
  readonly kind: Kind;
  parent: ModelNode | null;
  owner: ModelNode | null;
  readonly target: ModelNode | null;
  readonly isReseller: boolean;
  /** User part, address or number; the domain of a SIP account comes from its parent. */
  readonly word: string;
  isClosed: boolean;
  readonly children: Set<ModelNode>;
  readonly holds: ModelHold[];
}

/** One letter for each action, in their order: allowed `.`, intercepted `i`, denied `d`. */
export type Effects = string;

export interface ModelProfile {
  readonly name: string;
  readonly effects: Effects;
}

/** How a node stands, as every computation of it is written down for comparison. */
export interface Observed {
  readonly effects: Effects;
  readonly isClosed: boolean;
  readonly isOwnerClosed: boolean;
}

const NOTHING: Effects = '.'.repeat(ACTIONS.length);
const EVERYTHING: Effects = 'd'.repeat(ACTIONS.length);
const EMERGENCY_AT = ACTIONS.indexOf('call.emergency');
const ALL_BUT_EMERGENCY: Effects = `${EVERYTHING.slice(0, EMERGENCY_AT)}.${EVERYTHING.slice(EMERGENCY_AT + 1)}`;

/** The letters for lists of actions. */
export function effectsOf(denied: readonly Action[], intercepted: readonly Action[]): Effects {
  return ACTIONS.map((action) => (denied.includes(action) ? 'd' : intercepted.includes(action) ? 'i' : '.')).join('');
}

const RANK: Readonly<Record<string, number>> = { '.': 0, i: 1, d: 2 };

/** Whether one allows no action more than the other. */
export function isAtMost(one: Effects, other: Effects): boolean {
  if (one === other || one === EVERYTHING || other === NOTHING) return true;
  for (let at = 0; at < one.length; at++) if ((RANK[one[at] ?? ''] ?? 0) < (RANK[other[at] ?? ''] ?? 0)) return false;
  return true;
}

function worst(one: Effects, other: Effects): Effects {
  if (one === other || other === NOTHING) return one;
  let merged = '';
  for (let at = 0; at < one.length; at++) {
    const [a = '', b = ''] = [one[at], other[at]];
    merged += (RANK[a] ?? 0) >= (RANK[b] ?? 0) ? a : b;
  }
  return merged;
}

/** From the node up to the platform. */
export function lineOf(node: ModelNode): ModelNode[] {
  const line: ModelNode[] = [];
  for (let here: ModelNode | null = node; here !== null; here = here.parent) line.push(here);
  return line;
}

export function isClosed(node: ModelNode): boolean {
  return lineOf(node).some((above) => above.isClosed);
}

/** The account that contains a node; an account contains itself. */
export function accountOf(node: ModelNode): ModelNode {
  const account = lineOf(node).find((above) => above.kind === 'account');
  if (account === undefined) throw new Error('every line ends at the platform');
  return account;
}

export function resellerOf(node: ModelNode): ModelNode | null {
  return lineOf(node).find((above) => above.kind === 'account' && above.isReseller) ?? null;
}

/** How a node stands by its own place and its owner's. */
export function standingOf(node: ModelNode): Observed {
  const ownLine = lineOf(node);
  const ownerLine = node.owner === null ? [] : lineOf(node.owner);
  let effects = NOTHING;
  for (const above of [...ownLine, ...ownerLine])
    for (const hold of above.holds) if (hold.state === 'in force') effects = worst(effects, hold.profile.effects);
  const isOwnerClosed = ownerLine.some((above) => above.isClosed);
  if (isOwnerClosed) effects = worst(effects, ALL_BUT_EMERGENCY);
  const closed = ownLine.some((above) => above.isClosed);
  return { effects: closed ? EVERYTHING : effects, isClosed: closed, isOwnerClosed };
}

/** What may be done with a node when what it leads to is asked, too. */
export function decisionOf(node: ModelNode): Effects {
  let { effects } = standingOf(node);
  for (let here = node.target; here !== null; here = here.target) effects = worst(effects, standingOf(here).effects);
  return effects;
}

/** The word for a standing. */
export function wordOf({ effects, isClosed: closed }: Observed): 'active' | 'limited' | 'suspended' | 'closed' {
  if (closed) return 'closed';
  if (effects === NOTHING) return 'active';
  return effects === EVERYTHING || worst(effects, ALL_BUT_EMERGENCY) === effects ? 'suspended' : 'limited';
}

/** All beneath a node, itself included, by place or by owner. */
export function allBeneath(node: ModelNode, everything: Iterable<ModelNode>): Set<ModelNode> {
  const reached = new Set([node]);
  for (let before = 0; before < reached.size;) {
    before = reached.size;
    for (const other of everything)
      if ((other.parent !== null && reached.has(other.parent)) || (other.owner !== null && reached.has(other.owner)))
        reached.add(other);
  }
  return reached;
}

/** The name by which the outside world knows a node; null where it has none. */
export function nameOf(node: Pick<ModelNode, 'kind' | 'word' | 'parent'>): string | null {
  switch (node.kind) {
    case 'sip_domain':
      return `sip:${node.word}`;
    case 'sip_account':
      return `sip:${node.word}@${node.parent?.word ?? ''}`;
    case 'phone_number':
      return `tel:${node.word}`;
    case 'mailbox':
      return `mail:${node.word}`;
    default:
      return null;
  }
}

/** One history's part of the tree: its own top account beneath the platform, and all that it makes there. */
export class World {
  readonly number: number;
  readonly platform: ModelNode = makeNode({ kind: 'account', parent: null });
  readonly nodes: ModelNode[] = [];
  readonly holds: ModelHold[] = [];
  readonly names = new Map<string, ModelNode>();
  /** Raised by everything but holds. */
  shape = 0;

  constructor(number: number) {
    this.number = number;
  }

  add(node: ModelNode): void {
    this.nodes.push(node);
    node.parent?.children.add(node);
    const name = nameOf(node);
    if (name !== null) this.names.set(name, node);
  }

  /** What is in force where, and the shape: equal texts stand for equal trees. */
  fingerprint(): string {
    const inForce = this.holds.filter((hold) => hold.state === 'in force').map((hold) => hold.uuid);
    return `${this.shape} ${inForce.sort().join(' ')}`;
  }
}

/** A node that is in no tree yet. */
export function makeNode(given: Pick<ModelNode, 'kind' | 'parent'> & Partial<ModelNode>): ModelNode {
  return {
    id: 0,
    owner: null,
    target: null,
    isReseller: false,
    word: '',
    isClosed: false,
    children: new Set(),
    holds: [],
    ...given,
  };
}
