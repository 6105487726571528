/** The numbers that an account shows when it calls. They are notes of the account, no entities, and nothing decides by them. */
import { invalid } from '#core/problem.ts';
import { uuidOfSid } from '#core/sid.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { notFound } from '#operations/resolve.ts';
import {
  type CallerIdRow,
  countCallerIds,
  deleteCallerId,
  findCallerId,
  insertCallerId,
  listCallerIdRows,
  lockCallerId,
  nameCallerId,
} from '#store/caller-id.ts';
import type { Session } from '#store/database.ts';
import { getState } from '#store/entity.ts';
import type { ListPart } from '#store/telephony-list.ts';

import { readDialled } from './dialled-number.ts';
import { type NamedAccount, foreign } from './find-account.ts';
import { requireOpenAccount } from './find-resource.ts';

export interface CallerIdView {
  readonly uuid: string;
  /** UUID of the account that has it. */
  readonly account: string;
  readonly number: string;
  readonly friendlyName: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const NAME_MAX = 255;

/** A part of those of an account, and how many there are; nothing of a closed one. */
export async function listCallerIds(
  context: OperationContext,
  account: NamedAccount,
  part: ListPart,
): Promise<{ readonly total: number; readonly items: readonly CallerIdView[] }> {
  if (account.closed) return { total: 0, items: [] };
  const session = reader(context);
  const rows = await listCallerIdRows(session, account.id, part);
  return { total: await countCallerIds(session, account.id), items: rows.map((row) => viewOf(account, row)) };
}

/** One caller id by SID. Throws `not_found`, also as foreign. */
export async function readCallerId(
  context: OperationContext,
  account: NamedAccount,
  sid: string,
): Promise<CallerIdView> {
  return viewOf(account, await find(reader(context), account, sid));
}

/** Notes a number, also for a suspended account. Throws `forbidden` for a closed one, `invalid`. */
export function createCallerId(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  input: { readonly number: string | undefined; readonly friendlyName?: string | null | undefined },
): Promise<Performed<CallerIdView>> {
  requireOpenAccount(account);
  if (input.number === undefined) throw invalid({ field: 'number', message: 'is missing' });
  const number = readDialled('number', input.number);
  const name = readName(input.friendlyName ?? null);
  return perform(context, actor, { lock: 'shared' }, async (work) => {
    requireOpenAccount(await getState(work.transaction, account.id));
    const row = await insertCallerId(work.transaction, account.id, number, name);
    record(work, 'caller_id.created', row);
    return viewOf(account, row);
  });
}

/** Gives a caller id another name; null: it goes by its number. Throws `not_found`, also as foreign, and `invalid`. */
export function changeCallerId(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  sid: string,
  friendlyName: string | null | undefined,
): Promise<Performed<CallerIdView>> {
  return perform(context, actor, { lock: 'none' }, async (work) => {
    const row = await findLocked(work, account, sid);
    const name = friendlyName === undefined ? row.friendly_name : readName(friendlyName);
    if (name === row.friendly_name) return viewOf(account, row);
    await nameCallerId(work.transaction, row.id, name);
    record(work, 'caller_id.changed', { ...row, friendly_name: name });
    return viewOf(account, await find(work.transaction, account, sid));
  });
}

/** Throws `not_found`, also as foreign. */
export function removeCallerId(
  context: OperationContext,
  actor: Actor,
  account: NamedAccount,
  sid: string,
): Promise<Performed<null>> {
  return perform(context, actor, { lock: 'none' }, async (work) => {
    const row = await findLocked(work, account, sid);
    await deleteCallerId(work.transaction, row.id);
    record(work, 'caller_id.removed', row);
    return null;
  });
}

async function find(session: Session, account: NamedAccount, sid: string): Promise<CallerIdRow> {
  const uuid = uuidOfSid(sid);
  const row = uuid === null ? null : await findCallerId(session, uuid);
  if (row === null) throw notFound(sid);
  if (row.account_id !== account.id) throw foreign(sid);
  if (account.closed) throw notFound(sid);
  return row;
}

async function findLocked({ transaction }: Work, account: NamedAccount, sid: string): Promise<CallerIdRow> {
  const row = await lockCallerId(transaction, (await find(transaction, account, sid)).id);
  if (row === null) throw notFound(sid);
  return row;
}

function record({ transaction }: Work, kind: string, row: CallerIdRow): void {
  transaction.record({
    kind,
    entityId: row.account_id,
    facts: { callerId: row.uuid },
    touched: [],
    personal: {
      callerIdNumber: row.phone_number,
      ...(row.friendly_name === null ? {} : { callerIdName: row.friendly_name }),
    },
  });
}

function readName(name: string | null): string | null {
  if (name === null || (name.length <= NAME_MAX && !name.includes('\0'))) return name;
  throw invalid({ field: 'friendlyName', message: `must have at most ${NAME_MAX} characters, and no NUL` });
}

function viewOf({ uuid: account }: NamedAccount, row: CallerIdRow): CallerIdView {
  return {
    uuid: row.uuid,
    account,
    number: row.phone_number,
    friendlyName: row.friendly_name ?? row.phone_number,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
