/**
 * Organizations of the account APIs: SIP domains, in which accounts make their clients. They are open or closed and know
 * no suspension; that of an account reaches its clients there by itself.
 */
import { Problem, invalid, problem } from '#core/problem.ts';
import { readDomainName } from '#core/domain-name.ts';
import { uuidOfSid } from '#core/sid.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { createBatch } from '#operations/create/create-batch.ts';
import { type Performed, perform } from '#operations/perform.ts';
import { getLinked, notFound } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, findEntity } from '#store/entity.ts';
import { listOrganizations as listRows } from '#store/telephony-account.ts';

import { findOrganization } from './organization-work.ts';
import { foreign, isAdministrator, requireSuperAdministrator } from './find-account.ts';

export interface OrganizationView {
  readonly uuid: string;
  readonly domain: string;
  readonly status: 'active' | 'closed';
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** As many as one list shows: these have no pages. */
const LIST_MAX = 10_000;

export function organizationView(domain: EntityState): OrganizationView {
  return {
    uuid: domain.uuid,
    domain: domain.label,
    status: domain.closed ? 'closed' : 'active',
    createdAt: domain.created_at,
    updatedAt: domain.updated_at,
  };
}

/** An organization by SID; null when there is none. Throws `invalid` for what is no SID. */
export async function findOrganizationBySid(session: Session, given: string): Promise<EntityState | null> {
  const uuid = uuidOfSid(given);
  if (uuid === null)
    throw invalid({ field: 'OrganizationSid', message: 'must be a SID such as OR0123456789abcdef0123456789abcdef' });
  const found = await findEntity(session, { by: 'uuid', uuid });
  return found?.kind === 'sip_domain' ? found : null;
}

/** An organization by its domain; null when there is none. */
export async function findOrganizationByDomain(session: Session, given: string): Promise<EntityState | null> {
  const reading = readDomainName(given);
  if (!reading.ok) return null;
  const identifier = { scheme: 'sip', value: reading.value } as const;
  const found = await findEntity(session, { by: 'identifier', identifier });
  return found?.kind === 'sip_domain' ? found : null;
}

/** By SID or domain; null when there is none. */
export async function findNamedOrganization(session: Session, given: string): Promise<EntityState | null> {
  const bySid = uuidOfSid(given) === null ? null : await findOrganizationBySid(session, given);
  return bySid ?? findOrganizationByDomain(session, given);
}

/** All organizations, in the order in which they were made, or those of a status. Throws `forbidden`,
 * `invalid`, `not_found` when there is none. */
export async function listOrganizations(
  context: OperationContext,
  actor: Actor,
  status: string | undefined,
): Promise<OrganizationView[]> {
  requireSuperAdministrator(actor);
  const wanted = status?.toLowerCase();
  if (wanted !== undefined && wanted !== 'active' && wanted !== 'closed')
    throw invalid({ field: 'Status', message: 'must be active or closed' });
  const views = (await listRows(reader(context), LIST_MAX)).map(organizationView);
  const listed = wanted === undefined ? views : views.filter((view) => view.status === wanted);
  if (listed.length === 0) throw notFound('organization');
  return listed;
}

/**
 * One organization: the platform reads any, an administrator that of its account. Throws `invalid`, `not_found`,
 * `forbidden`.
 */
export async function readOrganization(
  context: OperationContext,
  actor: Actor,
  given: string,
): Promise<OrganizationView> {
  const session = reader(context);
  if (!isAdministrator(actor)) throw problem('forbidden', 'This is for administrators.');
  const found = await findOrganizationBySid(session, given);
  if (actor.accountId !== 0) {
    const own = await findOrganization(session, await getLinked(session, actor.accountId));
    if (found !== null && found.id !== own?.id) throw foreign(given);
  }
  if (found === null) throw notFound(given);
  return organizationView(found);
}

/**
 * What Restcomm does to have no password of an organization's clients in clear text. None ever is here, so that nothing
 * has to be done. Throws `forbidden`, `invalid`, `not_found`.
 */
export function keepOrganization(context: OperationContext, actor: Actor, given: string): Promise<OrganizationView> {
  requireSuperAdministrator(actor);
  return readOrganization(context, actor, given);
}

/** One label, as Restcomm takes it; it has no dot, since Restcomm puts one domain of its own behind. */
const LABEL = /^[A-Za-z0-9-]{1,255}$/;

/**
 * Makes an organization of the platform: a SIP domain, and all that it needs to be chosen for accounts. Throws
 * `forbidden`, `invalid`, `exists`.
 */
export function createOrganization(
  context: OperationContext,
  actor: Actor,
  name: string,
): Promise<Performed<OrganizationView>> {
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    requireSuperAdministrator(work.actor);
    if (!LABEL.test(name))
      throw invalid({ field: 'domainName', message: 'must be 1 to 255 letters, digits and hyphens, without a dot' });
    const [made] = await createBatch(work, [{ kind: 'sip_domain', domain: name, parent: 0 }]);
    if (made === undefined || made instanceof Problem) throw made ?? new Error('an outcome for each input');
    return organizationView(await getLinked(work.transaction, made.id));
  });
}
