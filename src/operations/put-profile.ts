/** Defines a profile, or edits one: the next version of it counts for every hold that names it, at once. */
import { maskOf } from '#core/action.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { BUILTIN_PROFILES, PROFILE_NAME, type ProfileBody, readProfile } from '#core/profile.ts';
import { requirePermission } from '#operations/access.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { planRequired } from '#operations/guard.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { countBeneath } from '#store/entity.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { type Profile, entitiesHeldBy, lockProfile, writeProfile } from '#store/profile.ts';

/**
 * Writes a profile. Throws `invalid` for each wrong field, among them an emergency path closed without a legal
 * override, and `plan_required` when holds in force would change more entities than the guard allows.
 */
export function putProfile(
  context: OperationContext,
  actor: Actor,
  name: string,
  input: Readonly<Record<string, unknown>>,
  idempotency?: IdempotencyKey,
): Promise<Performed<Profile>> {
  return perform(context, actor, { lock: 'none', idempotency }, (work) =>
    putProfileWithin(work, name, input, 'guarded'),
  );
}

const KNOWN = new Set([
  'name',
  'description',
  'severity',
  'denied',
  'intercepted',
  'refusal',
  'sessions',
  'systems',
  'legalOverride',
]);
/** What an answer has and a caller may send back unread. */
const IGNORED = new Set(['version', 'builtin', 'updatedAt']);

/** Reads a profile as the caller gave it, or throws `invalid`. */
export function requireProfile(name: string, input: Readonly<Record<string, unknown>>, now: Date): ProfileBody {
  const errors: FieldError[] = [];
  if (!PROFILE_NAME.test(name))
    errors.push({
      field: 'name',
      message: 'must begin with a letter and have at most 64 lower-case letters, digits, _ or -',
    });
  for (const field of Object.keys(input))
    if (!KNOWN.has(field) && !IGNORED.has(field)) errors.push({ field, message: 'is no field of a profile' });
  if (input['name'] !== undefined && input['name'] !== name)
    errors.push({ field: 'name', message: `must be ${name}, or absent` });
  const body = readProfile(input, now.getTime(), errors);
  if (errors.length > 0) throw invalid(...errors);
  return body;
}

/** The body of `putProfile`, for use inside a larger transaction; `planned` when a plan stands for it. */
export async function putProfileWithin(
  work: Work,
  name: string,
  input: Readonly<Record<string, unknown>>,
  guard: 'guarded' | 'planned',
): Promise<Profile> {
  const { transaction, actor, context } = work;
  requirePermission(actor, 'profile:write');
  const body = requireProfile(name, input, context.clock());
  const former = await lockProfile(transaction, name);
  const isEffective =
    former !== null &&
    (maskOf(former.denied) !== maskOf(body.denied) || maskOf(former.intercepted) !== maskOf(body.intercepted));
  if (guard === 'guarded' && isEffective) await requirePlanForProfile(work, name);
  const profile = await writeProfile(transaction, name, body, {
    builtin: Object.hasOwn(BUILTIN_PROFILES, name),
    actor: actor.name,
  });
  transaction.record({
    kind: 'profile.changed',
    entityId: null,
    facts: { name, version: profile.version, ...body, ...(former === null ? {} : { before: bodyOf(former) }) },
    touched: [],
  });
  return profile;
}

/** What a profile says, without its name and its versions. */
export function bodyOf(profile: Profile): ProfileBody {
  const { name: _name, version: _version, builtin: _builtin, updatedAt: _updatedAt, ...body } = profile;
  return body;
}

async function requirePlanForProfile(work: Work, name: string): Promise<void> {
  const { guardLimit } = work.context.settings;
  let left = guardLimit;
  for (const id of await entitiesHeldBy(work.transaction, name, guardLimit + 1)) {
    left -= id === 0 ? left + 1 : await countBeneath(work.transaction, id, left + 1);
    if (left < 0) throw planRequired(`more than ${guardLimit} entities that holds of ${name} reach`, guardLimit);
  }
}

/**
 * Takes the emergency closure out of profiles whose legal override has run out, unless it was renewed or taken out
 * since they were read. Answers how many.
 */
export async function lapseOverrides(work: Work, profiles: readonly Profile[]): Promise<number> {
  let count = 0;
  for (const { name } of profiles) {
    const profile = await lockProfile(work.transaction, name);
    if (profile?.legalOverride == null || Date.parse(profile.legalOverride.expiresAt) > work.context.clock().getTime())
      continue;
    const body = bodyOf(profile);
    const open = {
      ...body,
      denied: body.denied.filter((action) => action !== 'call.emergency'),
      intercepted: body.intercepted.filter((action) => action !== 'call.emergency'),
      legalOverride: null,
    };
    await putProfileWithin(work, name, open, 'planned');
    count++;
  }
  return count;
}
