/** Who appears in the permission matrix: roles, places, standings, and what each caller has to ask about. */
import type { Ask } from './people.ts';

export const ROLES = ['administrator', 'operator', 'billing', 'developer', 'auditor', 'desk'] as const;
export type RoleName = (typeof ROLES)[number];
/** The role of the platform's own making. */
export const DESK = {
  permissions: ['entity:read', 'hold:*', 'login:read', 'key:*', 'property:write'],
  subject: 'general',
} as const;

/** Where the actor's account stands, seen from the target. */
export const PLACES = [
  'platform',
  'grandparent',
  'parent',
  'self',
  'child',
  'grandchild',
  'sibling',
  'stranger',
  'owner',
] as const;
export type Place = (typeof PLACES)[number];

export const STANDINGS = ['active', 'limited', 'held by itself', 'suspended', 'suspended above', 'closed'] as const;
export type StandingName = (typeof STANDINGS)[number];

/** Who stands so is refused before its role is looked at: two roles show it as well as six. */
const REFUSED: ReadonlySet<StandingName> = new Set(['suspended', 'suspended above', 'closed']);
export const rolesIn = (standing: StandingName): readonly RoleName[] =>
  REFUSED.has(standing) ? ['administrator', 'auditor'] : ROLES;

/** The accounts of one tree by their place, and what requests name. */
export interface Tree {
  readonly accounts: Readonly<Record<Place | 'outer', string>>;
  readonly domain: string;
  readonly leaf: string;
  readonly leafName: string;
  readonly domainName: string;
  /** Ended holds on the target, by what they were. */
  readonly holds: Readonly<Record<HoldName, string>>;
  /** A login of the target with a key and a session, which nothing changes. */
  readonly login: string;
  readonly key: string;
  readonly session: string;
  /** Plans of holds on the target and on the leaf, which have been applied. */
  readonly plans: { readonly target: string; readonly leaf: string };
  /** A webhook of the target. */
  readonly hook: string;
  /** Of a change to the target. */
  readonly revision: string;
}

export const HOLDS = {
  platform: { authority: 'platform' },
  reseller: { authority: 'reseller' },
  'reseller billing': { authority: 'reseller', subject: 'billing' },
  'customer above': { authority: 'customer', subject: 'general' },
  wish: { authority: 'customer', subject: 'wish' },
} as const;
export type HoldName = keyof typeof HOLDS;

/** Who asks, with things of its own that may be used up by one request. */
export interface Caller {
  readonly tree: Tree;
  readonly place: Place;
  readonly standing: StandingName;
  readonly role: RoleName;
  readonly ask: Ask;
  readonly account: string;
  readonly login: string;
  readonly ownKey: string;
  readonly ownSession: string;
  /** The hold by which its account holds itself; otherwise one that ended. */
  readonly ownHold: string;
  /** Of the target, for this caller alone. */
  readonly spare: { readonly login: string; readonly key: string; readonly role: string };
}
