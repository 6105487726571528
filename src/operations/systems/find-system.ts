/** Which systems an actor knows of: the platform of all, an account of those that are its own or beneath it. */
import { problem } from '#core/problem.ts';
import { manages, requirePermission } from '#operations/access.ts';
import type { Actor } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { listByNumbers } from '#store/entity.ts';
import { type SystemRow, findSystem, lockSystem } from '#store/system.ts';
import type { Transaction } from '#store/transaction.ts';

/** The system of a name or UUID that the actor may read. Throws `not_found`, `forbidden`. */
export async function getSystem(session: Session, actor: Actor, name: string): Promise<SystemRow> {
  return seen(session, actor, name, await findSystem(session, name.toLowerCase()), 'system:read');
}

/** The same for whoever changes its targets. */
export async function getWritableSystem(session: Session, actor: Actor, name: string): Promise<SystemRow> {
  return seen(session, actor, name, await findSystem(session, name.toLowerCase()), 'system:write');
}

/** The same for whoever changes the system itself, locked until the transaction ends. */
export async function getLockedSystem(transaction: Transaction, actor: Actor, name: string): Promise<SystemRow> {
  // Whoever may not know of it must not make others wait for it either.
  const found = await getWritableSystem(transaction, actor, name);
  const locked = await lockSystem(transaction, found.uuid);
  if (locked === null) throw noSystem(name);
  return locked;
}

async function seen(
  session: Session,
  actor: Actor,
  name: string,
  row: SystemRow | null,
  permission: 'system:read' | 'system:write',
): Promise<SystemRow> {
  if (row === null || !(await isOwn(session, actor, row))) throw noSystem(name);
  requirePermission(actor, permission);
  return row;
}

async function isOwn(session: Session, actor: Actor, row: SystemRow): Promise<boolean> {
  if (actor.accountId === 0) return true;
  const [account] = await listByNumbers(session, [row.account_id]);
  return account !== undefined && manages(actor, account);
}

export function noSystem(name: string) {
  return problem('not_found', `There is no system ${name}.`, { facts: { system: name } });
}

/** Refuses a stale `If-Match`. */
export function refuseStaleSystem(row: SystemRow, version: number | undefined): void {
  if (version !== undefined && version !== row.version)
    throw problem('precondition_failed', `${row.name} has version ${row.version}, not ${version}; read it again.`, {
      facts: { version: row.version },
    });
}
