/**
 * Erasing personal data: first, in one transaction, everything by which a reader could tell; then, in batches, what is
 * still stored and shown to nobody.
 *
 * The first transaction marks every entity (`erased_at`): from its commit on no read gives a personal field, a former
 * value or a personal value of a change of them, whether the batches have come to it or not. What has no such mark to be
 * judged by (names, texts of holds, kept answers, plans, address and reason of requests) goes in the first transaction.
 *
 * A table with personal data of accounts (logins, keys, sessions …) gets its statement in `ERASED_WITH_THE_ACCOUNT`.
 */
import { type RawBuilder, sql } from 'kysely';

import type { Kind } from '#core/kind.ts';
import type { RestSettings } from '#core/number-rest.ts';
import { ERASED } from '#core/personal.ts';
import { RECORD_KINDS } from '#core/record.ts';
import type { Session } from '#store/database.ts';
import { eraseKindRows } from '#store/kind-row.ts';
import { RECORD_TABLE } from '#store/record.ts';
import type { Transaction } from '#store/transaction.ts';

/** Statements of the first transaction about tables that belong to accounts; `ids` selects the numbers of all entities. */
const ERASED_WITH_THE_ACCOUNT: readonly ((ids: RawBuilder<unknown>) => RawBuilder<unknown>)[] = [
  (ids) => sql`delete from session where login_id in (select l.id from login l where l.account_id in (${ids}))`,
  (ids) => sql`delete from api_key where login_id in (select l.id from login l where l.account_id in (${ids}))`,
  // The row stays for what the log says of it, under a name that is nobody's.
  (
    ids,
  ) => sql`update login set name = '(erased ' || id || ')', password_hash = null, last_used_at = null, enabled = false,
    version = version + 1
    where account_id in (${ids})`,
  (ids) => sql`delete from observation where entity_id in (${ids}) or account_id in (${ids})`,
  ...RECORD_KINDS.map(
    (kind) => (ids: RawBuilder<unknown>) =>
      sql`delete from ${sql.table(RECORD_TABLE[kind])} where account_id in (${ids})`,
  ),
  (ids) => sql`delete from outgoing_caller_id where account_id in (${ids})`,
  // Webhooks of its own go with all that was sent to them; what others were told of it keeps no words of theirs.
  (ids) => sql`delete from system where account_id <> 0 and account_id in (${ids})`,
  (ids) => sql`update delivery_attempt t set response_text = null from delivery d join event v on v.id = d.event_id
    where t.delivery_id = d.id and v.account_id in (${ids}) and t.response_text is not null`,
  (ids) => sql`update role set description = '' where account_id in (${ids})`,
];

const setOf = (accountId: number) => sql`select s.entity_id from erasure_entity s where s.account_id = ${accountId}`;

/** Claims an erasure; false when it was begun before. */
export async function beginErasure(transaction: Transaction, accountId: number): Promise<boolean> {
  // A hundred thousand entities take longer than a request may.
  await transaction.rows(sql`set local statement_timeout to 0`);
  const row = await transaction.row(
    sql`insert into erasure (account_id) values (${accountId}) on conflict do nothing returning account_id`,
  );
  return row !== null;
}

/** Notes what is to be erased: all that lies beneath, and what its accounts own elsewhere. Answers the numbers. */
export async function collectErasable(transaction: Transaction, accountId: number): Promise<number[]> {
  const rows = await transaction.rows(
    sql<{ entity_id: number }>`insert into erasure_entity (account_id, entity_id)
      select ${accountId}::bigint, e.id from list_beneath(${accountId}::bigint, 2147483647) b (id)
        join entity e on e.id = b.id where e.erased_at is null
      returning entity_id`,
  );
  await transaction.rows(sql`analyze erasure_entity`);
  return rows.map((row) => row.entity_id).sort((one, other) => one - other);
}

/** Closes what is still open of it: records in containers of others, which nobody can serve any more. */
export function closeErased(
  transaction: Transaction,
  accountId: number,
): Promise<{ id: number; kind: Kind; parent_id: number }[]> {
  return transaction.rows(
    sql<{
      id: number;
      kind: Kind;
      parent_id: number;
    }>`update entity e set closed_at = now(), version = e.version + 1, updated_at = now()
      where e.id in (${setOf(accountId)}) and closed_since(e.id) is null returning e.id, e.kind, e.parent_id`,
  );
}

/** The first transaction's statements. A telephone number that rests keeps its `tel:` name until the rest is over. */
export async function veil(transaction: Transaction, accountId: number, rest: RestSettings): Promise<void> {
  const ids = setOf(accountId);
  const statements: RawBuilder<unknown>[] = [
    sql`update entity e set erased_at = now(), label = ${ERASED}, version = e.version + 1, updated_at = now()
      where e.id in (${ids})`,
    sql`delete from identifier i where i.entity_id in (${ids}) and not ${isResting(rest)}`,
    sql`delete from identifier_history where entity_id in (${ids})`,
    // Two holds that differed by their reference alone go on to differ.
    sql`update hold set note = null, placed_by = ${ERASED},
        external_ref = case when external_ref is not null then '(erased ' || id || ')' end,
        ended_by = case when ended_by is not null then ${ERASED} end
      where entity_id in (${ids})`,
    sql`delete from plan where entity_id in (${ids})`,
    sql`delete from request_personal where commitment in (
        select c.origin -> 'commitments' ->> 'reason' from change c
          where c.entity_id in (${ids}) and c.origin -> 'commitments' ? 'reason'
        union
        select c.origin -> 'commitments' ->> 'address' from change c
          where (c.origin ->> 'account')::bigint in (${ids}) and c.origin ->> 'account' <> '0'
            and c.origin -> 'commitments' ? 'address')`,
    ...ERASED_WITH_THE_ACCOUNT.map((statement) => statement(ids)),
  ];
  for (const statement of statements) await transaction.rows(statement);
  await forgetAnswers(transaction, ids);
}

/** Kept answers that name any of the entities; their keys stay, and mean no request any more. */
async function forgetAnswers(transaction: Transaction, ids: RawBuilder<unknown>): Promise<void> {
  const naming = (text: RawBuilder<unknown>) => sql`exists (
      select from regexp_matches(lower(${text}), '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'g') m
        join entity e on e.uuid = m[1]::uuid where e.id in (${ids}))`;
  await transaction.rows(
    sql`with forgotten as (
        update idempotency i set route = ${ERASED}, digest = '', answer = null
        where ${naming(sql`i.route || coalesce(i.answer::text, '')`)}
          or exists (select from bulk_outcome b where b.actor = i.actor and b.key = i.key and ${naming(sql`b.outcomes::text`)})
        returning i.actor, i.key
      )
      delete from bulk_outcome b using forgotten f where b.actor = f.actor and b.key = f.key`,
  );
}

/** Whether an identifier `i` is that of a closed telephone number that cannot be assigned again yet. */
function isResting({ days, byCountry }: RestSettings): RawBuilder<unknown> {
  return sql`(i.scheme = 'tel' and (release_pending(i.entity_id) or closed_since(i.entity_id) > now() - make_interval(days => coalesce(
      (select (${JSON.stringify(byCountry)}::jsonb ->> upper(n.country))::integer from phone_number n where n.entity_id = i.entity_id),
      ${days}::integer))))`;
}

/** Overwrites what is stored of some entities; answers how many there were. */
export async function eraseBatch(transaction: Transaction, accountId: number, limit: number): Promise<number> {
  const rows = await transaction.rows(
    sql<{ id: number; kind: Kind }>`with portion as (
        select s.entity_id from erasure_entity s where s.account_id = ${accountId}
        order by s.entity_id limit ${limit} for update skip locked
      )
      select e.id, e.kind from portion p join entity e on e.id = p.entity_id`,
  );
  if (rows.length === 0) return 0;
  const ids = rows.map((row) => row.id);
  for (const [kind, group] of Map.groupBy(rows, (row) => row.kind))
    await eraseKindRows(
      transaction,
      kind,
      group.map((row) => row.id),
    );
  await transaction.rows(
    sql`delete from change_personal p using change c
      where c.entity_id = any (${ids}::bigint[]) and p.revision = c.revision`,
  );
  await transaction.rows(
    sql`delete from erasure_entity where account_id = ${accountId} and entity_id = any (${ids}::bigint[])`,
  );
  return rows.length;
}

/** Notes that an erasure is done, unless something is left of it. */
export async function finishErasure(transaction: Transaction, accountId: number): Promise<void> {
  await transaction.rows(
    sql`update erasure set finished_at = now()
      where account_id = ${accountId} and finished_at is null
        and not exists (select from erasure_entity s where s.account_id = ${accountId})`,
  );
}

/** Accounts whose erasure was begun and not finished. */
export async function listUnfinished(session: Session): Promise<number[]> {
  const rows = await session.rows(
    sql<{ account_id: number }>`select account_id from erasure where finished_at is null order by account_id`,
  );
  return rows.map((row) => row.account_id);
}

/** Takes the names of erased numbers away whose rest is over; answers the entities. */
export async function releaseRested(transaction: Transaction, rest: RestSettings): Promise<number[]> {
  const rows = await transaction.rows(
    sql<{ entity_id: number }>`delete from identifier i using entity e
      where e.id = i.entity_id and e.erased_at is not null and not ${isResting(rest)} returning i.entity_id`,
  );
  return [...new Set(rows.map((row) => row.entity_id))];
}
