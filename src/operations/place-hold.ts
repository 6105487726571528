/** Places a hold: one reason more why an entity, and all beneath it, does not operate. */
import {
  AUTHORITIES,
  type Authority,
  SUBJECTS,
  type Subject,
  isAuthority,
  isSubject,
  rankOf,
  reachesLevel,
  reachesSubject,
} from '#core/authority.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { requirePlan } from '#operations/guard.ts';
import { type HoldView, holdView } from '#operations/hold-view.ts';
import { readTime } from '#operations/read-time.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getPermitted, refuseClosed } from '#operations/resolve.ts';
import type { EntityState } from '#store/entity.ts';
import { type HoldRow, findSameHold, insertHold } from '#store/hold.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { findProfile } from '#store/profile.ts';

export interface HoldInput {
  readonly profile?: unknown;
  readonly note?: unknown;
  readonly startsAt?: unknown;
  readonly endsAt?: unknown;
  readonly reviewAt?: unknown;
  /** Which system or process asks; with the external reference it tells repeated requests from new reasons. */
  readonly source?: unknown;
  readonly externalRef?: unknown;
  readonly authority?: unknown;
  /** What it is about; absent: `wish` for an account's hold on itself, else what the actor's role is for. */
  readonly subject?: unknown;
}

export interface PlacedHold {
  readonly hold: HoldView;
  /** False when the same source had placed the same hold before. */
  readonly isNew: boolean;
}

/**
 * Places a hold now or for later. The same profile from the same source with the same external reference answers the
 * hold that is there. Throws `invalid`, `closed`, `exists` for the same hold with another period, `plan_required`.
 */
export function placeHold(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: HoldInput,
  idempotency?: IdempotencyKey,
): Promise<Performed<PlacedHold>> {
  return perform(context, actor, { lock: 'none', idempotency }, (work) => placeWithin(work, id, input, 'guarded'));
}

/** The body of `placeHold`, for use inside a larger transaction; `planned` when a plan stands for it. */
export async function placeWithin(
  work: Work,
  id: string | number,
  input: HoldInput,
  guard: 'guarded' | 'planned',
): Promise<PlacedHold> {
  const { transaction, actor, context } = work;
  const entity = await getPermitted(transaction, actor, id, 'hold:place');
  const hold = readHold(input, actor, entity, context.clock());
  const profile = await findProfile(transaction, hold.profile);
  if (profile === null)
    throw invalid({ field: 'profile', message: `must be the name of a profile; there is no ${hold.profile}` });
  const found = await findSameHold(transaction, { ...hold, entityId: entity.id });
  const same = found === null ? null : sameOrRefused(found, hold, input);
  refuseClosed(entity, 'held');
  if (same !== null) return { hold: holdView(same, actor, entity), isNew: false };
  if (guard === 'guarded') await requirePlan(work, entity);
  const row = await insertHold(transaction, { ...hold, entityId: entity.id });
  if (row === null) {
    // Somebody placed it since the look above: the insert waited for that commit.
    const placed = await findSameHold(transaction, { ...hold, entityId: entity.id });
    if (placed === null) throw problem('busy', 'The same hold is being placed and lifted by others; try again.');
    return { hold: holdView(sameOrRefused(placed, hold, input), actor, entity), isNew: false };
  }
  transaction.record({
    kind: 'hold.placed',
    entityId: entity.id,
    facts: {
      hold: row.uuid,
      profile: row.profile,
      authority: row.authority,
      subject: row.subject,
      source: row.source,
      placedAt: row.placed_at.toISOString(),
      startsAt: row.starts_at.toISOString(),
      ...(row.ends_at === null ? {} : { endsAt: row.ends_at.toISOString() }),
      inForce: row.activated_at !== null,
    },
    touched: [entity.id],
    // Whoever writes a note, or an external reference, may name people in it.
    personal: {
      ...(row.note === null ? {} : { note: row.note }),
      ...(row.external_ref === null ? {} : { externalRef: row.external_ref }),
    },
  });
  return { hold: holdView(row, actor, entity), isNew: true };
}

/** `action` tells the intents of plans apart. */
const HOLD_FIELDS = new Set([
  'profile',
  'note',
  'startsAt',
  'endsAt',
  'reviewAt',
  'source',
  'externalRef',
  'authority',
  'subject',
  'action',
]);
const NOTE_MAX = 2_000;
const WORD_MAX = 128;

/** Reads a hold from input. The database's clock puts it in force; the process's clock only tells now from later. */
export function readHold(input: HoldInput, actor: Actor, entity: EntityState, now: Date) {
  const errors: FieldError[] = [];
  for (const field of Object.keys(input))
    if (!HOLD_FIELDS.has(field)) errors.push({ field, message: 'is no field of a hold' });
  const text = (name: 'profile' | 'note' | 'source' | 'externalRef', max: number): string | null => {
    const value = input[name];
    if (value === undefined || value === null) return null;
    if (typeof value === 'string' && value.length > 0 && value.length <= max && !value.includes('\u0000')) return value;
    errors.push({ field: name, message: `must be text of 1 to ${max} characters` });
    return null;
  };
  const time = (name: 'startsAt' | 'endsAt' | 'reviewAt') => readTime(input[name], name, errors);
  const profile = text('profile', WORD_MAX);
  if (profile === null && errors.length === 0)
    errors.push({ field: 'profile', message: 'is missing: the name of a profile, such as suspended' });
  const authority = readAuthority(input.authority, actor, errors);
  const subject = readSubject(input.subject, authority, actor, entity, errors);
  const startsAt = time('startsAt');
  const endsAt = time('endsAt');
  if (endsAt !== null && endsAt <= (startsAt ?? now))
    errors.push({ field: 'endsAt', message: `must be later than ${startsAt === null ? 'now' : 'startsAt'}` });
  const hold = {
    profile: profile ?? '',
    authority,
    authorityRank: rankOf(authority, subject),
    subject,
    // In the name of a lower level it is placed for whoever is of that level on the line.
    placedFor: authority === actor.authority ? actor.accountId : null,
    source: text('source', WORD_MAX) ?? actor.name,
    externalRef: text('externalRef', WORD_MAX),
    note: text('note', NOTE_MAX),
    placedBy: actor.name,
    startsAt: startsAt ?? now,
    endsAt,
    reviewAt: time('reviewAt'),
    isActive: startsAt === null || startsAt <= now,
  };
  if (errors.length > 0) throw invalid(...errors);
  return hold;
}

function readAuthority(given: unknown, actor: Actor, errors: FieldError[]): Authority {
  if (given === undefined || given === null) return actor.authority;
  if (typeof given === 'string' && isAuthority(given) && reachesLevel(actor.authority, given)) return given;
  errors.push({
    field: 'authority',
    message: `must be one of ${AUTHORITIES.join(', ')}, and not higher than ${actor.authority}`,
  });
  return actor.authority;
}

function readSubject(
  given: unknown,
  authority: Authority,
  actor: Actor,
  entity: EntityState,
  errors: FieldError[],
): Subject {
  const isOwn = authority === 'customer' && entity.id === actor.accountId;
  if (given === undefined || given === null) {
    if (isOwn) return 'wish';
    return reachesSubject(actor.subject, 'general') ? 'general' : actor.subject;
  }
  if (typeof given === 'string' && isSubject(given) && reachesSubject(actor.subject, given)) return given;
  const possible = SUBJECTS.filter((subject) => reachesSubject(actor.subject, subject));
  errors.push({ field: 'subject', message: `must be one of ${possible.join(', ')} for your role` });
  return actor.subject;
}

/** The same hold again is the same hold; with another period it is a contradiction, which is told. */
function sameOrRefused(same: HoldRow, hold: ReturnType<typeof readHold>, input: HoldInput): HoldRow {
  const differs: FieldError[] = [];
  if (input.startsAt != null && hold.startsAt.getTime() !== same.starts_at.getTime())
    differs.push({ field: 'startsAt', message: `is ${same.starts_at.toISOString()} in the hold that is there` });
  if (input.endsAt != null && hold.endsAt?.getTime() !== same.ends_at?.getTime())
    differs.push({ field: 'endsAt', message: `is ${same.ends_at?.toISOString() ?? 'open'} in the hold that is there` });
  if (differs.length > 0)
    throw problem(
      'exists',
      `The same source has this hold here already, with another period; give an externalRef to place another.`,
      {
        errors: differs,
        facts: { hold: same.uuid },
      },
    );
  return same;
}
