/** Numbers that accounts show when they call. */
import { sql } from 'kysely';

import type { Session } from '#store/database.ts';
import type { ListPart } from '#store/telephony-list.ts';
import type { Transaction } from '#store/transaction.ts';

export interface CallerIdRow {
  readonly id: number;
  readonly uuid: string;
  readonly account_id: number;
  readonly phone_number: string;
  readonly friendly_name: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A part of those of an account, in the order of their creation. */
export function listCallerIdRows(
  session: Session,
  accountId: number,
  { offset, limit }: ListPart,
): Promise<CallerIdRow[]> {
  return session.rows(
    sql<CallerIdRow>`select * from outgoing_caller_id where account_id = ${accountId} order by id limit ${limit} offset ${offset}`,
  );
}

export async function countCallerIds(session: Session, accountId: number): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) from outgoing_caller_id where account_id = ${accountId}`,
  );
  return row?.count ?? 0;
}

export function findCallerId(session: Session, uuid: string): Promise<CallerIdRow | null> {
  return session.row(sql<CallerIdRow>`select * from outgoing_caller_id where uuid = ${uuid}`);
}

/** Locks a caller id; null when it is gone. */
export function lockCallerId(transaction: Transaction, id: number): Promise<CallerIdRow | null> {
  return transaction.row(sql<CallerIdRow>`select * from outgoing_caller_id where id = ${id} for update`);
}

export async function insertCallerId(
  transaction: Transaction,
  accountId: number,
  phoneNumber: string,
  friendlyName: string | null,
): Promise<CallerIdRow> {
  const row = await transaction.row(
    sql<CallerIdRow>`insert into outgoing_caller_id (account_id, phone_number, friendly_name)
      values (${accountId}, ${phoneNumber}, ${friendlyName}) returning *`,
  );
  if (row === null) throw new Error('the insertion of a caller id gave no row');
  return row;
}

export async function nameCallerId(transaction: Transaction, id: number, friendlyName: string | null): Promise<void> {
  await transaction.rows(
    sql`update outgoing_caller_id set friendly_name = ${friendlyName}, updated_at = now() where id = ${id}`,
  );
}

export async function deleteCallerId(transaction: Transaction, id: number): Promise<void> {
  await transaction.rows(sql`delete from outgoing_caller_id where id = ${id}`);
}
