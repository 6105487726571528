/** Reads one entity, lists its children, and lists all entities. */
import { isKind, KINDS, type Kind } from '#core/kind.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import type { Standing } from '#core/restrictions.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type EntityView, readViews } from '#operations/entity-view.ts';
import { withRests } from '#operations/number-rest.ts';
import { getEntity } from '#operations/resolve.ts';
import {
  type ListFilter,
  countChildren,
  countEntities,
  listChildren as listChildRows,
  listEntities as listRows,
} from '#store/entity-list.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** The cursor of the next page; null at the end. */
  readonly next: string | null;
  /** The exact number of all, when it was asked for. */
  readonly total: number | null;
}

export interface ListInput {
  readonly kind?: string | undefined;
  readonly standing?: string | undefined;
  readonly q?: string | undefined;
  readonly owner?: string | undefined;
  /** An entity beneath which everything is meant, what its accounts own elsewhere included. */
  readonly beneath?: string | undefined;
  readonly closed?: boolean | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  readonly total?: 'exact' | undefined;
}

/** The most items of one page. */
export const PAGE_MAX = 1_000;
const PAGE_DEFAULT = 100;
const STANDINGS: readonly Standing[] = ['active', 'limited', 'suspended', 'closed'];

/** Throws `not_found`. */
export async function readEntity(context: OperationContext, actor: Actor, id: string | number): Promise<EntityView> {
  const session = reader(context);
  const entity = await getEntity(session, actor, id);
  requirePermission(actor, 'entity:read');
  const [view] = await withRests(context, session, await readViews(session, actor, [entity]));
  if (view === undefined) throw new Error('a view for each entity');
  return view;
}

/** A page of what the entity contains, in the order of creation. Throws `not_found`, `invalid`. */
export async function listChildren(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: ListInput,
): Promise<Page<EntityView>> {
  const session = reader(context);
  const parent = await getEntity(session, actor, id);
  requirePermission(actor, 'entity:read');
  const filter = await readFilter(context, actor, input);
  const rows = await listChildRows(session, parent.id, { ...filter, limit: filter.limit + 1 });
  const total = input.total === 'exact' ? await countChildren(session, parent.id, filter) : null;
  return pageOf(await withRests(context, session, await readViews(session, actor, rows)), filter.limit, total);
}

/** A page of all entities, in the order of creation. Throws `invalid`. */
export async function listEntities(
  context: OperationContext,
  actor: Actor,
  input: ListInput,
): Promise<Page<EntityView>> {
  requirePermission(actor, 'entity:read');
  const session = reader(context);
  const filter = await readFilter(context, actor, input);
  const rows = await listRows(session, { ...filter, limit: filter.limit + 1 });
  const total = input.total === 'exact' ? await countEntities(session, filter) : null;
  return pageOf(await withRests(context, session, await readViews(session, actor, rows)), filter.limit, total);
}

function pageOf(views: readonly EntityView[], limit: number, total: number | null): Page<EntityView> {
  const items = views.slice(0, limit);
  const last = items.at(-1);
  return { items, next: views.length > limit && last !== undefined ? String(last.number) : null, total };
}

async function readFilter(context: OperationContext, actor: Actor, input: ListInput): Promise<ListFilter> {
  const errors: FieldError[] = [];
  const kinds = input.kind?.split(',').filter((kind): kind is Kind => {
    if (isKind(kind)) return true;
    errors.push({ field: 'kind', message: `must be some of ${KINDS.join(', ')}` });
    return false;
  });
  if (input.standing !== undefined && !(STANDINGS as readonly string[]).includes(input.standing))
    errors.push({ field: 'standing', message: `must be one of ${STANDINGS.join(', ')}` });
  const after = readCursor(input.cursor, errors);
  const limit = readLimit(input.limit, errors);
  if (errors.length > 0) throw invalid(...errors);
  return {
    ...(kinds === undefined ? {} : { kinds }),
    ...(input.standing === undefined ? {} : { standing: input.standing }),
    ...(input.q === undefined || input.q === '' ? {} : { search: input.q }),
    ...(input.owner === undefined ? {} : { owner: (await getEntity(reader(context), actor, input.owner, 'owner')).id }),
    ...(input.beneath === undefined
      ? actor.accountId === 0
        ? {}
        : { beneath: actor.accountId }
      : { beneath: (await getEntity(reader(context), actor, input.beneath, 'beneath')).id }),
    scope: actor.accountId,
    includeClosed: input.closed === true || input.standing === 'closed',
    after,
    limit,
  };
}

/** Reads a cursor made of a number. */
export function readCursor(cursor: string | undefined, errors: FieldError[]): number {
  if (cursor === undefined || cursor === '') return -1;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  errors.push({ field: 'cursor', message: 'must be the value of next in the former page' });
  return -1;
}

/** Reads how many items a page may have. */
export function readLimit(limit: number | undefined, errors: FieldError[]): number {
  if (limit === undefined) return PAGE_DEFAULT;
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE_MAX) return limit;
  errors.push({ field: 'limit', message: `must be a whole number from 1 to ${PAGE_MAX}` });
  return PAGE_DEFAULT;
}
