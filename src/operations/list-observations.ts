/** Lists what servers refused, the newest minute first. */
import { ACTIONS, isAction } from '#core/action.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Page, readLimit } from '#operations/read-entity.ts';
import { readTime } from '#operations/read-time.ts';
import { getEntity } from '#operations/resolve.ts';
import { type ObservationFilter, findObservations } from '#store/observation.ts';

export interface ObservationView {
  readonly minute: string;
  /** The label of the subject as it is now; null where the name was nobody's. */
  readonly subject: string | null;
  readonly entity: string | null;
  readonly entityNumber: number | null;
  readonly account: string | null;
  readonly action: string;
  readonly effect: 'deny' | 'intercept';
  readonly profile: string | null;
  readonly code: number | null;
  readonly source: string;
  readonly count: number;
}

export interface ObservationQuery {
  readonly account?: string | undefined;
  readonly subject?: string | undefined;
  readonly action?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * A page of what was refused beneath the actor's account. Names that are nobody's are told to the platform alone. A page
 * may have fewer items than asked for, or none, and still a next one. Throws `not_found`, `forbidden`, `invalid`.
 */
export async function listObservations(
  context: OperationContext,
  actor: Actor,
  query: ObservationQuery,
): Promise<Page<ObservationView>> {
  const session = reader(context);
  const idOf = async (field: 'account' | 'subject') =>
    query[field] === undefined ? undefined : (await getEntity(session, actor, query[field], field)).id;
  const [account, entity] = [await idOf('account'), await idOf('subject')];
  requirePermission(actor, 'observation:read');
  const errors: FieldError[] = [];
  const limit = readLimit(query.limit, errors);
  const since = readTime(query.since, 'since', errors);
  const until = readTime(query.until, 'until', errors);
  const before = readCursor(query.cursor, errors);
  if (query.action !== undefined && !isAction(query.action))
    errors.push({ field: 'action', message: `must be one of ${ACTIONS.join(', ')}` });
  if (errors.length > 0) throw invalid(...errors);
  const beneath = [actor.accountId, account ?? 0].filter((id) => id !== 0);
  const filter: ObservationFilter = { beneath, entity, action: query.action, since, until, before, limit };
  const { rows, reached } = await findObservations(session, filter);
  return {
    items: rows.map((row) => ({
      minute: row.minute.toISOString(),
      subject: row.label,
      entity: row.entity_uuid,
      entityNumber: row.entity_id,
      account: row.account_uuid,
      action: row.action,
      effect: row.effect,
      profile: row.profile,
      code: row.code,
      source: row.source,
      count: row.count,
    })),
    next: reached === null ? null : `${reached.minute.getTime()}:${reached.id}`,
    total: null,
  };
}

function readCursor(text: string | undefined, errors: FieldError[]): ObservationFilter['before'] {
  if (text === undefined || text === '') return null;
  const match = /^(\d{1,14}):(\d{1,15})$/.exec(text);
  if (match !== null) return { minute: new Date(Number(match[1])), id: Number(match[2]) };
  errors.push({ field: 'cursor', message: 'must be the value of next in the former page' });
  return null;
}
