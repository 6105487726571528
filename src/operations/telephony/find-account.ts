/**
 * Accounts as the account APIs name them, and whose they are: a SID or an e-mail, never a friendly name.
 */
import { covers, matchPatterns, permissionsOfLevel } from '#core/permission.ts';
import { type Problem, problem } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import {
  ALL_TELEPHONY,
  type TelephonyDomain,
  type TelephonyVerb,
  coversTelephony,
  permitsTelephony,
} from '#core/telephony-right.ts';
import { manages } from '#operations/access.ts';
import type { Actor } from '#operations/context.ts';
import { loginName } from '#operations/identity/presented.ts';
import { notFound } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, findEntity, getState } from '#store/entity.ts';
import { findAccountByEmail } from '#store/telephony-account.ts';

/** An account that a request names, as it stood when it was found. */
export type NamedAccount = EntityState;

/** Whether an account is asked for as such, or for what lies under it. */
export type Target = 'account' | 'under';

const EVERYTHING = matchPatterns(['*']);

/** Throws `forbidden` unless the role allows it. */
export function requireTelephony(actor: Actor, verb: TelephonyVerb, domain: TelephonyDomain): void {
  if (permitsTelephony(actor.telephony, verb, domain)) return;
  throw problem(
    'forbidden',
    `This needs the permission RestComm:${verb}:${domain}, which ${actor.lacking} does not give.`,
    {
      facts: { permission: `RestComm:${verb}:${domain}` },
    },
  );
}

/** Throws `forbidden` to all but the platform's own account: what concerns the installation as a whole is for it. */
export function requireSuperAdministrator(actor: Actor): void {
  if (actor.accountId === 0) return;
  throw problem('forbidden', 'This is for the platform alone.');
}

/** Refused because it is somebody else's: those APIs tell that from what is not there at all. */
const FOREIGN = new WeakSet<Problem>();

/** Whether a `not_found` is about something that exists and is somebody else's. */
export function isForeign(refusal: Problem): boolean {
  return FOREIGN.has(refusal);
}

/** The refusal of what is somebody else's. On the native face it is not there. */
export function foreign(given: string): Problem {
  const refusal = notFound(given);
  FOREIGN.add(refusal);
  return refusal;
}

/** An account by SID or e-mail, whoever's it is; null when there is none. */
export async function findNamedAccount(session: Session, given: string): Promise<EntityState | null> {
  const uuid = uuidOfSid(given);
  const found = uuid === null ? null : await findEntity(session, { by: 'uuid', uuid });
  if (found !== null) return found.kind === 'account' ? found : null;
  const id = await findAccountByEmail(session, loginName(given));
  return id === null ? null : getState(session, id);
}

/**
 * The account that a path names, if it is the actor's to act on. An administrator acts on its account and all beneath;
 * whoever has another role acts on accounts as such only where it is its own. Throws `not_found`, and that marked as
 * foreign for what is not the actor's.
 */
export async function findTarget(session: Session, actor: Actor, given: string, target: Target): Promise<EntityState> {
  const account = await findNamedAccount(session, given);
  if (account === null) throw notFound(given);
  if (!manages(actor, account)) throw foreign(given);
  if (target === 'account' && account.id !== actor.accountId && !isAdministrator(actor))
    throw problem('forbidden', `Only an administrator acts on other accounts than its own.`);
  return account;
}

/**
 * Whether nothing is withheld from its role, on these APIs or any other: whoever acts on an account beneath sees its token
 * and may set its password, and with them has all that its login may do.
 */
export function isAdministrator(actor: Actor): boolean {
  return (
    coversTelephony(actor.telephony, ALL_TELEPHONY) &&
    covers(actor.permissions, EVERYTHING & permissionsOfLevel(actor.authority))
  );
}
