/**
 * Ends sessions of people whose account is held by a profile that ends what is running. They are refused from the moment of
 * the hold; ended, they do not come back when it is lifted.
 */
import { ACTION_BIT } from '#core/action.ts';
import { type OperationContext, SCHEDULER, reader } from '#operations/context.ts';
import { perform } from '#operations/perform.ts';
import { endSessions, listHeldSessions } from '#store/session.ts';

/** Answers how many were ended. Any number of processes may do it at once. */
export async function endHeldSessions(context: OperationContext): Promise<number> {
  const held = await listHeldSessions(reader(context), ACTION_BIT.sign_in);
  if (held.length === 0) return 0;
  const { value } = await perform(context, SCHEDULER, { lock: 'none' }, async ({ transaction }) => {
    const ended = await endSessions(
      transaction,
      held.map(({ id }) => id),
    );
    for (const { id, login_id: login, account_id: account } of held)
      if (ended.has(id))
        transaction.record({
          kind: 'session.ended',
          entityId: account,
          facts: { session: id, login, cause: 'hold' },
          touched: [account],
        });
    return ended.size;
  });
  return value;
}
