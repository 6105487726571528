/** Counts what servers report that they refused. It changes nothing that is decided by, and is no part of the log. */
import { ACTIONS, isAction } from '#core/action.ts';
import { PROFILE_NAME } from '#core/profile.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { readTime } from '#operations/read-time.ts';
import { refuseUnknown } from '#operations/resolve.ts';
import { type Counted, countObservations as countRows } from '#store/observation.ts';

/** The most observations of one request. */
export const OBSERVATIONS_MAX = 1_000;
/** The most that one of them may count: a server that refuses so many in the time of one report is watched otherwise. */
export const COUNT_MAX = 1_000_000;
const SUBJECT_MAX = 512;
const SOURCE = /^[\w.:@-]{1,64}$/;
const CODE_MAX = 999;
const MINUTE_MS = 60_000;
/** What is older was kept back by a server for a day, and is counted no more. */
const AGE_MAX_MS = 24 * 60 * MINUTE_MS;
const FIELDS = new Set(['subject', 'action', 'effect', 'profile', 'code', 'count', 'at']);

export interface CountedObservations {
  /** Observations that were counted. */
  readonly accepted: number;
  /** Those of them whose subject is nobody whom the actor may see: counted without their name. */
  readonly unknown: number;
  /** Observations that were too old to be counted. */
  readonly late: number;
}

/**
 * Counts up to a thousand observations by subject, action and minute. A time to come counts as now, since clocks differ.
 * Throws `forbidden`, `invalid` with every field that is wrong; then nothing is counted.
 */
export async function countObservations(
  context: OperationContext,
  actor: Actor,
  input: Readonly<Record<string, unknown>>,
): Promise<CountedObservations> {
  requirePermission(actor, 'observation:write');
  refuseUnknown(input, ['source', 'observations'], 'a report');
  const { source, observations } = input;
  const errors: FieldError[] = [];
  if (typeof source !== 'string' || !SOURCE.test(source))
    errors.push({
      field: 'source',
      message: 'must be the name of the server: 1 to 64 letters, digits or any of . _ : @ -',
    });
  if (!Array.isArray(observations) || observations.length > OBSERVATIONS_MAX)
    throw invalid(...errors, { field: 'observations', message: `must be a list of at most ${OBSERVATIONS_MAX}` });
  const nowMs = context.clock().getTime();
  const read = observations.map((given: unknown, index) => readOne(given, `observations[${index}]`, nowMs, errors));
  if (errors.length > 0) throw invalid(...errors);
  const counts = new Map<string, Counted>();
  let [unknown, late] = [0, 0];
  for (const { subject, atMs, ...rest } of read) {
    if (atMs < nowMs - AGE_MAX_MS) {
      late += 1;
      continue;
    }
    const entityId = seenEntity(context, actor, subject);
    if (entityId === null) unknown += 1;
    const minute = new Date(Math.floor(atMs / MINUTE_MS) * MINUTE_MS);
    const key = [entityId, minute.getTime(), rest.action, rest.effect, rest.profile, rest.code].join(' ');
    const count = (counts.get(key)?.count ?? 0) + rest.count;
    counts.set(key, { ...rest, count, entityId, minute, source: String(source) });
  }
  await countRows(reader(context), [...counts.values()]);
  return { accepted: read.length - late, unknown, late };
}

/** The entity that a name means to the actor, by the picture that decisions are made from. */
function seenEntity({ engine }: OperationContext, actor: Actor, subject: string): number | null {
  const entity = engine.find(subject);
  return entity !== null && (actor.accountId === 0 || engine.isWithin(entity, actor.accountId)) ? entity : null;
}

interface Read extends Omit<Counted, 'entityId' | 'minute' | 'source'> {
  readonly subject: string;
  readonly atMs: number;
}

function readOne(given: unknown, field: string, nowMs: number, errors: FieldError[]): Read {
  const input = (typeof given === 'object' && given !== null ? given : {}) as Readonly<Record<string, unknown>>; // Judged below.
  for (const name of Object.keys(input))
    if (!FIELDS.has(name)) errors.push({ field: `${field}.${name}`, message: 'is no field of an observation' });
  const { subject, action, effect = 'deny', profile = null, code = null, count = 1 } = input;
  const wrong = (name: string, message: string) => errors.push({ field: `${field}.${name}`, message });
  if (typeof subject !== 'string' || subject === '' || subject.length > SUBJECT_MAX)
    wrong('subject', `must be a name such as sip:alice@example.com, of at most ${SUBJECT_MAX} characters`);
  if (typeof action !== 'string' || !isAction(action)) wrong('action', `must be one of ${ACTIONS.join(', ')}`);
  if (effect !== 'deny' && effect !== 'intercept') wrong('effect', 'must be deny or intercept');
  if (profile !== null && (typeof profile !== 'string' || !PROFILE_NAME.test(profile)))
    wrong('profile', 'must be the name of a profile, or null');
  if (code !== null && !isWhole(code, CODE_MAX)) wrong('code', `must be a whole number from 1 to ${CODE_MAX}, or null`);
  if (!isWhole(count, COUNT_MAX)) wrong('count', `must be a whole number from 1 to ${COUNT_MAX}`);
  const at = readTime(input['at'], `${field}.at`, errors);
  return {
    subject: String(subject),
    action: String(action),
    effect: effect === 'intercept' ? 'intercept' : 'deny',
    profile: typeof profile === 'string' ? profile : null,
    code: typeof code === 'number' ? code : null,
    count: Number(count),
    atMs: Math.min(at?.getTime() ?? nowMs, nowMs),
  };
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max;
}
