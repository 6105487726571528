/**
 * An account and those right beneath it as one list in parts, as Twilio lists them. Whoever acts on no other account than
 * its own finds itself alone there: an account is shown with what signs it in.
 */
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type FamilyFilter, countFamily, listFamily } from '#store/account-family.ts';
import { findEntity } from '#store/entity.ts';

import { type AccountView, accountViews } from './account-view.ts';
import { isAdministrator } from './find-account.ts';

export type FamilyWanted = Omit<FamilyFilter, 'isAlone'>;

/** A part of the list, closed accounts included, and how many there are in all. */
export async function listAccountFamily(
  context: OperationContext,
  actor: Actor,
  wanted: FamilyWanted,
  part: { readonly offset: number; readonly limit: number },
): Promise<{ readonly total: number; readonly items: readonly AccountView[] }> {
  const session = reader(context);
  const filter = { ...wanted, isAlone: !isAdministrator(actor) };
  const members = await listFamily(session, actor.accountId, filter, part);
  const total = await countFamily(session, actor.accountId, filter);
  return { total, items: members.length === 0 ? [] : await accountViews(context, members) };
}

/** The offset of what comes after an account, though it may fit no more; null where there is none of that UUID. */
export async function placeInFamily(
  context: OperationContext,
  actor: Actor,
  wanted: FamilyWanted,
  uuid: string,
): Promise<number | null> {
  const session = reader(context);
  const last = await findEntity(session, { by: 'uuid', uuid });
  if (last === null) return null;
  return countFamily(session, actor.accountId, { ...wanted, isAlone: !isAdministrator(actor) }, last.id);
}
