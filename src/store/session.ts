/** Sessions of browsers, and the attempts to sign in that failed. */
import { sql } from 'kysely';

import type { ActionMask } from '#core/action.ts';
import { SESSION_IDLE_MINUTES } from '#store/actor.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface SessionRow {
  readonly id: string;
  readonly login_id: string;
  readonly address: string | null;
  readonly created_at: Date;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
}

const columns = sql`id, login_id, address, created_at, last_seen_at, expires_at`;
const isAlive = sql`expires_at > now() and last_seen_at > now() - make_interval(mins => ${SESSION_IDLE_MINUTES})`;

export function findSessionByDigest(session: Session, digest: Buffer): Promise<SessionRow | null> {
  return session.row(sql<SessionRow>`select ${columns} from session where digest = ${digest} and ${isAlive}`);
}

export function listSessions(session: Session, loginId: string): Promise<SessionRow[]> {
  return session.rows(
    sql<SessionRow>`select ${columns} from session where login_id = ${loginId}::uuid and ${isAlive} order by created_at, id`,
  );
}

export async function insertSession(
  transaction: Transaction,
  added: {
    readonly loginId: string;
    readonly digest: Buffer;
    readonly address: string | null;
    readonly lifeMinutes: number;
  },
): Promise<SessionRow> {
  const row = await transaction.row(
    sql<SessionRow>`insert into session (login_id, digest, address, expires_at)
      values (${added.loginId}::uuid, ${added.digest}, ${added.address}, now() + make_interval(mins => ${added.lifeMinutes}))
      returning ${columns}`,
  );
  if (row === null) throw new Error('insert gave no row');
  return row;
}

/** Ends one session of a login, or all of them but one. Answers the ids of those that ended. */
export async function deleteSessions(
  transaction: Transaction,
  loginId: string,
  which: { readonly id: string } | { readonly allBut: string | null },
): Promise<string[]> {
  const condition = 'id' in which ? sql`id = ${which.id}::uuid` : sql`id is distinct from ${which.allBut}::uuid`;
  const rows = await transaction.rows(
    sql<{ id: string }>`delete from session where login_id = ${loginId}::uuid and ${condition} returning id`,
  );
  return rows.map((row) => row.id);
}

/**
 * The sessions that a hold in force ends: those of accounts which may not sign in any more by a profile that ends what is
 * running, but not by a hold of their own, which they may come to lift. Each session costs a probe of the holds on the line
 * of its account; there are as many as people who sit before a screen.
 */
export function listHeldSessions(
  session: Session,
  actions: ActionMask,
): Promise<{ readonly id: string; readonly login_id: string; readonly account_id: number }[]> {
  return session.rows(
    sql<{ id: string; login_id: string; account_id: number }>`select s.id, s.login_id, l.account_id
      from session s join login l on l.id = s.login_id join entity a on a.id = l.account_id
      where ${isAlive} and exists (
        select from hold h join profile p on p.name = h.profile
        where h.entity_id = any (a.ancestors) and h.activated_at is not null and h.ended_at is null
          and p.sessions = 'end' and p.denied & ${actions}::integer <> 0
          and not (h.entity_id = l.account_id and (h.placed_for is not distinct from l.account_id
            or h.placed_for is null and h.authority = 'customer' and h.subject = 'wish'))
      ) limit 1000`,
  );
}

/** Ends sessions by their ids; answers which of them were still there. */
export async function endSessions(transaction: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await transaction.rows(
    sql<{ id: string }>`delete from session where id = any (${[...ids]}::uuid[]) returning id`,
  );
  return new Set(rows.map((row) => row.id));
}

/** Removes sessions that are over and attempts that no longer count. */
export async function sweepSessions(transaction: Transaction): Promise<void> {
  await transaction.rows(sql`delete from session where not (${isAlive})`);
  await transaction.rows(sql`delete from sign_in_attempt where last_at < now() - interval '1 day'`);
}

export interface AttemptLimit {
  readonly subject: Buffer;
  /** Failures that cost nothing; each further one doubles the lock, from one second on. */
  readonly free: number;
}

/** The longest lock, in seconds. */
const LOCK_MAX_SECONDS = 900;
/** Failures are forgotten after this time without any, in seconds. */
const FORGOTTEN_AFTER_SECONDS = 3_600;

/**
 * Counts an attempt before it is made, so that many at once cannot outrun the count. Answers for how many seconds the
 * caller has to wait; zero: the attempt may be made.
 */
export async function beginAttempt(session: Session, limits: readonly AttemptLimit[]): Promise<number> {
  const subjects = limits.map((limit) => limit.subject);
  const forgotten = sql`make_interval(secs => ${FORGOTTEN_AFTER_SECONDS})`;
  const row = await session.row(
    sql<{ wait: number }>`with given (subject, free) as (
        select * from unnest(${subjects}::bytea[], ${limits.map((limit) => limit.free)}::integer[])
      ), counted as (
        insert into sign_in_attempt as a (subject, failures, last_at)
        select subject, 1, clock_timestamp() from given order by subject
        on conflict (subject) do update set
          failures = case when a.last_at < clock_timestamp() - ${forgotten} then 1 else a.failures + 1 end,
          last_at = clock_timestamp(),
          locked_until = case when a.last_at >= clock_timestamp() - ${forgotten} and a.failures >= (select free from given g where g.subject = a.subject)
            then clock_timestamp() + make_interval(secs => least(${LOCK_MAX_SECONDS}::float8,
              power(2, least(20, a.failures - (select free from given g where g.subject = a.subject))))) end
          -- Of many at once, the first after a lock takes the next; the others find it here.
          where a.locked_until is null or a.locked_until <= clock_timestamp()
        returning 1
      )
      select case when (select count(*) from counted) = ${limits.length}::integer then 0
        else greatest(1, (select max(extract(epoch from a.locked_until - clock_timestamp())) from given join sign_in_attempt a using (subject)))
        end::float8 as wait`,
  );
  return Math.max(0, row?.wait ?? 0);
}

/** The attempt was right: its name has a clean slate, and its address has one failure less. */
export async function endAttempt(session: Session, name: Buffer, address: Buffer): Promise<void> {
  await session.rows(sql`delete from sign_in_attempt where subject = ${name}`);
  await session.rows(
    sql`update sign_in_attempt set failures = greatest(0, failures - 1), locked_until = null where subject = ${address}`,
  );
}
