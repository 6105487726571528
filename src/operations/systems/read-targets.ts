/** Reads targets: those of a system, and what each system has of an entity. */
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Page, readCursor, readLimit } from '#operations/read-entity.ts';
import { getEntity } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { OUTCOMES, type TargetOutcome } from '#store/system-list.ts';
import type { SystemRow } from '#store/system.ts';
import { type TargetFilter, type TargetRow, findTarget, findTargets, findTargetsOf } from '#store/target-list.ts';

import { getSystem } from './find-system.ts';
import { type TargetDetails, type TargetView, targetDetails, targetFor } from './target-view.ts';

export interface TargetQuery {
  /** Outcomes with commas between them. */
  readonly outcome?: string | undefined;
  readonly problem?: string | undefined;
  readonly beneath?: string | undefined;
}

/** A page of a system's targets, by the numbers of the entities. Throws `not_found`, `forbidden`, `invalid`. */
export async function listTargets(
  context: OperationContext,
  actor: Actor,
  name: string,
  query: TargetQuery & { readonly cursor?: string | undefined; readonly limit?: number | undefined },
): Promise<Page<TargetDetails>> {
  const session = reader(context);
  const system = await getSystem(session, actor, name);
  const errors: FieldError[] = [];
  const limit = readLimit(query.limit, errors);
  const after = readCursor(query.cursor, errors);
  const filter = await readTargetFilter(session, actor, query, errors);
  const rows = await findTargets(session, system.id, filter, { after, limit: limit + 1 });
  const now = context.clock();
  const items = rows.slice(0, limit).map((row) => targetDetails(row, now));
  return { items, next: rows.length > limit ? String(items.at(-1)?.entityNumber) : null, total: null };
}

/** Reads which targets are meant. Throws `not_found` for the entity, `invalid` for that and what was wrong before. */
export async function readTargetFilter(
  session: Session,
  actor: Actor,
  query: TargetQuery,
  errors: FieldError[],
): Promise<TargetFilter> {
  const entity = query.beneath === undefined ? undefined : await getEntity(session, actor, query.beneath, 'beneath');
  const outcomes = readOutcomes(query.outcome, errors);
  if (errors.length > 0) throw invalid(...errors);
  return {
    outcomes,
    problem: query.problem,
    ...(entity === undefined ? {} : { beneath: { id: entity.id, kind: entity.kind } }),
  };
}

/** Outcomes with commas between them; undefined: any. */
export function readOutcomes(text: string | undefined, errors: FieldError[]): TargetOutcome[] | undefined {
  if (text === undefined || text === '') return undefined;
  const words = text.split(',').map((word) => word.trim());
  const known = OUTCOMES.filter((outcome) => words.includes(outcome));
  if (known.length < new Set(words).size)
    errors.push({ field: 'outcome', message: `must be some of ${OUTCOMES.join(', ')}, with commas between them` });
  return known;
}

/** Throws `not_found`, `forbidden`. */
export async function readTarget(
  context: OperationContext,
  actor: Actor,
  name: string,
  id: string,
): Promise<TargetDetails> {
  const session = reader(context);
  const system = await getSystem(session, actor, name);
  const entity = await getEntity(session, actor, id, 'entity');
  return targetDetails(await getTarget(session, system, entity.id, id), context.clock());
}

/** The target of an entity in a system, or `not_found`. */
export async function getTarget(
  session: Session,
  system: SystemRow,
  entityId: number,
  given: string,
): Promise<TargetRow> {
  const row = await findTarget(session, system.id, entityId);
  if (row === null)
    throw problem('not_found', `${system.name} has no target ${given}.`, {
      facts: { system: system.name, entity: given },
    });
  return row;
}

/**
 * What each system has of an entity, for whoever may read the entity. References, states and who acknowledged are told to the
 * platform alone. Throws `not_found`, `forbidden`.
 */
export async function listTargetsOf(context: OperationContext, actor: Actor, id: string): Promise<Page<TargetView>> {
  const session = reader(context);
  const entity = await getEntity(session, actor, id);
  requirePermission(actor, 'entity:read');
  const now = context.clock();
  const items = (await findTargetsOf(session, entity.id)).map((row) => targetFor(actor, row, now));
  return { items, next: null, total: items.length };
}
