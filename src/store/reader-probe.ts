/** Whether a role of a server sees that something is held: tried with a hold that nobody else ever sees. */
import { sql } from 'kysely';
import pg from 'pg';

import { borrowConnection } from '#store/borrow-connection.ts';
import { Session } from '#store/database.ts';
import { readerName } from '#store/reader.ts';

/** What a server asks of a subject. */
export interface ReaderQuestion {
  /** What kind of thing its subjects are, as people call it. */
  readonly what: string;
  /** The scheme of the identifiers of its subjects. */
  readonly scheme: string;
  /** What their values are like, as in SQL. */
  readonly like: string;
  /** The query, with the value as `$1`. */
  readonly sql: string;
}

export interface ReaderProbe {
  /** Whether the hold, and nothing but it, changed what the role is answered. */
  readonly isRefused: boolean;
  readonly profile: string;
  /** The words of PostgreSQL where the role could not even ask. */
  readonly failure: string | null;
}

/** A subject may give no answer, or the same in every standing: one without a password, one that its user switched off. */
const SUBJECTS_MAX = 5;
/** Identifiers among which subjects are looked for that nothing holds. */
const LOOKED_AT_MAX = 200;
const SEES_RESTRICTIONS = 'select denied from restrictions($1::bigint)';

/**
 * Holds a subject that nothing holds, asks as the role before and after what its server asks, and takes all of it back.
 * Without a question the account with the lowest number below the platform is held, and what every view asks is asked.
 * Null where there is no such subject yet. Throws where this session may not act as the role.
 */
export function probeReader(pool: pg.Pool, server: string, question?: ReaderQuestion): Promise<ReaderProbe | null> {
  return borrowConnection(pool, undefined, async (client) => {
    const session = new Session(client);
    await client.query('begin');
    try {
      let probe: ReaderProbe | null = null;
      const subjects = await (question === undefined ? firstAccount(session) : freeSubjects(session, question));
      for (const { entity, value } of subjects) {
        probe =
          (await probeSubject(client, session, server, entity, question?.sql ?? SEES_RESTRICTIONS, value)) ?? probe;
        if (probe?.isRefused === true) break;
      }
      return probe;
    } finally {
      await client.query('rollback');
    }
  });
}

interface Subject {
  readonly entity: number;
  readonly value: string;
}

function firstAccount(session: Session): Promise<Subject[]> {
  return session.rows(
    sql<Subject>`select e.id as entity, e.id::text as value from entity e
      where e.kind = 'account' and e.id > 0 and e.closed_at is null order by e.id limit 1`,
  );
}

function freeSubjects(session: Session, { scheme, like }: ReaderQuestion): Promise<Subject[]> {
  return session.rows(
    sql<Subject>`select i.entity_id as entity, i.value
      from (select entity_id, value from identifier where scheme = ${scheme} and value like ${like} limit ${LOOKED_AT_MAX}) i
        cross join lateral restrictions(i.entity_id) r
      where r.denied = 0 and r.intercepted = 0 and not r.closed limit ${SUBJECTS_MAX}`,
  );
}

/** Null where the role is told nothing of the subject. */
async function probeSubject(
  client: pg.PoolClient,
  session: Session,
  server: string,
  entity: number,
  query: string,
  value: string,
): Promise<ReaderProbe | null> {
  const ask = async () => {
    await client.query(`set local role ${pg.escapeIdentifier(readerName(server))}`);
    await client.query('savepoint asking');
    try {
      return { rows: JSON.stringify((await client.query(query, [value])).rows), failure: null };
    } catch (error) {
      await client.query('rollback to savepoint asking');
      return { rows: '[]', failure: error instanceof Error ? error.message : String(error) };
    } finally {
      await client.query('reset role');
    }
  };
  await client.query('savepoint subject');
  // As the role's own setting says, which SET ROLE does not take over; the product's schema for what is asked of all.
  await client.query(`select set_config('search_path', 'enforce, ' || current_setting('search_path'), true)`);
  const before = await ask();
  if (before.rows === '[]' && before.failure === null) return null;
  const held = await session.row(
    sql<{ profile: string }>`
      insert into hold (entity_id, profile, authority, authority_rank, source, placed_by, activated_at)
      select ${entity}, p.name, 'platform', 0, 'doctor', 'system:doctor', now()
      from profile p order by p.denied desc, p.name limit 1 returning profile`,
  );
  const after = await ask();
  await client.query('rollback to savepoint subject');
  const failure = before.failure ?? after.failure;
  return { isRefused: failure === null && after.rows !== before.rows, profile: held?.profile ?? '', failure };
}
