/**
 * What an actor may see and do. An account acts on itself and everything beneath it, never up, never sideways; what it
 * may not see does not exist for it.
 */
import { type Permission, permits } from '#core/permission.ts';
import { problem } from '#core/problem.ts';
import type { Actor } from '#operations/context.ts';
import type { EntityState } from '#store/entity.ts';

type Place = Pick<EntityState, 'line' | 'owner_line'>;

/** Whether the actor may know of the entity: it lies beneath its account, or is owned there. */
export function sees(actor: Actor, entity: Place): boolean {
  return manages(actor, entity) || (entity.owner_line?.includes(actor.accountId) ?? false);
}

/** Whether the entity lies beneath the actor's account, that itself included. An owner alone does not manage. */
export function manages(actor: Actor, entity: Pick<Place, 'line'>): boolean {
  return actor.accountId === 0 || entity.line.includes(actor.accountId);
}

/** Whether the account lies above the entity, and is not the entity itself. */
export function isAbove(actor: Actor, entity: EntityState): boolean {
  return manages(actor, entity) && entity.id !== actor.accountId;
}

/** Throws `forbidden` unless the actor's role has the permission. */
export function requirePermission(actor: Actor, permission: Permission): void {
  if (permits(actor.permissions, permission)) return;
  throw problem('forbidden', `This needs the permission ${permission}, which ${actor.lacking} does not give.`, {
    facts: { permission },
  });
}

/** Throws `forbidden` unless the actor may do this to an entity that it sees. */
export function requireRight(actor: Actor, entity: EntityState, permission: Permission): void {
  requirePermission(actor, permission);
  if (!manages(actor, entity))
    throw problem(
      'forbidden',
      `${entity.label} is assigned to your account, which may read and use it; the rest belongs to the account that contains it.`,
      { facts: { entity: entity.uuid } },
    );
}

/** Throws `forbidden` when the actor would change what only an account above may: its own place, credits, standing. */
export function requireAbove(actor: Actor, entity: EntityState, what: string): void {
  if (actor.accountId !== 0 && !isAbove(actor, entity))
    throw problem('forbidden', `${what} is for an account above ${entity.label}.`, { facts: { entity: entity.uuid } });
}

/**
 * Whether the actor may know who placed a hold and why: an account at or beneath its own did. Who is above remains a
 * level without a name.
 */
export function seesAuthor(
  actor: Actor,
  hold: { readonly placed_for: number | null },
  line: readonly number[],
): boolean {
  if (actor.accountId === 0) return true;
  if (hold.placed_for === null) return false;
  if (hold.placed_for === actor.accountId) return true;
  const mine = line.indexOf(actor.accountId);
  return mine >= 0 && line.indexOf(hold.placed_for) > mine;
}

/** Whether the actor may know the name of who placed a hold: it is not of somebody above who acted as one beneath. */
export function seesName(
  actor: Actor,
  hold: { readonly placed_for: number | null; readonly placed_by_account: number | null },
  line: readonly number[],
): boolean {
  if (!seesAuthor(actor, hold, line)) return false;
  if (actor.accountId === 0 || hold.placed_by_account === null) return true;
  const author = line.indexOf(hold.placed_by_account);
  return author < 0 || author >= line.indexOf(actor.accountId);
}
