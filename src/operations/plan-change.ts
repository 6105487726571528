/** Works out what a hold, a lift, a close or an edit of a profile would change, without doing it. */
import { type Action, maskOf } from '#core/action.ts';
import { touchesDns } from '#core/powerdns-settings.ts';
import { invalid, problem } from '#core/problem.ts';
import type { PlanCounts, PlannedChange } from '#decisions/plan-scan.ts';
import { requirePermission, requireRight } from '#operations/access.ts';
import { refuseLowerAuthority } from '#operations/lift-hold.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { reader } from '#operations/context.ts';
import { portOutPending } from '#operations/number-rest.ts';
import { readHold } from '#operations/place-hold.ts';
import { type Performed, perform } from '#operations/perform.ts';
import { type PlannedForSystems, type PlannedSystem, planSystems } from '#operations/systems/plan-systems.ts';
import { requireProfile } from '#operations/put-profile.ts';
import { getEntity, notFound, refuseClosed, refuseUnknown } from '#operations/resolve.ts';
import { getHead } from '#store/change.ts';
import type { Session } from '#store/database.ts';
import type { EntityState } from '#store/entity.ts';
import { listHolds } from '#store/hold.ts';
import { type LaggingZones, findLaggingZones } from '#store/lagging-zones.ts';
import type { PortOutPending } from '#store/number.ts';
import { type PlanRow, insertPlan } from '#store/plan.ts';
import { entitiesHeldBy, findProfile } from '#store/profile.ts';

export type PlanIntent = Readonly<Record<string, unknown>> & { readonly action: 'hold' | 'lift' | 'close' | 'profile' };

interface Tally {
  readonly total: number;
  readonly byKind: Readonly<Record<string, number>>;
}

export interface PlanEffect {
  /** How many entities lie beneath the node, itself included. */
  readonly beneath: number;
  /** Those whose standing or permitted actions would change. */
  readonly changing: Tally;
  /** Those that something holds or has closed already, whether or not they change. */
  readonly alreadyHeld: Tally;
  readonly unchanged: Tally;
  /** Zones beneath with foreign secondaries, which do not follow at once; absent when there are none. */
  readonly laggingZones?: LaggingZones;
  /** What each system would be told; those that the change does not reach are left out. */
  readonly systems: readonly PlannedSystem[];
  /**
   * Numbers beneath that another operator has asked for: a close leaves their release waiting, a hold that denies calls
   * would cut them. Absent when there are none.
   */
  readonly portOutPending?: PortOutPending;
}

export interface PlanView {
  readonly token: string;
  readonly entity: string;
  readonly intent: Readonly<Record<string, unknown>>;
  readonly effect: PlanEffect;
  readonly revision: number;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** How long a plan waits for the engine to hold what is committed. */
const ENGINE_WAIT_MS = 5_000;
/** As many names of zones as a person reads before acting. */
const ZONES_NAMED_MAX = 20;
/** The most holds of one entity that a plan looks through. */
const HOLDS_MAX = 1_000;

/**
 * Makes a plan with a token that `applyPlan` takes. Throws `not_found`, `invalid`, `closed`, and `unavailable` when the
 * engine cannot follow.
 */
export async function planChange(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  intent: Readonly<Record<string, unknown>>,
): Promise<Performed<PlanView>> {
  const session = reader(context);
  const head = await getHead(session);
  const entity = await getEntity(session, actor, id);
  const { change, lagging, told, cut } = await readIntent(context, session, actor, entity, intent);
  if (!(await context.engine.waitFor(head.revision, ENGINE_WAIT_MS)))
    throw problem('unavailable', 'The decision engine does not follow the database now; try again.');
  const scan = await context.engine.planScan(entity.id, change);
  if (scan === null) throw notFound(id);
  const zones = await findLaggingZones(session, lagging, ZONES_NAMED_MAX);
  const effect: PlanEffect = {
    beneath: scan.total.beneath,
    changing: tally(scan.total, scan.byKind, (counts) => counts.changes),
    alreadyHeld: tally(scan.total, scan.byKind, (counts) => counts.heldAlready),
    unchanged: tally(scan.total, scan.byKind, (counts) => counts.beneath - counts.changes),
    ...(zones === null ? {} : { laggingZones: zones }),
    ...(await portOutPending(session, cut)),
    systems: told === null ? [] : await planSystems(context, session, entity, told),
  };
  return perform(context, actor, { lock: 'none' }, async ({ transaction }) => {
    const expiresAt = new Date(context.clock().getTime() + context.settings.planLifeMs);
    const plan = await insertPlan(transaction, {
      entity_id: entity.id,
      intent: { ...intent },
      effect: { ...effect },
      revision: scan.revision,
      created_by: actor.name,
      expires_at: expiresAt,
    });
    return planView(plan, entity);
  });
}

function planView(plan: PlanRow, entity: EntityState): PlanView {
  return {
    token: plan.token,
    entity: entity.uuid,
    intent: plan.intent,
    effect: plan.effect as unknown as PlanEffect, // Written by planChange alone.
    revision: plan.revision,
    createdAt: plan.created_at.toISOString(),
    expiresAt: plan.expires_at.toISOString(),
  };
}

/** What is planned, and the entities by which it touches name servers. */
interface Intended {
  readonly change: PlannedChange;
  /** The same as systems see it; null when they are not reached. */
  readonly told: PlannedForSystems | null;
  readonly lagging: readonly number[];
  /** What would no longer take or make calls, with all beneath. */
  readonly cut: readonly number[];
}

async function readIntent(
  context: OperationContext,
  session: Session,
  actor: Actor,
  entity: EntityState,
  intent: Readonly<Record<string, unknown>>,
): Promise<Intended> {
  switch (intent['action']) {
    case 'hold': {
      requireRight(actor, entity, 'hold:place');
      const hold = readHold(intent, actor, entity, context.clock());
      const profile = await findProfile(session, hold.profile);
      if (profile === null)
        throw invalid({ field: 'profile', message: `must be the name of a profile; there is no ${hold.profile}` });
      refuseClosed(entity, 'held');
      return {
        change: { type: 'hold', denied: maskOf(profile.denied), intercepted: maskOf(profile.intercepted) },
        told: { type: 'hold', profile: profile.name, authorityRank: hold.authorityRank, atMs: hold.startsAt.getTime() },
        lagging: touchesDns(profile) ? [entity.id] : [],
        cut: cutsCalls(profile) ? [entity.id] : [],
      };
    }
    case 'lift': {
      requireRight(actor, entity, 'hold:lift');
      refuseUnknown(intent, ['action', 'hold'], 'a plan to lift');
      const wanted = String(intent['hold'] ?? '').toLowerCase();
      const holds = await listHolds(session, {
        entityIds: [entity.id],
        includeEnded: false,
        after: 0,
        limit: HOLDS_MAX,
      });
      const hold = holds.find((row) => row.uuid === wanted);
      if (hold === undefined)
        throw invalid({ field: 'hold', message: `must be the id of a hold on ${entity.label} that has not ended` });
      await refuseLowerAuthority(session, actor, entity, hold);
      refuseClosed(entity, 'resumed');
      const lifted = await findProfile(session, hold.profile);
      return {
        change: { type: 'lift', holds: [hold.uuid] },
        told: hold.activated_at === null ? null : { type: 'lift', hold: hold.uuid },
        lagging: lifted !== null && touchesDns(lifted) ? [entity.id] : [],
        cut: [],
      };
    }
    case 'close':
      requireRight(actor, entity, 'entity:close');
      refuseUnknown(intent, ['action'], 'a plan to close');
      if (entity.id === 0) throw invalid({ field: 'id', message: 'the platform cannot be closed' });
      refuseClosed(entity, 'closed again');
      return { change: { type: 'close' }, told: { type: 'close' }, lagging: [entity.id], cut: [entity.id] };
    case 'profile': {
      requirePermission(actor, 'profile:write');
      refuseUnknown(intent, ['action', 'name', 'body'], 'a plan to edit a profile');
      if (entity.id !== 0)
        throw invalid({ field: 'id', message: 'must be the platform, 0: a profile counts everywhere' });
      const name = String(intent['name'] ?? '');
      const body = requireProfile(name, asObject(intent['body']), context.clock());
      const former = await findProfile(session, name);
      const isDns = former !== null && (touchesDns(former) || touchesDns(body));
      const masks = { denied: maskOf(body.denied), intercepted: maskOf(body.intercepted) };
      return {
        change: { type: 'profile', name, ...masks },
        told: { type: 'profile', name, ...masks, severity: body.severity, body },
        lagging: isDns ? await entitiesHeldBy(session, name, HOLDS_MAX) : [],
        cut: cutsCalls(body) ? await entitiesHeldBy(session, name, HOLDS_MAX) : [],
      };
    }
    default:
      throw invalid({ field: 'action', message: 'must be one of hold, lift, close, profile' });
  }
}

function cutsCalls({ denied }: { readonly denied: readonly Action[] }): boolean {
  return denied.includes('call.in') || denied.includes('call.out');
}

/** A JSON object, or an empty one, whose missing fields are then refused one by one. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function tally(
  total: PlanCounts,
  byKind: Readonly<Record<string, PlanCounts>>,
  count: (counts: PlanCounts) => number,
): Tally {
  const entries = Object.entries(byKind).map(([kind, counts]) => [kind, count(counts)] as const);
  return { total: count(total), byKind: Object.fromEntries(entries.filter(([, n]) => n > 0)) };
}
