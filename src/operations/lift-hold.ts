/** Lifts a hold. Whatever else holds the entity, there or above, still does. */
import { type LineAccount, holderOf, isAuthority, reachesLevel, reachesSubject } from '#core/authority.ts';
import { isUuid } from '#core/ids.ts';
import { type Problem, invalid, problem } from '#core/problem.ts';
import { seesName } from '#operations/access.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { type HoldView, holdView } from '#operations/hold-view.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { getPermitted, notFound, refuseClosed } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, uuidsOf } from '#store/entity.ts';
import { type HoldRow, endHold, lockHold } from '#store/hold.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import { levelsOf } from '#store/role.ts';

/**
 * Ends a hold, in force or scheduled. A hold that has ended already is answered as it is. Throws `not_found`,
 * `forbidden` for a hold of a higher authority, `closed` beneath a closed node.
 */
export function liftHold(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  holdId: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<HoldView>> {
  return perform(context, actor, { lock: 'none', idempotency }, (work) => liftWithin(work, id, holdId));
}

/** The body of `liftHold`, for use inside a larger transaction. */
export async function liftWithin(work: Work, id: string | number, holdId: string): Promise<HoldView> {
  const { transaction, actor } = work;
  const entity = await getPermitted(transaction, actor, id, 'hold:lift');
  const uuid = holdId.toLowerCase();
  if (!isUuid(uuid)) throw invalid({ field: 'hold', message: 'must be the UUID of a hold' });
  const hold = await lockHold(transaction, entity.id, uuid);
  if (hold === null) throw notFound(`hold ${uuid} on ${entity.label}`);
  await refuseLowerAuthority(transaction, actor, entity, hold);
  refuseClosed(entity, 'resumed');
  if (hold.ended_at !== null) return holdView(hold, actor, entity);
  const ended = await endHold(transaction, hold.id, 'lifted', actor.name);
  transaction.record({
    kind: 'hold.lifted',
    entityId: entity.id,
    facts: { hold: hold.uuid, profile: hold.profile, wasInForce: hold.activated_at !== null },
    touched: [entity.id],
  });
  return holdView(ended, actor, entity);
}

/** Throws `forbidden` unless the actor has the hold's authority, or a higher one. */
export async function refuseLowerAuthority(
  session: Session,
  actor: Actor,
  entity: EntityState,
  hold: HoldRow,
): Promise<void> {
  const levels = await levelsOf(session, entity.line);
  const line: LineAccount[] = entity.line.map((id) => ({ id, level: levelOf(levels.get(id)) }));
  const holder = holderOf(
    { level: hold.authority, subject: hold.subject, placedFor: hold.placed_for },
    line,
    entity.kind === 'account',
  );
  const isHigh = entity.line.indexOf(holder) >= entity.line.indexOf(actor.accountId);
  const isOwnOnly = actor.isHeldByItself && entity.id !== actor.ownAccountId;
  if (
    isHigh &&
    !isOwnOnly &&
    reachesLevel(actor.authority, hold.authority) &&
    reachesSubject(actor.subject, hold.subject)
  )
    return;
  throw await lowerAuthority(session, actor, entity, hold, holder);
}

function levelOf(level: string | undefined): LineAccount['level'] {
  return level !== undefined && isAuthority(level) ? level : 'customer';
}

async function lowerAuthority(
  session: Session,
  actor: Actor,
  entity: EntityState,
  hold: HoldRow,
  holder: number,
): Promise<Problem> {
  const isKnown = seesName(actor, hold, entity.line);
  const by = isKnown ? (hold.placed_by_name ?? hold.placed_by) : `the ${hold.authority}`;
  const account = (await uuidsOf(session, [holder], actor.accountId)).get(holder) ?? null;
  const who = account === null ? `the ${hold.authority}` : `account ${account}`;
  return problem(
    'forbidden',
    `This hold was placed by ${by} with the authority of the ${hold.authority} in matters of ${hold.subject}; ` +
      `${who} can lift it, or an account above, by a role that decides over ${hold.subject}.`,
    {
      facts: {
        hold: hold.uuid,
        authority: hold.authority,
        subject: hold.subject,
        placedBy: by,
        liftableBy: { level: hold.authority, subject: hold.subject, account },
      },
    },
  );
}
