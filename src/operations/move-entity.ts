/** Moves an entity with its subtree beneath another parent. */
import type { Values } from '#core/field.ts';
import { identifiersOf, labelOf } from '#core/identifier.ts';
import { ACCOUNT_DEPTH_MAX, PARENT_KINDS, RESOURCE_DEPTH_MAX } from '#core/kind.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { chargeMove } from '#operations/charges.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { judgeContainer } from '#operations/create/container.ts';
import { requireAbove, requireRight } from '#operations/access.ts';
import { type EntityView, readView } from '#operations/entity-view.ts';
import { type Told, changedFactsOf } from '#operations/facts.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { NO_RENAMING, type Renaming, judgeNames, renameEntity } from '#operations/rename.ts';
import { getEntity, getLocked, refuseClosed, refuseStale, requireId } from '#operations/resolve.ts';
import { type UpdateOptions, containerOf, domainOf } from '#operations/update-entity.ts';
import { heightOf, resourceHeightOf } from '#store/depth.ts';
import {
  type EntityState,
  accountsOf,
  countCrossing,
  countOwnedChildren,
  listByNumbers,
  resellersOf,
  setOwner,
  setParent,
  touchEntity,
} from '#store/entity.ts';
import { readKindRows, updateKindRow } from '#store/kind-row.ts';

/**
 * Gives an entity another parent; everything beneath comes along, with its holds. Refused (`invalid`) when it would
 * make a loop, when the kinds do not fit, or when records would be owned across two resellers; `closed` when either
 * end is; `exists` when a name is taken there.
 */
export function moveEntity(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  parent: unknown,
  options: UpdateOptions = {},
): Promise<Performed<EntityView>> {
  return perform(context, actor, { lock: 'exclusive', idempotency: options.idempotency }, (work) =>
    moveWithin(work, id, parent, options.version),
  );
}

/** The body of `moveEntity`, for use inside a larger transaction that holds the shape lock exclusively. */
export async function moveWithin(work: Work, id: string | number, to: unknown, version?: number): Promise<EntityView> {
  const { transaction, actor } = work;
  const entity = await getLocked(transaction, actor, id, 'entity:move');
  const parent = await getEntity(transaction, actor, requireId(to, 'parent'), 'parent');
  requireAbove(actor, entity, 'The place of an account');
  requireRight(actor, parent, 'entity:move');
  if (entity.id === 0) throw invalid({ field: 'id', message: 'the platform cannot be moved' });
  await refuseMisfit(work, entity, parent);
  await refuseCrossing(work, entity, parent);
  const following = await judgeFollowing(work, { ...entity, parent_id: parent.id });
  refuseClosed(entity, 'moved');
  if (parent.closed) throw problem('closed', `${parent.label} is closed; nothing can be moved beneath it.`);
  await chargeMove(transaction, entity, parent.id);
  refuseStale(entity, version);
  if (parent.id === entity.parent_id) return readView(transaction, actor, entity.id);
  const chains =
    entity.kind === 'account' ? { former: (entity.ancestors ?? []).slice(0, -1), next: parent.ancestors ?? [] } : null;
  await setParent(transaction, entity.id, parent.id, chains);
  const { takenFrom, told, raised } = await followContainer(work, entity, following);
  // An owner that is now the container's own account is no owner apart from it.
  const account = (await accountsOf(transaction, [entity.id])).get(entity.id);
  const isOwnerGone = entity.owner_id !== null && entity.owner_id === account;
  if (isOwnerGone) await setOwner(transaction, entity.id, null);
  transaction.record({
    kind: 'entity.moved',
    entityId: entity.id,
    facts: {
      from: entity.parent_id,
      to: parent.id,
      version: entity.version + 1 + raised + (isOwnerGone ? 1 : 0),
      ...(isOwnerGone ? { owner: null } : {}),
      ...told?.facts,
    },
    touched: [entity.id, ...(entity.parent_id === null ? [] : [entity.parent_id]), parent.id, ...takenFrom],
    ...(told === null ? {} : { personal: told.personal }),
  });
  return readView(transaction, actor, entity.id);
}

async function refuseMisfit(work: Work, entity: EntityState, parent: EntityState): Promise<void> {
  const wanted = PARENT_KINDS[entity.kind];
  if (!wanted.includes(parent.kind))
    throw invalid({
      field: 'parent',
      message: `must be ${wanted.join(' or ')}, and ${parent.label} is ${parent.kind}`,
    });
  if (entity.kind === 'account') {
    if (parent.ancestors?.includes(entity.id))
      throw invalid({ field: 'parent', message: `lies beneath ${entity.label} itself; that would make a loop` });
    const height = await heightOf(work.transaction, entity.id, entity.ancestors?.length ?? 0);
    if ((parent.ancestors?.length ?? 0) + height > ACCOUNT_DEPTH_MAX)
      throw invalid({ field: 'parent', message: `lies too deep: accounts go down to ${ACCOUNT_DEPTH_MAX} levels` });
    return;
  }
  // What cannot contain its like lies right beneath an account, or right beneath what does.
  if (entity.kind !== parent.kind) return;
  let above: EntityState | undefined = parent;
  let depth = 0;
  for (; above !== undefined && above.kind !== 'account'; depth++) {
    if (above.id === entity.id)
      throw invalid({ field: 'parent', message: `lies beneath ${entity.label} itself; that would make a loop` });
    [above] = await listByNumbers(work.transaction, [above.parent_id ?? 0]);
  }
  if (depth + (await resourceHeightOf(work.transaction, entity.id)) > RESOURCE_DEPTH_MAX)
    throw invalid({ field: 'parent', message: `lies too deep: resources go down to ${RESOURCE_DEPTH_MAX} levels` });
}

/** Records and their owners stay inside one reseller's tree. */
async function refuseCrossing(work: Work, entity: EntityState, parent: EntityState): Promise<void> {
  const { transaction } = work;
  const accounts = await accountsOf(transaction, [entity.parent_id ?? 0, parent.id]);
  const former = accounts.get(entity.parent_id ?? 0) ?? 0;
  const next = accounts.get(parent.id) ?? 0;
  const resellers = await resellersOf(transaction, [
    former,
    next,
    ...(entity.owner_id === null ? [] : [entity.owner_id]),
  ]);
  if (entity.owner_id !== null && resellers.get(entity.owner_id) !== resellers.get(next))
    throw invalid({ field: 'parent', message: "must be inside the owner's reseller's tree; transfer it first" });
  if (resellers.get(former) === resellers.get(next)) return;
  const crossing =
    entity.kind === 'account'
      ? await countCrossing(transaction, entity.id)
      : await countOwnedChildren(transaction, entity.id);
  if (crossing > 0)
    throw invalid({
      field: 'parent',
      message: `lies in another reseller's tree, and ${crossing} records here or there have their owner on the other side; transfer them first`,
    });
}

/** What a move changes besides the place: names that come from the container, and digests that were bound to it. */
interface Following {
  readonly values: Values;
  readonly label: string;
  readonly renaming: Renaming;
}

/** Judges an entity in its new container. Throws `invalid` where it does not fit, `exists` for a name that is taken. */
async function judgeFollowing(work: Work, entity: EntityState): Promise<Following | null> {
  const { transaction } = work;
  if (entity.kind === 'account') return null;
  const values = (await readKindRows(transaction, entity.kind, [entity.id])).get(entity.id) ?? {};
  const container = await containerOf(work, entity);
  const errors: FieldError[] = [];
  if (container !== null) judgeContainer(entity.kind, values, container, errors);
  if (errors.length > 0) throw invalid(...errors);
  const identifiers = identifiersOf(entity.kind, values, container, await domainOf(work, values));
  // What is closed may have lost its names to others; it is refused for being closed.
  const renaming = entity.closed ? NO_RENAMING : await judgeNames(work, entity, identifiers);
  return { values, label: labelOf(entity.kind, values, identifiers), renaming };
}

interface Followed {
  readonly takenFrom: number[];
  /** What the log tells of fields that changed with the place. */
  readonly told: Told | null;
  /** How often the version was raised. */
  readonly raised: number;
}

async function followContainer(work: Work, entity: EntityState, following: Following | null): Promise<Followed> {
  if (following === null) return { takenFrom: [], told: null, raised: 0 };
  const { transaction } = work;
  const { values, label, renaming } = following;
  // The digests stay valid for the realm that they were made with.
  let told: Told | null = null;
  if (entity.kind === 'sip_account' && values['realm'] === null && entity.label.includes('@')) {
    const changed = { realm: entity.label.slice(entity.label.indexOf('@') + 1) };
    await updateKindRow(transaction, work.context.sealingKey, 'sip_account', entity.id, changed);
    told = changedFactsOf('sip_account', values, changed);
  }
  const takenFrom = await renameEntity(work, entity, renaming);
  if (label !== entity.label) await touchEntity(transaction, entity.id, label);
  return { takenFrom, told, raised: label === entity.label ? 0 : 1 };
}
