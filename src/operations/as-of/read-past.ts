/** Reads an entity, or its standing, as it was at a time or a revision. Times in the answers are those of the log. */
import { actionsIn } from '#core/action.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import { standingOf } from '#core/restrictions.ts';
import { requirePermission, sees } from '#operations/access.ts';
import { type Actor, type OperationContext, reader, restSettings } from '#operations/context.ts';
import type { EntityView } from '#operations/entity-view.ts';
import type { StandingView } from '#operations/explain-standing.ts';
import { redactedReason } from '#operations/reason-view.ts';
import { getEntity } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { listByNumbers, uuidsOf } from '#store/entity.ts';

import { type AsOfMoment, resolveMoment } from './moment.ts';
import { type Past, type PastNode, loadPast } from './past.ts';
import { pastRestOf } from './past-rest.ts';
import { type PastStanding, loadPastStanding } from './past-standing.ts';

export interface PastView extends EntityView {
  /** The last change that counted. */
  readonly revision: number;
  readonly at: string;
}

export interface PastStandingView extends StandingView {
  readonly at: string;
}

interface Found {
  readonly session: Session;
  readonly moment: AsOfMoment;
  readonly past: Past;
  readonly standing: PastStanding;
}

/** The entity is named as it is named now; number and UUID never change. */
async function find(context: OperationContext, actor: Actor, id: string | number, at: string): Promise<Found> {
  const session = reader(context);
  const entity = await getEntity(session, actor, id);
  requirePermission(actor, 'entity:read');
  const moment = await resolveMoment(context, session, at);
  const past = await loadPast(session, entity.id, moment.revision);
  return { session, moment, past, standing: await loadPastStanding(session, past, moment.revision) };
}

/**
 * The entity as it was. Throws `not_found` before its creation, `invalid` for what is no moment, `conflict` when what
 * would tell it is archived.
 */
export async function readPastEntity(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  at: string,
): Promise<PastView> {
  const { session, moment, past, standing } = await find(context, actor, id, at);
  const { self } = past;
  const { entity } = self;
  const uuids = await uuidsOf(session, referencesOf(self), actor.accountId);
  const owner = entity.owner === null ? undefined : uuids.get(entity.owner);
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    id: self.uuid,
    number: self.id,
    kind: entity.kind,
    label: self.label,
    parent: entity.parent === null ? null : (uuids.get(entity.parent) ?? null),
    ...(owner === undefined ? {} : { owner }),
    standing: standingOf(standing.restrictions),
    lifecycle: entity.closedAtMs === null ? 'open' : 'closed',
    ...(entity.closedAtMs === null ? {} : { closedAt: iso(entity.closedAtMs) }),
    version: entity.version,
    createdAt: iso(entity.createdAtMs),
    updatedAt: iso(entity.updatedAtMs),
    identifiers: self.identifiers
      .filter(({ scheme }) => scheme !== 'rr')
      .map(({ scheme, value }) => `${scheme}:${value}`),
    ...fieldsOf(self, uuids),
    ...pastRestOf(past, restSettings(context.settings)),
    revision: moment.revision,
    at: moment.at,
  };
}

/** How it stood, with every reason. Throws as `readPastEntity` does. */
export async function readPastStanding(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  at: string,
): Promise<PastStandingView> {
  const { session, moment, past, standing } = await find(context, actor, id, at);
  const { self } = past;
  const { restrictions, reasons } = standing;
  return {
    entity: self.uuid,
    entityNumber: self.id,
    kind: self.entity.kind,
    standing: standingOf(restrictions),
    lifecycle: self.entity.closedAtMs === null ? 'open' : 'closed',
    denied: actionsIn(restrictions.denied),
    intercepted: actionsIn(restrictions.intercepted),
    reasons: await seenReasons(session, actor, reasons),
    revision: moment.revision,
    epoch: moment.epoch,
    staleForMs: 0,
    at: moment.at,
  };
}

/** What the actor may know now of the nodes and the authors of then. */
async function seenReasons(session: Session, actor: Actor, reasons: PastStanding['reasons']) {
  if (actor.accountId === 0) return reasons;
  const ids = reasons.map((reason) => reason.entityNumber).filter((id) => id !== null);
  const seen = new Set((await listByNumbers(session, ids)).filter((node) => sees(actor, node)).map((node) => node.id));
  return reasons.map((reason) => {
    const isSeen = reason.entityNumber !== null && seen.has(reason.entityNumber);
    return { ...redactedReason(reason, isSeen, false), label: isSeen ? reason.label : '' };
  });
}

function referencesOf({ entity }: PastNode): number[] {
  const ids = [entity.parent, entity.owner];
  for (const [name, field] of Object.entries(KIND_FIELDS[entity.kind]))
    if (field.type === 'reference') ids.push(Number(entity.values[name] ?? -1));
  return ids.filter((id) => id !== null && id >= 0) as number[]; // The filter says so.
}

/** The fields that were set; references as UUIDs. */
function fieldsOf({ entity }: PastNode, uuids: ReadonlyMap<number, string>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(KIND_FIELDS[entity.kind])) {
    const value = entity.values[name];
    if (value === null || value === undefined || field.secret === true) continue;
    out[name] = field.type === 'reference' ? (uuids.get(Number(value)) ?? null) : value;
  }
  return out;
}
