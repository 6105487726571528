/** Lists the holds on an entity itself. */
import { type FieldError, invalid } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type HoldView, holdView } from '#operations/hold-view.ts';
import { type Page, readCursor, readLimit } from '#operations/read-entity.ts';
import { getEntity } from '#operations/resolve.ts';
import { listHolds as listRows } from '#store/hold.ts';

export interface HoldListInput {
  readonly ended?: boolean | undefined;
  readonly profile?: string | undefined;
  readonly source?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** A page of the holds that were placed on the entity, scheduled ones included. Throws `not_found`, `invalid`. */
export async function listHolds(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: HoldListInput,
): Promise<Page<HoldView>> {
  const session = reader(context);
  const entity = await getEntity(session, actor, id);
  requirePermission(actor, 'hold:read');
  const errors: FieldError[] = [];
  const after = readCursor(input.cursor, errors);
  const limit = readLimit(input.limit, errors);
  if (errors.length > 0) throw invalid(...errors);
  const rows = await listRows(session, {
    entityIds: [entity.id],
    ...(input.profile === undefined ? {} : { profile: input.profile }),
    ...(input.source === undefined ? {} : { source: input.source }),
    includeEnded: input.ended === true,
    after: Math.max(after, 0),
    limit: limit + 1,
  });
  const items = rows.slice(0, limit);
  return {
    items: items.map((row) => holdView(row, actor, entity)),
    next: rows.length > limit ? String(items.at(-1)?.id) : null,
    total: null,
  };
}
