/**
 * Moves the numbers of an account to another organization. A number that was bought belongs to none; a pure SIP number is
 * one within the domain of an organization, and gets another name by it.
 */
import { identifiersOf, labelOf } from '#core/identifier.ts';
import { invalid, problem } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { changedFactsOf } from '#operations/facts.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { judgeNames, renameEntity } from '#operations/rename.ts';
import { notFound } from '#operations/resolve.ts';
import { type EntityState, findEntity, lockEntity, touchEntity } from '#store/entity.ts';
import { readKindRows, updateKindRow } from '#store/kind-row.ts';
import { listSipNumbers } from '#store/telephony-list.ts';

import { type NamedAccount, requireSuperAdministrator } from './find-account.ts';

/**
 * Moves them all, or none. Throws `forbidden` to all but the platform, `not_found` for an organization that is not there,
 * `conflict` for the platform's own numbers, `exists` when a number is taken there. Answers how many have another name.
 */
export function migrateNumbers(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  organizationSid: string | undefined,
): Promise<Performed<number>> {
  requireSuperAdministrator(actor);
  if (organizationSid === undefined) throw invalid({ field: 'organization', message: 'is missing' });
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    const uuid = uuidOfSid(organizationSid);
    const domain = uuid === null ? null : await findEntity(work.transaction, { by: 'uuid', uuid });
    if (account.closed) throw notFound(account.label);
    if (domain === null || domain.kind !== 'sip_domain' || domain.closed) throw notFound(organizationSid);
    if (account.id === 0) throw problem('conflict', 'Numbers of the platform itself are not moved.');
    return moveSipNumbersWithin(work, account.id, domain);
  });
}

/** The body of `migrateNumbers`, for use inside a larger transaction of the platform. */
export async function moveSipNumbersWithin(work: Work, accountId: number, domain: EntityState): Promise<number> {
  let moved = 0;
  for (const id of await listSipNumbers(work.transaction, accountId)) if (await moveOne(work, id, domain)) moved++;
  return moved;
}

async function moveOne(work: Work, id: number, domain: EntityState): Promise<boolean> {
  const { transaction, context } = work;
  const entity = await lockEntity(transaction, id);
  const former = (await readKindRows(transaction, 'phone_number', [id])).get(id) ?? {};
  if (former['domain'] === domain.id || entity.closed) return false;
  const identifiers = identifiersOf('phone_number', former, null, domain.label);
  const renaming = await judgeNames(work, entity, identifiers);
  const changed = { domain: domain.id };
  await updateKindRow(transaction, context.sealingKey, 'phone_number', id, changed);
  const takenFrom = await renameEntity(work, entity, renaming);
  await touchEntity(transaction, id, labelOf('phone_number', former, identifiers));
  transaction.record({
    kind: 'entity.updated',
    entityId: id,
    touched: [id, ...takenFrom],
    ...changedFactsOf('phone_number', former, changed),
  });
  return true;
}
