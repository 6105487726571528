/**
 * What an APS resource should be, and what its endpoint is told to come there.
 *
 * A state says what is wanted, or was confirmed, in the words of the endpoint: `ready`, `disabled`, `removed`. It holds no
 * properties, which may be personal, but their fingerprint. Stored it is `{"disabled": true}` or `{"disabled": false}` with
 * what else is known, and one member that is true for the rest.
 */
import type { Json, Values } from '#core/field.ts';
import type { ContainerFacts, TargetFacts } from '#core/system-kind.ts';

import { isSuspension } from './aps-profile.ts';

export type ApsVerb = 'provision' | 'configure' | 'disable' | 'enable' | 'unprovision';

/** Where a resource stands at its endpoint; `unmade`: it is not there yet. */
export type ApsStanding = 'unmade' | 'ready' | 'disabled' | 'removed';

export interface ApsState {
  /**
   * `through`: stopped with a container, and not called by itself. `gone`: removed by others. Neither is ever confirmed: what
   * is, is where the resource stands. `unmade` is never desired.
   */
  readonly state: ApsStanding | 'through' | 'gone';
  /** A status of the application's own, which counts as ready. */
  readonly status?: string;
  /** Fingerprint of the properties; of a resource that is ready, where changed ones are told. */
  readonly properties?: string;
  /** The status for whose end every call waits. */
  readonly awaits?: string;
  /** Where it stood before it was told anything, where that is not `ready`. */
  readonly start?: 'unmade' | 'disabled';
  /** It is to be made at the endpoint. */
  readonly makes?: true;
  /** The container through which it is stopped, by the system's own id. */
  readonly through?: string;
  /** Held, but of a type that cannot be disabled. */
  readonly uncovered?: true;
}

/** Statuses under which no call may be made; what begins otherwise than with `aps:` is the application's own. */
const GONE: ReadonlySet<string> = new Set(['aps:deleted', 'aps:unprovisioning']);
const STILL: ReadonlySet<string> = new Set(['aps:ready', 'aps:disabled', 'aps:proto', '']);

/** What the endpoint should have for a resource now. */
export function desiredAps(facts: TargetFacts, settings: Values): Json {
  return toJson(desiredState(facts, settings));
}

function desiredState(facts: TargetFacts, settings: Values): ApsState {
  const status = textOf(facts.values['apsStatus']);
  if (GONE.has(status)) return { state: 'gone' };
  const common: Partial<ApsState> = {
    ...(status === 'aps:proto' ? { start: 'unmade' } : status === 'aps:disabled' ? { start: 'disabled' } : {}),
    ...(status.startsWith('aps:') && !STILL.has(status) ? { awaits: status } : {}),
  };
  const containers = (facts.containers ?? []).filter(
    ({ kind, values }) => kind === 'foreign' && values['system'] === facts.values['system'],
  );
  const isRemoved = facts.closed && settings['onClose'] === 'unprovision';
  const through = containers.find((container) => takesAlong(container, isRemoved, settings));
  if (through !== undefined)
    return { ...common, state: 'through', through: textOf(through.values['externalReference']) };
  if (isRemoved) return { ...common, state: 'removed' };
  const isHeld = facts.closed || isSuspension(facts);
  const isCovered = isListed(settings['suspendableTypes'], facts.values['apsType']);
  if (isHeld && isCovered) return { ...common, state: 'disabled' };
  const own = status === 'aps:disabled' ? textOf(facts.values['resumeStatus']) : status;
  return {
    ...common,
    state: 'ready',
    ...(own === '' || own.startsWith('aps:') ? {} : { status: own }),
    ...(settings['configures'] === true ? { properties: fingerprintOf(facts.values['properties'] ?? {}) } : {}),
    ...(common.start === 'unmade' && settings['provisions'] === true ? { makes: true } : {}),
    ...(isHeld ? { uncovered: true } : {}),
  };
}

/** Whether a container stops what hangs beneath it, or removes it where that is to be removed anyway. */
function takesAlong(container: ContainerFacts, isRemoved: boolean, settings: Values): boolean {
  const { cascades } = settings;
  const type = container.values['apsType'] ?? null;
  if (cascades !== true && !(Array.isArray(cascades) && cascades.includes(type))) return false;
  if (container.closed) return isRemoved === (settings['onClose'] === 'unprovision');
  return !isRemoved && isSuspension(container) && isListed(settings['suspendableTypes'], type);
}

/**
 * What the endpoint is told first to come from one state to the other; null: nothing. `adopt` is no call: it notes the
 * properties of a resource that is there already, so that a later change of them is seen.
 */
export function apsVerb(from: Json, to: Json): ApsVerb | 'adopt' | null {
  const wanted = readApsState(to);
  if (wanted === null) return null;
  const before = readApsState(from);
  const at = standingBefore(before, wanted);
  const verb = verbBetween(at, wanted);
  if (verb !== null || wanted.state !== 'ready' || at !== 'ready') return verb;
  if (wanted.properties !== undefined && before?.properties === undefined) return 'adopt';
  return isConfigured(before?.properties, wanted) ? null : 'configure';
}

/** What takes a resource from where it stands to where it should. Properties are the matter of `isConfigured`. */
export function verbBetween(at: ApsStanding, wanted: ApsState): ApsVerb | null {
  if (at === 'removed') return null;
  switch (wanted.state) {
    case 'through':
    case 'gone':
    case 'unmade':
      return null;
    case 'removed':
      return at === 'unmade' ? null : 'unprovision';
    case 'disabled':
      return at === 'ready' ? 'disable' : null;
    case 'ready':
      if (at === 'unmade') return wanted.makes === true ? 'provision' : null;
      return at === 'disabled' ? 'enable' : null;
  }
}

/** Whether the properties that the endpoint was told last, where that is known, are those that it should have. */
export function isConfigured(told: string | undefined, wanted: ApsState): boolean {
  return told === undefined || wanted.properties === undefined || told === wanted.properties;
}

/** Where a resource stands by the state that was confirmed last, or, where none was, as it began. */
export function standingBefore(before: ApsState | null, wanted: ApsState): ApsStanding {
  if (before === null || before.state === 'through') return wanted.start ?? 'ready';
  return before.state === 'gone' ? 'removed' : before.state;
}

/** What is confirmed of a resource that stands so. Only of one that is ready is it known what it was configured to. */
export function confirmedState(at: ApsStanding, wanted: ApsState, status: string | undefined): Json {
  const named = at === 'ready' ? (wanted.status ?? status) : undefined;
  return toJson({
    state: at,
    ...(named === undefined ? {} : { status: named }),
    ...(at === 'ready' && wanted.properties !== undefined ? { properties: wanted.properties } : {}),
  });
}

/** A state as it was stored; null for anything else. */
export function readApsState(json: Json): ApsState | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null;
  const { disabled, removed, gone, unmade, ...rest } = json as Readonly<Record<string, Json>>; // Neither a list nor null.
  const more = rest as Omit<ApsState, 'state'>; // Written by `toJson` alone.
  if (typeof disabled === 'boolean') return { ...more, state: disabled ? 'disabled' : 'ready' };
  if (more.through !== undefined) return { ...more, state: 'through' };
  const state = removed === true ? 'removed' : gone === true ? 'gone' : unmade === true ? 'unmade' : null;
  return state === null ? null : { ...more, state };
}

/** A state as it is stored. */
export function toJson({ state, ...more }: ApsState): Json {
  if (state === 'through') return { ...more };
  return state === 'disabled' || state === 'ready'
    ? { disabled: state === 'disabled', ...more }
    : { [state]: true, ...more };
}

/**
 * A fingerprint of JSON that does not depend on the order of members: 16 hexadecimal digits. It tells versions of one
 * thing apart, and proves nothing. The mixing is that of FNV-1a, with 32 bits twice.
 */
export function fingerprintOf(value: Json): string {
  const text = canonical(value);
  let [left, right] = [0x811c9dc5, 0x9e3779b9];
  for (let index = 0; index < text.length; index += 1) {
    left = Math.imul(left ^ text.charCodeAt(index), 0x01000193);
    right = Math.imul(right ^ (text.charCodeAt(index) + (left >>> 16)), 0x85ebca6b);
  }
  return [left, right].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

function canonical(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonical).join(',')}]`;
  const members = Object.entries(value as { readonly [key: string]: Json }); // Neither a list nor null.
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}

function isListed(list: Json | undefined, type: Json | undefined): boolean {
  return !Array.isArray(list) || list.length === 0 || list.includes(type ?? null);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
