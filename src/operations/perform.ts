/**
 * One write: a transaction, its idempotency key, and the news of it to this process's engine.
 */
import { problem } from '#core/problem.ts';
import { type Actor, type OperationContext, authorOf } from '#operations/context.ts';
import { judgeActor } from '#operations/identity/judge-actor.ts';
import { explainRefusal } from '#operations/over-credit.ts';
import { requireTelephony } from '#operations/telephony/find-account.ts';
import { claimKey, findAnswer, type IdempotencyKey, keepAnswer } from '#store/idempotency.ts';
import { Session } from '#store/database.ts';
import { type ShapeLock, type Transaction, transact } from '#store/transaction.ts';

/** The body's view of a transaction, with the actor's right as of its beginning. */
export function workOf(transaction: Transaction, context: OperationContext, actor: Actor): Work {
  transaction.customersStartAtZero = context.settings.customerCreditDefault === 'zero';
  if (actor.credential === null) return { transaction, context, actor };
  const now = judgeActor(transaction.actor, actor.credential, actor.request);
  // Work on the account APIs is often done with more permissions than a role implies: so the role itself must still do.
  if (actor.need !== undefined) requireTelephony(now, ...actor.need);
  return { transaction, context, actor: now };
}

/** What an operation's body sees. Its answer is plain JSON, so that it can be kept for a repeated request. */
export interface Work {
  readonly transaction: Transaction;
  readonly context: OperationContext;
  readonly actor: Actor;
}

export interface Performed<T> {
  readonly value: T;
  /** The revision of the write; null when nothing changed, or when the answer is a kept one. */
  readonly revision: number | null;
  /** Whether the answer is that of an earlier request with the same key. */
  readonly replayed: boolean;
}

export type { IdempotencyKey };

export interface PerformOptions {
  readonly lock: ShapeLock;
  readonly idempotency?: IdempotencyKey | undefined;
}

/**
 * Carries out one write. With an idempotency key a repeated request answers what the first one did; the same key with
 * another request is a `conflict`. Throws `Problem`.
 */
export async function perform<T>(
  context: OperationContext,
  actor: Actor,
  options: PerformOptions,
  body: (work: Work) => Promise<T>,
): Promise<Performed<T>> {
  const { idempotency } = options;
  if (idempotency !== undefined) {
    const kept = await keptAnswer<T>(new Session(context.pool), idempotency);
    if (kept !== null) return kept;
  }
  const author = authorOf(actor);
  const { value, committed } = await transact(
    context.pool,
    context.chainKey,
    options.lock,
    author,
    async (transaction) => {
      const work = workOf(transaction, context, actor);
      if (idempotency !== undefined && !(await claimKey(transaction, idempotency))) {
        const kept = await keptAnswer<T>(transaction, idempotency);
        if (kept !== null) return kept;
        throw problem('busy', 'A request with this Idempotency-Key is being carried out; try again.');
      }
      const answer = await body(work);
      if (idempotency !== undefined) await keepAnswer(transaction, idempotency, answer);
      return { value: answer, revision: null, replayed: false };
    },
  ).catch(async (error: unknown) => {
    throw await explainRefusal(context, actor, error);
  });
  if (committed !== null) context.engine.poke();
  return { ...value, revision: committed?.revision ?? null };
}

/** What an earlier request with the same key answered; null when there was none, or it is under way. */
export async function keptAnswer<T>(session: Session, key: IdempotencyKey): Promise<Performed<T> | null> {
  const kept = await findAnswer(session, key);
  if (kept === null) return null;
  refuseOtherRequest(kept, key);
  if (kept.answer === null) return null;
  return { value: kept.answer as T, revision: null, replayed: true }; // Written by the same operation, as JSON.
}

/** The same key with another request is a mistake of the caller, never a reason to do either. */
export function refuseOtherRequest(
  kept: { readonly route: string; readonly digest: Buffer },
  key: IdempotencyKey,
): void {
  if (kept.route !== key.route || !kept.digest.equals(key.digest))
    throw problem('conflict', 'This Idempotency-Key was used for another request; use a new one.');
}
