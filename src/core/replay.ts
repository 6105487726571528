/**
 * What an entity was at a revision, from its changes alone.
 *
 * Pure: whoever has the changes up to that revision, in order, gets the entity as it was after the last of them. What was
 * erased is absent.
 */
import { type Json, type Values, absentValue } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import { type Kind, isKind } from '#core/kind.ts';
import { FORMER, personalValue } from '#core/personal.ts';

/** A change as the log has it, with the personal values that are left. */
export interface LoggedChange {
  readonly revision: number;
  readonly atMs: number;
  readonly actor: string;
  readonly kind: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly personal: Readonly<Record<string, string>> | null;
}

/** An entity as it was. References are numbers. */
export interface PastEntity {
  readonly kind: Kind;
  readonly parent: number | null;
  readonly owner: number | null;
  readonly values: Values;
  readonly closedAtMs: number | null;
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** False once another took the names of it. */
  readonly hasNames: boolean;
  /** Personal fields whose values were erased. */
  readonly erased: ReadonlySet<string>;
}

/** The platform, which is there before the first change. */
export function rootBefore(createdAtMs: number): PastEntity {
  return {
    kind: 'account',
    parent: null,
    owner: null,
    values: { ...absentValues('account'), name: 'Platform' },
    closedAtMs: null,
    version: 1,
    createdAtMs,
    updatedAtMs: createdAtMs,
    hasNames: true,
    erased: new Set(),
  };
}

/** Replays changes of one entity. Null when it was not there yet. */
export function replayEntity(changes: Iterable<LoggedChange>, from: PastEntity | null = null): PastEntity | null {
  let state = from;
  for (const change of changes) {
    if (change.kind === 'entity.created') state = created(change) ?? state;
    else if (state !== null) state = changed(state, change);
  }
  return state;
}

function absentValues(kind: Kind): Values {
  return Object.fromEntries(Object.entries(KIND_FIELDS[kind]).map(([name, field]) => [name, absentValue(field)]));
}

function created(change: LoggedChange): PastEntity | null {
  const { kind, parent, owner } = change.facts;
  if (typeof kind !== 'string' || !isKind(kind)) return null;
  const erased = new Set<string>();
  const values = absentValues(kind);
  takeFields(kind, change, values, erased);
  return {
    kind,
    parent: Number(parent),
    owner: typeof owner === 'number' ? owner : null,
    values,
    closedAtMs: null,
    version: 1,
    createdAtMs: change.atMs,
    updatedAtMs: change.atMs,
    hasNames: true,
    erased,
  };
}

function changed(state: PastEntity, change: LoggedChange): PastEntity {
  const { facts, atMs } = change;
  switch (change.kind) {
    case 'entity.updated':
      return touched(state, change, {});
    case 'entity.moved':
      return touched(state, change, {
        parent: Number(facts['to']),
        ...('owner' in facts ? { owner: null } : {}),
        ...(typeof facts['version'] === 'number' ? { version: facts['version'] } : {}),
      });
    case 'entity.transferred':
      return touched(state, change, { owner: typeof facts['owner'] === 'number' ? facts['owner'] : null });
    case 'entity.closed':
      return touched(state, change, { closedAtMs: state.closedAtMs ?? atMs });
    case 'entity.released':
      return { ...state, hasNames: false };
    default:
      return state;
  }
}

function touched(state: PastEntity, change: LoggedChange, more: Partial<PastEntity>): PastEntity {
  const values = { ...state.values };
  const erased = new Set(state.erased);
  takeFields(state.kind, change, values, erased);
  return { ...state, version: state.version + 1, updatedAtMs: change.atMs, values, erased, ...more };
}

/** Takes over the fields that a change sets. */
function takeFields(kind: Kind, change: LoggedChange, values: Values, erased: Set<string>): void {
  const { facts, personal } = change;
  const put = (name: string, value: Json) => {
    const field = KIND_FIELDS[kind][name];
    if (field === undefined) return;
    values[name] = field.secret === true ? null : value;
    erased.delete(name);
  };
  for (const [name, value] of Object.entries((facts['set'] ?? {}) as Values)) put(name, value); // The log is our own.
  for (const name of (facts['cleared'] ?? []) as readonly string[]) put(name, null);
  for (const name of Object.keys(facts['commitments'] ?? {})) {
    if (name.startsWith(FORMER) || KIND_FIELDS[kind][name] === undefined) continue;
    const text = personal?.[name];
    if (text !== undefined) {
      put(name, personalValue(kind, name, text));
      continue;
    }
    values[name] = null;
    erased.add(name);
  }
}

/** A hold as it was. */
export interface PastHold {
  readonly uuid: string;
  readonly profile: string;
  readonly authority: string;
  readonly subject: string;
  readonly note: string | null;
  readonly placedBy: string;
  readonly placedAtMs: number;
  readonly endsAt: string | null;
  /** Since when it was in force; null: not yet. */
  readonly sinceMs: number | null;
  /** The revision at which it was placed: later holds have higher ones. */
  readonly revision: number;
}

/** The holds that had been placed on one entity and had not ended. */
export function replayHolds(changes: Iterable<LoggedChange>): PastHold[] {
  const holds = new Map<string, PastHold>();
  for (const { kind, facts, personal, actor, atMs, revision } of changes) {
    const uuid = String(facts['hold']);
    if (kind === 'hold.placed')
      holds.set(uuid, {
        uuid,
        profile: String(facts['profile']),
        authority: String(facts['authority']),
        subject: String(facts['subject'] ?? 'general'),
        note: personal?.['note'] ?? null,
        placedBy: actor,
        placedAtMs: typeof facts['placedAt'] === 'string' ? Date.parse(facts['placedAt']) : atMs,
        endsAt: typeof facts['endsAt'] === 'string' ? facts['endsAt'] : null,
        sinceMs: facts['inForce'] === true ? atMs : null,
        revision,
      });
    else if (kind === 'hold.activated') {
      const hold = holds.get(uuid);
      if (hold !== undefined) holds.set(uuid, { ...hold, sinceMs: atMs });
    } else if (kind === 'hold.lifted' || kind === 'hold.expired') holds.delete(uuid);
  }
  return [...holds.values()];
}
