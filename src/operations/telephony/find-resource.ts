/** What lies under an account, as the account APIs name it: by SID, and beneath the very account that has it. */
import type { Kind } from '#core/kind.ts';
import { invalid, problem } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import { manages } from '#operations/access.ts';
import type { Actor } from '#operations/context.ts';
import { notFound } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, findEntity } from '#store/entity.ts';

import { type NamedAccount, foreign } from './find-account.ts';
import { findOrganization } from './organization-work.ts';

/** The account that has an entity: its owner, or who contains it. */
export function holderOf(entity: EntityState): number {
  return (entity.owner_line ?? entity.line).at(-1) ?? 0;
}

/**
 * A resource of an account by SID, whatever the account's standing. Throws `not_found` where there is none, and that
 * marked as foreign for what another account has. `isShown` says which closed ones are still there to be seen.
 */
export async function findResource(
  session: Session,
  account: NamedAccount,
  kind: Kind,
  sid: string,
  isShown: (entity: EntityState) => boolean | Promise<boolean> = () => false,
): Promise<EntityState> {
  const uuid = uuidOfSid(sid);
  const entity = uuid === null ? null : await findEntity(session, { by: 'uuid', uuid });
  if (entity === null || entity.kind !== kind) throw notFound(sid);
  if (holderOf(entity) !== account.id) throw foreign(sid);
  if ((entity.closed || account.closed) && !(await isShown(entity))) throw notFound(sid);
  return entity;
}

/**
 * The UUID of an application that a form names by SID; null clears it. Throws `invalid` for what is no open application
 * beneath the actor's account: what another account has is not lent by being named. `present`, the UUID of what is there
 * already, may be named again by anybody, since clients send back what they read; it changes nothing.
 */
export async function readApplicationSid(
  session: Session,
  actor: Actor,
  field: string,
  sid: string | null | undefined,
  present: string | null = null,
): Promise<string | null | undefined> {
  if (sid === null || sid === undefined) return sid;
  const uuid = uuidOfSid(sid);
  if (uuid !== null && uuid === present) return undefined;
  const entity = uuid === null ? null : await findEntity(session, { by: 'uuid', uuid });
  if (entity === null || entity.kind !== 'application' || entity.closed || !manages(actor, entity))
    throw invalid({ field, message: `must be the SID of an application, and there is no ${sid}` });
  return entity.uuid;
}

/** Throws `forbidden` for a closed account: nothing new comes into it. */
export function requireOpenAccount(account: NamedAccount): void {
  if (account.closed) throw problem('forbidden', `${account.label} is closed; nothing new comes into it.`);
}

/** The domain of the account's organization. Throws `invalid` where it has none, or a closed one. */
export async function getOrganization(session: Session, account: NamedAccount): Promise<EntityState> {
  const domain = await findOrganization(session, account);
  if (domain === null || domain.closed)
    throw invalid({ field: 'account', message: `is invalid for this: ${account.label} has no organization` });
  return domain;
}
