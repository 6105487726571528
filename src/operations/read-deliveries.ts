/** Reads the log of deliveries of a webhook. */
import { isUuid } from '#core/ids.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { DELIVERY_OUTCOMES, type DeliveryOutcome, type DeliveryReason } from '#core/systems/webhook.ts';
import type { Permission } from '#core/permission.ts';
import { requirePermission, sees } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Page, readLimit } from '#operations/read-entity.ts';
import { getEntity, notFound } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { type DeliveryRow, findDeliveries, findDelivery, listAttempts } from '#store/delivery-list.ts';
import { listByNumbers } from '#store/entity.ts';
import { type SystemRow, findSystem } from '#store/system.ts';

export interface DeliveryView {
  readonly id: string;
  readonly outcome: DeliveryOutcome;
  readonly reason: DeliveryReason;
  /** Null for a test. */
  readonly event: string | null;
  readonly type: string;
  readonly account: string | null;
  readonly createdAt: string;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly settledAt: string | null;
  /** Of the last attempt. */
  readonly responseCode: number | null;
  readonly problem: string | null;
}

export interface DeliveryDetails extends DeliveryView {
  readonly tries: readonly {
    readonly attempt: number;
    readonly at: string;
    readonly endedAt: string | null;
    readonly responseCode: number | null;
    readonly responseText: string | null;
    readonly problem: string | null;
  }[];
}

export interface DeliveryQuery {
  readonly outcome?: string | undefined;
  readonly event?: string | undefined;
  readonly account?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** The webhook of the name or UUID. Throws `not_found` for what is none, or belongs to an account that is not seen. */
export async function getWebhook(
  session: Session,
  actor: Actor,
  name: string,
  permission: Permission,
): Promise<SystemRow> {
  const system = await findSystem(session, name);
  const [account] = system === null ? [] : await listByNumbers(session, [system.account_id]);
  if (system === null || account === undefined || system.kind !== 'webhook' || !sees(actor, account))
    throw notFound(`webhook ${name}`);
  requirePermission(actor, permission);
  return system;
}

/** A page of the deliveries, the newest first. Throws `not_found`, `forbidden`, `invalid`. */
export async function listDeliveries(
  context: OperationContext,
  actor: Actor,
  name: string,
  query: DeliveryQuery,
): Promise<Page<DeliveryView>> {
  const session = reader(context);
  const system = await getWebhook(session, actor, name, 'system:read');
  const account =
    query.account === undefined ? undefined : (await getEntity(session, actor, query.account, 'account')).id;
  const errors: FieldError[] = [];
  const limit = readLimit(query.limit, errors);
  const outcome = DELIVERY_OUTCOMES.find((one) => one === query.outcome);
  if (query.outcome !== undefined && outcome === undefined)
    errors.push({ field: 'outcome', message: `must be one of ${DELIVERY_OUTCOMES.join(', ')}` });
  if (query.event !== undefined && !isUuid(query.event))
    errors.push({ field: 'event', message: 'must be the UUID of an event' });
  if (query.cursor !== undefined && !/^\d{1,15}$/.test(query.cursor))
    errors.push({ field: 'cursor', message: 'must be the value of next in the former page' });
  if (errors.length > 0) throw invalid(...errors);
  const below = query.cursor === undefined ? null : Number(query.cursor);
  const { event } = query;
  const found = await findDeliveries(session, { systemId: system.id, below, limit, outcome, event, account });
  return {
    items: found.rows.map(deliveryView),
    next: found.reached === null ? null : String(found.reached),
    total: null,
  };
}

/** One delivery with each attempt at it. Throws `not_found`, `forbidden`. */
export async function readDelivery(
  context: OperationContext,
  actor: Actor,
  name: string,
  id: string,
): Promise<DeliveryDetails> {
  const session = reader(context);
  const system = await getWebhook(session, actor, name, 'system:read');
  const row = isUuid(id) ? await findDelivery(session, system.id, id) : null;
  if (row === null) throw notFound(`delivery ${id} of ${system.name}`);
  const attempts = await listAttempts(session, row.id);
  return {
    ...deliveryView(row),
    tries: attempts.map((attempt) => ({
      attempt: attempt.attempt,
      at: attempt.at.toISOString(),
      endedAt: attempt.ended_at?.toISOString() ?? null,
      responseCode: attempt.response_code,
      responseText: attempt.response_text,
      problem: attempt.problem,
    })),
  };
}

export function deliveryView(row: DeliveryRow): DeliveryView {
  return {
    id: row.uuid,
    outcome: row.outcome,
    reason: row.reason,
    event: row.event_uuid,
    type: row.type ?? 'webhook.test',
    account: row.account_uuid,
    createdAt: row.created_at.toISOString(),
    attempts: row.attempts,
    nextAttemptAt: row.due_at?.toISOString() ?? null,
    settledAt: row.settled_at?.toISOString() ?? null,
    responseCode: row.response_code,
    problem: row.problem,
  };
}
