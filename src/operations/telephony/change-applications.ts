/** Applications of an account: made, changed, removed. An application says where to ask what a call or message is to do. */
import { Problem } from '#core/problem.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { closeWithin } from '#operations/close-entity.ts';
import { createBatch } from '#operations/create/create-batch.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { updateWithin } from '#operations/update-entity.ts';
import { getState } from '#store/entity.ts';

import type { NamedAccount } from './find-account.ts';
import { findResource, requireOpenAccount } from './find-resource.ts';
import { mayClose } from './permitted-work.ts';
import { type ApplicationView, applicationView } from './read-applications.ts';

/** What is absent stays as it is; null clears it. */
export interface ApplicationInput {
  readonly name?: string | undefined;
  readonly url?: string | null | undefined;
  readonly medium?: string | null | undefined;
  readonly voiceCallerIdLookup?: boolean | undefined;
}

/** Makes an application, also beneath a suspended account. Throws `forbidden` for a closed one, `invalid`. */
export function createApplication(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  input: ApplicationInput,
): Promise<Performed<ApplicationView>> {
  requireOpenAccount(account);
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    const [created] = await createBatch(work, [{ ...given(input), kind: 'application', parent: account.id }], {
      mayBeHeld: true,
    });
    if (created instanceof Problem || created === undefined) throw created ?? new Error('no outcome');
    return viewOf(work, account, created.id);
  });
}

/** Changes an application by SID. Throws `not_found`, also as foreign, and `invalid`. */
export function changeApplication(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  sid: string,
  input: ApplicationInput,
): Promise<Performed<ApplicationView>> {
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    const { id } = await findResource(work.transaction, account, 'application', sid);
    await updateWithin(work, id, given(input));
    return viewOf(work, account, id);
  });
}

/** Closes an application by SID; numbers that name it keep the name. Throws `not_found`, also as foreign. */
export async function removeApplication(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  sid: string,
): Promise<Performed<null>> {
  const { id } = await findResource(reader(context), account, 'application', sid);
  return perform(context, actor, { lock: 'exclusive' }, async (work) => {
    await closeWithin(mayClose(work), id, 'guarded');
    return null;
  });
}

function given(input: ApplicationInput): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

async function viewOf({ transaction }: Work, account: NamedAccount, id: number): Promise<ApplicationView> {
  return applicationView(transaction, account, await getState(transaction, id));
}
