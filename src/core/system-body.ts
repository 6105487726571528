/**
 * Reads what an operator says of a system: its settings and secrets by its kind, and how it is driven.
 *
 * Wrong fields are named by their path, such as `settings.url`. A secret never appears in a message.
 */
import { type Fields, type Values, readFields } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';
import { shown } from '#core/reading.ts';
import type { Pace, SystemKind } from '#core/system-kind.ts';

export const SYSTEM_NAME = /^[a-z][a-z0-9_-]{0,63}$/;

export const DRIFT_MODES = ['off', 'report', 'repair'] as const;
export type DriftMode = (typeof DRIFT_MODES)[number];

/** All that can be changed of a system. */
export interface SystemBody extends Pace {
  readonly settings: Values;
  readonly secrets: Values;
  readonly drift: DriftMode;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What each part of the pace may be, in its own unit. */
export const PACE_BOUNDS: Readonly<Record<Exclude<keyof Pace, 'rate'>, readonly [min: number, max: number]>> = {
  // Each is a slot that workers share out, and a connection.
  concurrency: [1, 1_000],
  timeoutMs: [10, 10 * 60 * SECOND_MS],
  flightMaxMs: [10, HOUR_MS],
  retryMinMs: [10, HOUR_MS],
  retryMaxMs: [10, DAY_MS],
  breakerFailures: [1, 1_000],
  breakerOpenMs: [100, HOUR_MS],
  driftEveryMs: [10 * SECOND_MS, 30 * DAY_MS],
};
/** Requests a second: from one in a quarter of an hour to more than one process can send. */
export const RATE_BOUNDS = [0.001, 100_000] as const;

const BODY_FIELDS = new Set(['settings', 'secrets', 'drift', 'rate', ...Object.keys(PACE_BOUNDS)]);

/** Whether the field is one of a system's body, whatever its kind. */
export function isBodyField(name: string): boolean {
  return BODY_FIELDS.has(name);
}

/**
 * The body of a system from input: without a former one absent fields get the defaults of the kind, else they stay as they
 * were, secrets among them, and `null` clears. What is wrong is added to the errors, and the result is not to be used then.
 */
export function readSystemBody(
  kind: SystemKind,
  input: Readonly<Record<string, unknown>>,
  former: SystemBody | null,
  errors: FieldError[],
): SystemBody {
  const before = errors.length;
  const settings = readGroup(kind.settings, input['settings'], former?.settings ?? null, 'settings', errors);
  const secrets = readGroup(kind.secrets, input['secrets'], former?.secrets ?? null, 'secrets', errors);
  const pace = readPace(input, former ?? kind.pace, kind.pace, errors);
  const drift = readDrift(kind, input['drift'], former?.drift ?? 'off', errors);
  // Together they are judged only when each is right by itself.
  if (errors.length === before) errors.push(...judgeTogether(kind, settings, secrets));
  return { settings, secrets, ...pace, drift };
}

/** What a kind of system has against its settings and secrets together; it names a field as the field is declared. */
function judgeTogether(kind: SystemKind, settings: Values, secrets: Values): FieldError[] {
  const found: FieldError[] = [];
  kind.judge?.(settings, secrets, found);
  return found.map(({ field, message }) => {
    if (Object.hasOwn(kind.settings, field)) return { field: `settings.${field}`, message };
    return { field: Object.hasOwn(kind.secrets, field) ? `secrets.${field}` : field, message };
  });
}

function readGroup(
  fields: Fields,
  given: unknown,
  former: Values | null,
  group: 'settings' | 'secrets',
  errors: FieldError[],
): Values {
  if (given !== undefined && given !== null && (typeof given !== 'object' || Array.isArray(given))) {
    errors.push({ field: group, message: 'must be an object' });
    return former ?? {};
  }
  const input = (given ?? {}) as Readonly<Record<string, unknown>>; // Judged just above.
  const wrong: FieldError[] = [];
  for (const name of Object.keys(input))
    if (!Object.hasOwn(fields, name)) wrong.push({ field: name, message: `is none of ${wordsOf(fields)}` });
  const read = readFields(fields, input, former === null ? 'create' : 'update', wrong);
  errors.push(...wrong.map(({ field, message }) => ({ field: `${group}.${field}`, message: told(group, message) })));
  return { ...former, ...read };
}

/** A message about a secret ends before the value that was found. */
function told(group: 'settings' | 'secrets', message: string): string {
  return group === 'secrets' ? (message.split(', not ')[0] ?? '') : message;
}

function wordsOf(fields: Fields): string {
  const names = Object.keys(fields);
  return names.length === 0 ? 'what this kind of system has: it has none' : names.join(', ');
}

function readPace(input: Readonly<Record<string, unknown>>, former: Pace, defaults: Pace, errors: FieldError[]): Pace {
  const before = errors.length;
  const whole = (name: keyof typeof PACE_BOUNDS): number => {
    const value = input[name];
    const [min, max] = PACE_BOUNDS[name];
    if (value === undefined) return former[name];
    if (value === null) return defaults[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    errors.push({ field: name, message: `must be a whole number from ${min} to ${max}, not ${shown(value)}` });
    return former[name];
  };
  const pace: Pace = {
    concurrency: whole('concurrency'),
    rate: readRate(input['rate'], former.rate, errors),
    timeoutMs: whole('timeoutMs'),
    flightMaxMs: whole('flightMaxMs'),
    retryMinMs: whole('retryMinMs'),
    retryMaxMs: whole('retryMaxMs'),
    breakerFailures: whole('breakerFailures'),
    breakerOpenMs: whole('breakerOpenMs'),
    driftEveryMs: whole('driftEveryMs'),
  };
  if (errors.length > before) return former;
  if (pace.flightMaxMs < pace.timeoutMs)
    errors.push({ field: 'flightMaxMs', message: `must be at least timeoutMs, which is ${pace.timeoutMs}` });
  if (pace.retryMaxMs < pace.retryMinMs)
    errors.push({ field: 'retryMaxMs', message: `must be at least retryMinMs, which is ${pace.retryMinMs}` });
  return pace;
}

function readRate(value: unknown, former: number | null, errors: FieldError[]): number | null {
  if (value === undefined) return former;
  if (value === null) return null;
  const [min, max] = RATE_BOUNDS;
  if (typeof value === 'number' && value >= min && value <= max) return value;
  errors.push({
    field: 'rate',
    message: `must be a number of requests a second from ${min} to ${max}, or null for no limit, not ${shown(value)}`,
  });
  return former;
}

function readDrift(kind: SystemKind, value: unknown, former: DriftMode, errors: FieldError[]): DriftMode {
  if (value === undefined) return former;
  if (value === null) return 'off';
  const mode = DRIFT_MODES.find((word) => word === value);
  if (mode === undefined)
    errors.push({ field: 'drift', message: `must be one of ${DRIFT_MODES.join(', ')}, not ${shown(value)}` });
  else if (mode !== 'off' && !kind.observes)
    errors.push({ field: 'drift', message: `must be off: a system of kind ${kind.name} cannot say what it has` });
  return mode ?? former;
}

/** The names of what differs between two bodies, such as `settings.url`: what an audit is told, without any value. */
export function changedFields(before: SystemBody, after: SystemBody): string[] {
  const inGroup = (group: 'settings' | 'secrets') =>
    [...new Set([...Object.keys(before[group]), ...Object.keys(after[group])])]
      .filter((name) => JSON.stringify(before[group][name] ?? null) !== JSON.stringify(after[group][name] ?? null))
      .map((name) => `${group}.${name}`);
  const plain = ['drift', 'rate', ...Object.keys(PACE_BOUNDS)] as (keyof SystemBody)[]; // All are fields of it.
  return [...inGroup('settings'), ...inGroup('secrets'), ...plain.filter((name) => before[name] !== after[name])];
}
