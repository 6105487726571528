/** Notifications of the account APIs: what was refused to an account that did not operate. */
import { problem } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import { notFound } from '#operations/resolve.ts';
import { type NamedAccount, foreign } from '#operations/telephony/find-account.ts';
import {
  type NotificationFilter,
  type NotificationRow,
  countNotifications,
  findNotification,
  listNotifications as listRows,
} from '#store/notification.ts';

export type { NotificationRow };

/** A part of those of an account, and how many there are; a closed account has none. */
export async function listNotifications(
  context: OperationContext,
  account: NamedAccount,
  filter: Omit<NotificationFilter, 'account'>,
  offset: number,
  limit: number,
): Promise<{ readonly total: number; readonly items: readonly NotificationRow[] }> {
  const session = reader(context);
  const whole = { ...filter, account: account.id };
  const total = await countNotifications(session, whole);
  return { total, items: await listRows(session, whole, offset, limit) };
}

/** Throws `malformed` for what is no SID; `not_found`, and that marked as foreign for one of another account. */
export async function readNotification(
  context: OperationContext,
  account: NamedAccount,
  sid: string,
): Promise<NotificationRow> {
  const uuid = uuidOfSid(sid);
  if (uuid === null) throw problem('malformed', 'A SID has two letters and 32 digits.');
  const row = await findNotification(reader(context), uuid);
  if (row === null) throw notFound(sid);
  if (row.account_id !== account.id) throw foreign(sid);
  return row;
}
