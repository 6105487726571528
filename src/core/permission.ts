/**
 * What a role allows within its account: permissions `resource:verb`, as a bit mask.
 *
 * A role says what may be done, the place of its account says to whom: itself and everything beneath, never more.
 */
import type { Authority, Subject } from '#core/authority.ts';

export const PERMISSIONS = [
  'entity:read',
  'entity:create',
  'entity:update',
  'entity:move',
  'entity:transfer',
  'entity:close',
  'entity:export',
  'entity:erase',
  'hold:read',
  'hold:place',
  'hold:lift',
  'profile:read',
  'profile:write',
  'decision:ask',
  'change:read',
  'credit:read',
  'credit:write',
  'property:write',
  'login:read',
  'login:write',
  'key:read',
  'key:write',
  'role:read',
  'role:write',
  'installation:read',
  'installation:verify',
  'observation:read',
  'observation:write',
  'system:read',
  'system:write',
] as const;

export type Permission = (typeof PERMISSIONS)[number];
/** A set of permissions, one bit each in the order of `PERMISSIONS`. */
export type PermissionMask = number;

const BIT: Readonly<Record<Permission, number>> = Object.freeze(
  Object.fromEntries(PERMISSIONS.map((permission, index) => [permission, 1 << index])) as Record<Permission, number>,
);

export const ALL_PERMISSIONS: PermissionMask = (1 << PERMISSIONS.length) - 1;

export function permits(mask: PermissionMask, permission: Permission): boolean {
  return (mask & BIT[permission]) !== 0;
}

/** The permissions in a mask, in their order. */
export function permissionsIn(mask: PermissionMask): Permission[] {
  return PERMISSIONS.filter((permission) => permits(mask, permission));
}

const PATTERN = /^(?:\*|[a-z]+):(?:\*|[a-z]+)$|^\*$/;

/**
 * The permissions that a pattern `resource:verb` means; either part, or the whole, may be `*`. Zero when it means none,
 * which is a mistake of whoever wrote it.
 */
export function matchPattern(pattern: string): PermissionMask {
  if (!PATTERN.test(pattern)) return 0;
  if (pattern === '*') return ALL_PERMISSIONS;
  const [resource, verb] = pattern.split(':');
  let mask = 0;
  for (const permission of PERMISSIONS) {
    const [ofResource, ofVerb] = permission.split(':');
    if ((resource === '*' || resource === ofResource) && (verb === '*' || verb === ofVerb)) mask |= BIT[permission];
  }
  return mask;
}

/** The permissions of a list of patterns. */
export function matchPatterns(patterns: Iterable<string>): PermissionMask {
  let mask = 0;
  for (const pattern of patterns) mask |= matchPattern(pattern);
  return mask;
}

/** Whether everything in `wanted` is in `had`: nobody grants what they have not. */
export function covers(had: PermissionMask, wanted: PermissionMask): boolean {
  return (wanted & ~had) === 0;
}

export interface Role {
  readonly name: string;
  readonly permissions: PermissionMask;
  /** How high its authority over holds reaches. */
  readonly subject: Subject;
}

const READING = matchPatterns(['*:read', 'decision:ask']);
const KEEPING = matchPatterns(['login:write', 'key:write', 'role:write', 'entity:close', 'entity:erase']);

/** The roles that every account has. */
export const BUILTIN_ROLES: Readonly<Record<string, Role>> = {
  administrator: { name: 'administrator', permissions: ALL_PERMISSIONS, subject: 'legal' },
  operator: { name: 'operator', permissions: ALL_PERMISSIONS & ~KEEPING, subject: 'fraud' },
  billing: {
    name: 'billing',
    permissions: matchPatterns(['entity:read', 'hold:*', 'profile:read', 'decision:ask', 'change:read', 'credit:read']),
    subject: 'billing',
  },
  developer: {
    name: 'developer',
    permissions: matchPatterns([
      'entity:read',
      'entity:create',
      'entity:update',
      'hold:read',
      'profile:read',
      'decision:ask',
      'change:read',
      'credit:read',
    ]),
    subject: 'technical',
  },
  // What it may do on the account APIs stands in telephony-right.ts.
  restcomm_developer: {
    name: 'restcomm_developer',
    permissions: matchPatterns(['entity:read', 'entity:create', 'entity:update', 'hold:read', 'profile:read']),
    subject: 'technical',
  },
  auditor: {
    name: 'auditor',
    permissions: READING | matchPatterns(['entity:export', 'installation:verify']),
    subject: 'wish',
  },
};

/** The built-in role of the name; undefined for a role of an account's own making. */
export function builtinRole(name: string): Role | undefined {
  return Object.hasOwn(BUILTIN_ROLES, name) ? BUILTIN_ROLES[name] : undefined;
}

const OF_PLATFORM = matchPatterns(['profile:write', 'entity:erase', 'installation:*']);

/** What an account's place allows at all: what concerns the installation as a whole is for the platform. */
export function permissionsOfLevel(level: Authority): PermissionMask {
  return level === 'platform' ? ALL_PERMISSIONS : ALL_PERMISSIONS & ~OF_PLATFORM;
}

/** What is left to an actor whose account may not provision: reading, and nothing that changes anything. */
export const READ_ONLY: PermissionMask = READING | matchPatterns(['entity:export', 'installation:verify']);
