/** Turns claimed targets into orders for a driver, or finds that there is nothing to tell. */
import { createHash } from 'node:crypto';

import type { Json, Values } from '#core/field.ts';
import { type Intent, intentOf } from '#core/reconcile/intent.ts';
import { type Tried, type Writing, writeUntold, writeVerdict } from '#core/reconcile/verdict.ts';
import type { ContainerFacts, ProfileFacts, SystemKind } from '#core/system-kind.ts';
import type { Kind } from '#core/kind.ts';
import { readKindRows } from '#store/kind-row.ts';
import type { Session } from '#store/database.ts';
import {
  type ClaimedTarget,
  type ProfileFactsRow,
  type TargetFactsRow,
  readContainers,
  readProfileFacts,
  readTargetFacts,
} from '#store/target.ts';
import type { Order } from '#systems/system.ts';

export interface Job {
  readonly target: ClaimedTarget;
  readonly token: string;
  readonly order: Order;
  readonly tried: Tried;
  /** What is written without a call; null: the driver is to be called. */
  readonly untold: Writing | null;
}

export interface PreparedSystem {
  readonly uuid: string;
  readonly kind: SystemKind;
  readonly settings: Values;
}

/** Reads what holds now, works out what is desired, and judges what is to be done. */
export async function prepareJobs(
  session: Session,
  system: PreparedSystem,
  token: string,
  targets: readonly ClaimedTarget[],
  onBug: (what: string, error: unknown) => void,
): Promise<Job[]> {
  const facts = await readFacts(
    session,
    system.kind,
    targets.map((target) => target.entity_id),
  );
  return targets.flatMap((target) => {
    const known = facts.get(target.entity_id);
    if (known === undefined) return [];
    const tried: Tried = {
      desired: null,
      applied: target.applied,
      task: target.task,
      isUnproven: target.is_unproven,
      isDrifted: target.is_drifted,
      doubt: target.doubt,
      attempts: target.attempts,
    };
    try {
      const desired = desiredOf(system, known, target.reference);
      const intent = intentOf(system.kind, tried, desired);
      const isForced = intent.type === 'call' && intent.isForced;
      const order = asOrder(system, target, known, desired, isForced);
      return [{ target, token, tried: { ...tried, desired }, untold: untoldOf(target, tried, intent), order }];
    } catch (error) {
      onBug(`what entity ${target.entity_id} should be cannot be worked out`, error);
      const order = asOrder(system, target, known, null, false);
      return [{ target, token, tried, untold: broken(tried), order }];
    }
  });
}

/** One that cannot be judged is looked at again after a while, and holds nothing else up. */
function broken(tried: Tried): Writing {
  const detail = 'What it should be cannot be worked out; why is logged.';
  return { ...writeVerdict(tried, { type: 'later', code: 'bug', detail }, BUG_RETRY, Math.random()), isTold: false };
}

const BUG_RETRY = { retryMinMs: 60_000, retryMaxMs: 3_600_000 };

/** Null: there is something to tell, and a name under which it can be told. */
function untoldOf(target: ClaimedTarget, tried: Tried, intent: Intent): Writing | null {
  if (intent.type !== 'call') return writeUntold(tried);
  if (target.reference !== null) return null;
  const detail = 'The entity does not say in a usable way what it is called there.';
  return { ...writeVerdict(tried, { type: 'never', code: 'reference', detail }, NO_RETRY, 0), isTold: false };
}

/** Whoever corrects the reference has it told again. */
const NO_RETRY = { retryMinMs: 0, retryMaxMs: 0 };

/** All that a state is computed from, for one entity. */
export interface KnownEntity {
  readonly row: TargetFactsRow;
  readonly values: Values;
  readonly profiles: readonly ProfileFacts[];
  /** The resources that contain it, the nearest first; empty where the kind of system does not ask for them. */
  readonly containers: readonly ContainerFacts[];
}

/** Reads them for many entities, in a handful of statements. */
export async function readFacts(
  session: Session,
  kind: SystemKind,
  entities: readonly number[],
): Promise<Map<number, KnownEntity>> {
  const known = await readOwnFacts(session, kind, entities);
  if (kind.asksContainers !== true) return known;
  const containers = await readContainers(session, entities);
  if (containers.size === 0) return known;
  const around = await readOwnFacts(session, kind, [...new Set([...containers.values()].flat())]);
  for (const [id, one] of known)
    known.set(id, {
      ...one,
      containers: (containers.get(id) ?? []).flatMap((container) => {
        const found = around.get(container);
        return found === undefined ? [] : [asContainer(found)];
      }),
    });
  return known;
}

function asContainer({ row, values, profiles }: KnownEntity): ContainerFacts {
  const { kind, denied, intercepted, closed } = row;
  return { kind, values, denied, intercepted, closed, profiles };
}

async function readOwnFacts(
  session: Session,
  kind: SystemKind,
  entities: readonly number[],
): Promise<Map<number, KnownEntity>> {
  const rows = await readTargetFacts(session, entities);
  const names = [...new Set(rows.flatMap((row) => row.profiles))];
  const profiles = new Map(
    names.length === 0
      ? []
      : (await readProfileFacts(session, kind.name, names)).map((row) => [row.name, asProfile(row)] as const),
  );
  const values = new Map<number, Values>();
  for (const one of new Set(rows.map((row) => row.kind)))
    for (const [id, fields] of await readKindRows(session, one, idsOf(rows, one))) values.set(id, fields);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        row,
        values: values.get(row.id) ?? {},
        profiles: row.profiles.flatMap((name, index): ProfileFacts[] => {
          const [profile, since] = [profiles.get(name), row.profiles_since[index]];
          if (profile === undefined) return [];
          return [since === undefined ? profile : { ...profile, since }];
        }),
        containers: [],
      },
    ]),
  );
}

export function desiredOf(
  { kind, settings }: Pick<PreparedSystem, 'kind' | 'settings'>,
  { row, values, profiles, containers }: KnownEntity,
  reference: Json,
): Json {
  return kind.desired(
    {
      kind: row.kind,
      values,
      reference,
      denied: row.denied,
      intercepted: row.intercepted,
      closed: row.closed,
      ownerClosed: row.owner_closed,
      ...(row.closed_since === null ? {} : { closedSince: row.closed_since.toISOString() }),
      profiles,
      ...(containers.length === 0 ? {} : { containers }),
    },
    settings,
  );
}

export function asOrder(
  system: PreparedSystem,
  target: Omit<ClaimedTarget, 'due_at'>,
  { row, values, profiles }: KnownEntity,
  desired: Json,
  isForced: boolean,
): Order {
  return {
    entityId: target.entity_id,
    uuid: row.uuid,
    kind: row.kind,
    accountId: target.account_id,
    reference: target.reference,
    values,
    profiles,
    desired,
    applied: target.applied,
    kept: target.kept,
    task: target.task,
    mayHaveActed: target.is_unproven || target.doubt !== 'none',
    mayStillArrive: target.doubt === 'open',
    isForced,
    requestId: requestIdOf(system.uuid, row.uuid, target.generation_desired),
    attempts: target.attempts,
  };
}

/** A UUID of version 8 (RFC 9562 section 5.8) that is the same for each try of one generation. */
export function requestIdOf(system: string, entity: string, generation: number): string {
  const digest = createHash('sha256').update(`${system} ${entity} ${generation}`).digest().subarray(0, 16);
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function idsOf(rows: readonly TargetFactsRow[], kind: Kind): number[] {
  return rows.filter((row) => row.kind === kind).map((row) => row.id);
}

function asProfile(row: ProfileFactsRow): ProfileFacts {
  return {
    name: row.name,
    denied: row.denied,
    intercepted: row.intercepted,
    sessions: row.sessions,
    refusalText: row.refusal_text,
    settings: row.settings,
    hasLegalOverride: row.has_legal_override,
  };
}
