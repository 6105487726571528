/** Numbers of an account: changed, and given up. */
import { closeWithin } from '#operations/close-entity.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Performed, perform } from '#operations/perform.ts';
import { updateWithin } from '#operations/update-entity.ts';

import type { NamedAccount } from './find-account.ts';
import { findResource } from './find-resource.ts';
import { type NumberInput, numberFields } from './number-input.ts';
import { mayClose } from './permitted-work.ts';
import { type NumberView, numberView } from './read-numbers.ts';

/** Changes how a number by SID is answered. Throws `not_found`, also as foreign, and `invalid`. */
export function changeNumber(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  sid: string,
  input: NumberInput,
): Promise<Performed<NumberView>> {
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    const { transaction } = work;
    const { id } = await findResource(transaction, account, 'phone_number', sid);
    const present = await numberView(transaction, account, id);
    await updateWithin(work, id, await numberFields(transaction, work.actor, input, present));
    return numberView(transaction, account, id);
  });
}

/**
 * Closes a number by SID: it is gone from the account at once, and given back to its provider by the reconciler, as soon
 * as that may be. Throws `not_found`, also as foreign, and `conflict` while another operator has asked for it.
 */
export async function removeNumber(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  sid: string,
): Promise<Performed<null>> {
  const { id } = await findResource(reader(context), account, 'phone_number', sid);
  return perform(context, actor, { lock: 'exclusive' }, async (work) => {
    await closeWithin(mayClose(work), id, 'guarded');
    return null;
  });
}
