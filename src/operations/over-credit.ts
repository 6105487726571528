/**
 * Who uses up a credit, told with the refusal to whoever may see it. Read after the refused transaction has ended: it
 * would else hold what others wait for.
 */
import type { Credit } from '#core/credit.ts';
import { Problem } from '#core/problem.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type UsedBy, findUsers } from '#store/credit.ts';

/** So many users of a credit make it clear where it went. */
const USERS_TOLD_MAX = 20;

/** Users by ancestor and credit, for the many refusals of one request. */
export type KnownUsers = Map<string, readonly UsedBy[] | null>;

/** The facts of an `over_credit` with the users of the credit; other facts as they are. */
export async function withUsers(
  context: OperationContext,
  actor: Actor,
  { code, facts }: Pick<Problem, 'code' | 'facts'>,
  known: KnownUsers = new Map(),
): Promise<Problem['facts']> {
  if (code !== 'over_credit') return facts;
  const { ancestor, credit } = facts as { ancestor: string; credit: Credit }; // What every `over_credit` says.
  const key = `${ancestor} ${credit}`;
  if (!known.has(key)) {
    const users = findUsers(reader(context), ancestor, credit, actor.accountId, USERS_TOLD_MAX);
    known.set(key, await users.catch(() => null)); // The refusal stands without them.
  }
  const by = known.get(key) ?? null;
  return by === null ? facts : { ...facts, by };
}

/** What a transaction threw, an `over_credit` with the users of the credit. */
export async function explainRefusal(context: OperationContext, actor: Actor, error: unknown): Promise<unknown> {
  if (!(error instanceof Problem) || error.code !== 'over_credit') return error;
  const { code, message } = error;
  return new Problem({ code, message, facts: await withUsers(context, actor, error) }, error.cause);
}
