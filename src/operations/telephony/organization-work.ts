/**
 * Clients in the SIP domain of an account's organization.
 *
 * That domain lies with an account above, or with the platform, where nobody beneath may change anything; and the owner
 * of a leaf may use it, not change it. On the account APIs an account makes and keeps its clients all the same. So these
 * functions act with the right of the domain's account, in that one domain, on clients of that one account, and on no
 * field that says more. Whoever calls them has judged before that the actor may do this for the account.
 */
import { readAor } from '#core/aor.ts';
import { matchPatterns } from '#core/permission.ts';
import { Problem } from '#core/problem.ts';
import { closeWithin } from '#operations/close-entity.ts';
import { createBatch } from '#operations/create/create-batch.ts';
import type { Work } from '#operations/perform.ts';
import { getLinked } from '#operations/resolve.ts';
import { updateWithin } from '#operations/update-entity.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, findEntity } from '#store/entity.ts';
import { organizationOf } from '#store/telephony-account.ts';

/** What may be said of a client here; of `password` only the digests are kept. */
export interface ClientFields {
  readonly username?: string;
  readonly password?: string;
  readonly friendlyName?: string | null;
  readonly enabled?: boolean;
  readonly [field: string]: unknown;
}

const CLIENT_RIGHTS = matchPatterns(['entity:read', 'entity:create', 'entity:update', 'entity:close']);

/** The domain in which the account makes its clients; null where it has none. */
export async function findOrganization(session: Session, account: EntityState): Promise<EntityState | null> {
  const id = await organizationOf(session, account.id);
  return id === null ? null : getLinked(session, id);
}

/** Whether the client is the account's own: assigned to it, or in its own domain and assigned to nobody. */
export function isClientOf(account: EntityState, client: EntityState): boolean {
  return client.kind === 'sip_account' && (client.owner_id ?? client.line.at(-1)) === account.id;
}

/** Whoever has the login in the domain, open and not of a closed account; null when it is free. */
export async function findClientByLogin(
  session: Session,
  domain: EntityState,
  login: string,
): Promise<EntityState | null> {
  const holder = await findByLogin(session, domain, login);
  return holder === null || holder.closed || holder.owner_closed ? null : holder;
}

async function findByLogin(session: Session, domain: EntityState, login: string): Promise<EntityState | null> {
  const reading = readAor(`${login}@${domain.label}`);
  if (!reading.ok) return null;
  return findEntity(session, { by: 'identifier', identifier: { scheme: 'sip', value: reading.value.aor } });
}

/**
 * Makes a client of the account. A login whose client belongs to a closed account is free: that client is closed. The
 * caller holds the shape lock, shared at least. Throws `exists`, `invalid`, `closed`, `over_credit`.
 */
export async function createClientWithin(
  work: Work,
  account: EntityState,
  domain: EntityState,
  fields: ClientFields & { readonly username: string },
): Promise<EntityState> {
  const elevated = asContainer(work);
  const former = await findByLogin(work.transaction, domain, fields.username);
  if (former !== null && isLeft(former)) {
    // Nothing lies beneath a client, so that a shared lock is enough to close it.
    await closeWithin(elevated, former.id, 'planned');
  }
  const input = { ...fields, kind: 'sip_account', parent: domain.uuid, owner: account.uuid };
  const [made] = await createBatch(elevated, [input], { mayBeHeld: true, organization: domain.id });
  if (made === undefined || made instanceof Problem) throw made ?? new Error('an outcome for each input');
  return getLinked(work.transaction, made.id);
}

/** Whether a client is open and its account is closed: it can do nothing any more, and its login is free. */
function isLeft(client: EntityState): boolean {
  return client.kind === 'sip_account' && !client.closed && client.owner_closed;
}

/** Changes a client of the account. Throws `invalid`, `exists`, `closed`. The caller holds the shape lock, shared. */
export async function updateClientWithin(
  work: Work,
  account: EntityState,
  client: EntityState,
  fields: ClientFields,
): Promise<EntityState> {
  refuseOthers(account, client);
  await updateWithin(asContainer(work), client.id, fields);
  return getLinked(work.transaction, client.id);
}

/** Closes a client of the account. The caller holds the shape lock, shared at least: nothing lies beneath a client. */
export async function closeClientWithin(work: Work, account: EntityState, client: EntityState): Promise<void> {
  refuseOthers(account, client);
  await closeWithin(asContainer(work), client.id, 'planned');
}

function refuseOthers(account: EntityState, client: EntityState): void {
  if (!isClientOf(account, client)) throw new Error(`client ${client.uuid} is not of account ${account.uuid}`);
}

/** The same work, seeing everything: the organization that an account inherits need not be visible to its parent. */
export function seeingAll(work: Work): Work {
  return { ...work, actor: { ...work.actor, accountId: 0 } };
}

/** The same work with the right of whoever has the domain. The change log still names who asked. */
function asContainer(work: Work): Work {
  return { ...work, actor: { ...seeingAll(work).actor, permissions: CLIENT_RIGHTS } };
}
