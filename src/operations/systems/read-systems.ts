/** Reads systems and the kinds that there are. */
import { type FieldError, invalid } from '#core/problem.ts';
import { SYSTEM_KINDS } from '#core/system-kind.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Page, readLimit } from '#operations/read-entity.ts';
import { getEntity } from '#operations/resolve.ts';
import { findSystems } from '#store/system-list.ts';

import { getSystem } from './find-system.ts';
import { type SystemKindView, type SystemView, kindView, systemView, systemViews } from './system-view.ts';

export interface SystemQuery {
  readonly kind?: string | undefined;
  readonly account?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** A page of the systems that the actor knows of, by name. Throws `not_found`, `forbidden`, `invalid`. */
export async function listSystems(
  context: OperationContext,
  actor: Actor,
  query: SystemQuery,
): Promise<Page<SystemView>> {
  const session = reader(context);
  const account =
    query.account === undefined ? undefined : (await getEntity(session, actor, query.account, 'account')).id;
  requirePermission(actor, 'system:read');
  const errors: FieldError[] = [];
  const limit = readLimit(query.limit, errors);
  const kind = SYSTEM_KINDS.find((name) => name === query.kind);
  if (query.kind !== undefined && kind === undefined)
    errors.push({ field: 'kind', message: `must be one of ${SYSTEM_KINDS.join(', ')}` });
  if (errors.length > 0) throw invalid(...errors);
  const found = await findSystems(session, {
    kind,
    account,
    scope: actor.accountId,
    after: query.cursor ?? '',
    limit: limit + 1,
  });
  const rows = found.slice(0, limit);
  return {
    items: await systemViews(context, session, actor.accountId, rows),
    next: found.length > limit ? (rows.at(-1)?.name ?? null) : null,
    total: null,
  };
}

/** Throws `not_found`, `forbidden`. */
export async function readSystem(context: OperationContext, actor: Actor, name: string): Promise<SystemView> {
  const session = reader(context);
  return systemView(context, session, actor.accountId, await getSystem(session, actor, name));
}

/** The kinds of systems that the actor's account can have, with their fields. Throws `forbidden`. */
export function listSystemKinds(actor: Actor): SystemKindView[] {
  requirePermission(actor, 'system:read');
  return Object.values(SYSTEM_KIND)
    .filter((kind) => actor.accountId === 0 || kind.reach === 'events')
    .map(kindView);
}
