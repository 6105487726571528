/**
 * From what the database says of a credential to the actor, or to the refusal: its right at this moment.
 */
import { ACTION_BIT } from '#core/action.ts';
import {
  type PermissionMask,
  READ_ONLY,
  type Role,
  builtinRole,
  matchPatterns,
  permissionsOfLevel,
} from '#core/permission.ts';
import { Problem, problem } from '#core/problem.ts';
import {
  NO_TELEPHONY,
  type TelephonyRights,
  impliedPermissions,
  telephonyRightsOfRole,
} from '#core/telephony-right.ts';
import type { Actor, Credential } from '#operations/context.ts';
import type { ActorRow } from '#store/actor.ts';
import type { RequestFacts } from '#store/change.ts';

const LIFTING = matchPatterns(['hold:lift']);

/** The refusal of whatever was not, or is no longer, a credential. It tells nothing about which part was wrong. */
export function unauthenticated(): Problem {
  return problem(
    'unauthenticated',
    'Send the header Authorization with a valid credential: Bearer <key or token>, or Basic <login and password>.',
  );
}

/** The role of a login: a built-in one, or one that its account or an account above has made. */
export function roleOf(row: Pick<ActorRow, 'role' | 'role_permissions' | 'role_subject'>): Role {
  const builtin = builtinRole(row.role);
  if (builtin !== undefined) return builtin;
  // A role that was removed, or lies on another line since a move, allows nothing.
  return {
    name: row.role,
    permissions: matchPatterns(row.role_permissions ?? []),
    subject: row.role_subject ?? 'wish',
  };
}

/**
 * The actor of a credential. Throws `unauthenticated` for one that counts no more, `forbidden` while its own account
 * does not operate, `not_found` when the account to act as lies elsewhere.
 */
export function judgeActor(row: ActorRow | null, credential: Credential, request: RequestFacts): Actor {
  if (row === null || !row.enabled || !row.credential_ok || row.version !== credential.version) throw unauthenticated();
  const role = roleOf(row);
  const isTelephony = isTelephonyFace(request);
  const standing = judgeStanding(row, isTelephony || credential.session !== null ? 'sign_in' : 'api', isTelephony);
  if (row.acts_as === null || row.level === null) throw problem('not_found', 'There is no such account to act as.');
  const telephony = isTelephony ? telephonyOf(row, role) : NO_TELEPHONY;
  const granted = isTelephony ? role.permissions | impliedPermissions(telephony) : role.permissions;
  const scopes = row.scopes === null ? granted : granted & matchPatterns(row.scopes);
  return {
    name: `login:${credential.login}`,
    accountId: row.acts_as,
    ownAccountId: row.own_account,
    authority: row.level,
    subject: role.subject,
    permissions: scopes & permissionsOfLevel(row.level) & standing.permissions,
    telephony,
    lacking: standing.lacking ?? (scopes === granted ? `the role ${role.name}` : 'this key'),
    isNarrowed: row.scopes !== null,
    isHeldByItself: standing.isHeldByItself,
    isInactiveReseller: row.inactive_reseller,
    credential,
    request,
  };
}

/** Whether a request came by one of the account APIs, which have rights of their own. */
export function isTelephonyFace({ face }: RequestFacts): boolean {
  return face === 'restcomm' || face === 'twilio';
}

function telephonyOf({ role_permissions }: ActorRow, { name, permissions }: Role): TelephonyRights {
  return telephonyRightsOfRole(name, permissions, role_permissions ?? []);
}

/** Which account's standing refused an actor: for those who word it, and for no answer. */
const REFUSED_FOR = new WeakMap<Problem, number>();

/** The account by whose standing an actor was refused; undefined for any other refusal. */
export function accountRefusedBy(refusal: unknown): number | undefined {
  return refusal instanceof Problem ? REFUSED_FOR.get(refusal) : undefined;
}

function refuseStanding(row: ActorRow, standing: 'closed' | 'suspended', message: string): Problem {
  const refusal = problem('forbidden', message, { facts: { standing } });
  REFUSED_FOR.set(refusal, row.own_account);
  return refusal;
}

interface StandingOfActor {
  readonly permissions: PermissionMask;
  readonly lacking: string | null;
  readonly isHeldByItself: boolean;
}

/** What its own account's standing leaves to an actor. */
function judgeStanding(row: ActorRow, action: 'api' | 'sign_in', isTelephony: boolean): StandingOfActor {
  const mayAct = (row.denied & ACTION_BIT[action]) === 0;
  const mayProvision = (row.denied & ACTION_BIT.provision) === 0;
  if (mayAct && mayProvision) return { permissions: -1, lacking: null, isHeldByItself: false };
  if (row.closed) throw refuseStanding(row, 'closed', 'Your account is closed.');
  // Who has stopped itself must be able to start again: to look, and to lift its own hold. The account APIs know no such thing.
  if (row.held_by_itself && !(isTelephony && !mayAct))
    return {
      permissions: READ_ONLY | LIFTING,
      lacking: 'an account that is held by its own hold',
      isHeldByItself: true,
    };
  if (!mayAct)
    throw refuseStanding(
      row,
      'suspended',
      'Your account is suspended; nothing can be done with it until that is lifted.',
    );
  return { permissions: READ_ONLY, lacking: 'an account that is limited', isHeldByItself: false };
}
