/**
 * The words by which the account APIs change how an account stands. They are holds: one for each word and authority. None
 * reaches beyond the account that is named, so that whatever stood beneath before stands there afterwards.
 */
import type { AccountStatus } from '#core/account-status.ts';
import { Problem, invalid, problem } from '#core/problem.ts';
import { closeWithin } from '#operations/close-entity.ts';
import { liftWithin, refuseLowerAuthority } from '#operations/lift-hold.ts';
import type { Work } from '#operations/perform.ts';
import { placeWithin } from '#operations/place-hold.ts';
import { type EntityState, uuidsOf } from '#store/entity.ts';
import { type HoldRow, endHold, listInForce, lockHold } from '#store/hold.ts';
import { readTelephonyRows } from '#store/telephony-account.ts';

/** What holds are marked with that stand for a word of these APIs. */
const SOURCE = 'status';
const UNINITIALIZED = 'uninitialized';

/** How Twilio refuses what Restcomm answers with the status that remains. */
export const HELD_ABOVE_CODE = 21476;
export const HELD_BY_HIGHER_CODE = 21478;

export interface StatusOptions {
  /** Whether a change that would not make the account what was asked for is refused (`conflict` with a `code`). */
  readonly isStrict?: boolean;
}

/** Places the hold that stands for the word, with the authority of whoever asks; the same again changes nothing. */
export async function holdByStatus(
  work: Work,
  account: EntityState,
  status: 'suspended' | 'inactive' | 'uninitialized',
  guard: 'guarded' | 'planned',
): Promise<void> {
  const { transaction, actor } = work;
  if (account.id === 0) throw invalid({ field: 'Status', message: 'of the platform cannot be changed' });
  const acting = (await uuidsOf(transaction, [actor.accountId])).get(actor.accountId) ?? null;
  const asked = { profile: status, source: SOURCE, externalRef: acting };
  const { hold } = await placeWithin(work, account.uuid, asked, guard);
  if (hold.inForce && hold.endsAt === null) return;
  // Somebody placed it on the native API for later, or for a while. The word means now, and until it is taken back.
  await liftWithin(work, account.uuid, hold.id);
  await placeWithin(work, account.uuid, asked, guard);
}

/**
 * Changes the status of an open account. Throws `invalid` for the platform and for `uninitialized` where it is not,
 * `plan_required`, and with `isStrict` `conflict`. The caller holds the shape lock, exclusively to close.
 */
export async function changeStatusWithin(
  work: Work,
  account: EntityState,
  status: AccountStatus,
  { isStrict = false }: StatusOptions = {},
): Promise<void> {
  if (status === 'active') {
    await activate(work, account, isStrict);
    return;
  }
  if (status === 'closed') {
    if (account.id === 0) throw invalid({ field: 'Status', message: 'of the platform cannot be changed' });
    await closeWithin(work, account.uuid, 'guarded');
    return;
  }
  if (status === 'uninitialized') {
    if ((await waiting(work, account)).length > 0) return;
    throw invalid({ field: 'Status', message: 'cannot become uninitialized: that is how an account begins' });
  }
  await holdByStatus(work, account, status, 'guarded');
}

/** Lifts every hold in force on the account that the actor may lift, but not what waits for a first password. */
async function activate(work: Work, account: EntityState, isStrict: boolean): Promise<void> {
  const { transaction, actor } = work;
  if (isStrict) await refuseHeldAbove(work, account);
  const liftable: HoldRow[] = [];
  for (const hold of await listInForce(transaction, [account.id])) {
    if (hold.profile === UNINITIALIZED) continue;
    const refusal = await refusalOf(refuseLowerAuthority(transaction, actor, account, hold));
    if (refusal === null) liftable.push(hold);
    else if (isStrict)
      throw problem('conflict', 'The account is suspended by a higher authority, which alone can make it active.', {
        facts: { code: HELD_BY_HIGHER_CODE },
      });
  }
  for (const hold of liftable) await liftWithin(work, account.uuid, hold.uuid);
}

async function refuseHeldAbove({ transaction }: Work, account: EntityState): Promise<void> {
  const [row] = await readTelephonyRows(transaction, [account.id]);
  if (row?.is_held_above !== true) return;
  throw problem('conflict', 'An account above is suspended: this one cannot become active before that is lifted.', {
    facts: { code: HELD_ABOVE_CODE },
  });
}

async function refusalOf(judged: Promise<void>): Promise<Problem | null> {
  try {
    await judged;
    return null;
  } catch (error) {
    if (error instanceof Problem && error.code === 'forbidden') return error;
    throw error;
  }
}

/** The holds that wait for a first password. */
async function waiting({ transaction }: Work, account: EntityState): Promise<HoldRow[]> {
  return (await listInForce(transaction, [account.id])).filter((hold) => hold.profile === UNINITIALIZED);
}

/**
 * Takes an account into service: its first password was set. Nobody's authority is asked for, since whoever placed such
 * a hold said that this ends it. Tells whether it had waited.
 */
export async function takeIntoService(work: Work, account: EntityState): Promise<boolean> {
  const { transaction, actor } = work;
  const holds = await waiting(work, account);
  for (const { uuid } of holds) {
    const hold = await lockHold(transaction, account.id, uuid);
    if (hold === null || hold.ended_at !== null) continue;
    await endHold(transaction, hold.id, 'lifted', actor.name);
    transaction.record({
      kind: 'hold.lifted',
      entityId: account.id,
      facts: { hold: hold.uuid, profile: hold.profile, wasInForce: true },
      touched: [account.id],
    });
  }
  return holds.length > 0;
}
