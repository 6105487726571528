/**
 * One transaction: begins, runs the work, and ends with the changes and the commit in one round trip.
 *
 * The work only collects changes; they are numbered and chained by `commit_changes` as the very last statement, so
 * that the lock on the counter is held for the commit alone.
 */
import { sql } from 'kysely';
import pg from 'pg';

import type { Credit } from '#core/credit.ts';
import { Problem } from '#core/problem.ts';
import { type ActorRow, type CredentialRef, actorStatement } from '#store/actor.ts';
import { type Author, type ChainKey, type NewChange, commitArguments } from '#store/change.ts';
import { OVER_CREDIT, overCredit } from '#store/credit.ts';
import { Session } from '#store/database.ts';

/** The advisory lock by which creations exclude changes of shape and lifecycle. */
const SHAPE_LOCK = 4_266_601;

/** `shared` for whatever creates, `exclusive` for whatever changes shape or lifecycle, `none` otherwise. */
export type ShapeLock = 'none' | 'shared' | 'exclusive';

export interface Committed {
  readonly revision: number;
  readonly at: Date;
}

export interface Transacted<T> {
  readonly value: T;
  /** Null when the work changed nothing. */
  readonly committed: Committed | null;
}

/** A session inside a transaction, with the changes that it will commit. */
export class Transaction extends Session {
  readonly author: Author;
  readonly changes: NewChange[] = [];
  /** What the author's credential allows as of the beginning; null when it counts no more, or has none. */
  readonly actor: ActorRow | null;
  /** Whether an absent grant means nothing at all for plain customers. */
  customersStartAtZero = false;
  #charges: Charge[] = [];

  constructor(client: pg.PoolClient, author: Author, actor: ActorRow | null) {
    super(client);
    this.author = author;
    this.actor = actor;
  }

  record(change: NewChange): void {
    this.changes.push(change);
  }

  /**
   * Charges an account, or the account that a resource is in, and all above it. What is charged is settled with the
   * commit, so that the rows that many wait for are locked for no longer than the counter.
   */
  charge(within: number, credit: Credit, delta: number): void {
    this.#charges.push({ account: within, credit, delta });
  }

  /** Settles what was charged so far at once. Throws `over_credit`; the transaction, or the attempt, is lost then. */
  async settle(): Promise<void> {
    if (this.#charges.length === 0) return;
    const items = this.takeCharges();
    try {
      const accounts = items.map((item) => item.account);
      // Whoever settles now may settle again, and would then hold rows out of order.
      await this.rows(sql`with turn as materialized (select lock_credits(${accounts}::bigint[], true))
        select charge(${JSON.stringify(items)}::jsonb, ${this.customersStartAtZero}) from turn`);
    } catch (error) {
      throw codeOf(error) === OVER_CREDIT ? overCredit(error) : error;
    }
  }

  /** What is to be settled, for whoever does. */
  takeCharges(): readonly Charge[] {
    const taken = mergeCharges(this.#charges);
    this.#charges = [];
    return taken;
  }

  /**
   * Does a part of the work and settles its charges; when either throws, what it wrote, recorded and charged is gone and
   * the rest of the work goes on.
   */
  async attempt<T>(part: () => Promise<T>): Promise<T> {
    const recorded = this.changes.length;
    const charged = [...this.#charges];
    await this.rows(sql`savepoint part`);
    try {
      const value = await part();
      await this.settle();
      await this.rows(sql`release savepoint part`);
      return value;
    } catch (error) {
      this.changes.length = recorded;
      this.#charges = charged;
      // Released as well: a thousand attempts that fail must not lie one inside the other.
      if (error instanceof Problem) {
        await this.rows(sql`rollback to savepoint part`);
        await this.rows(sql`release savepoint part`);
      }
      throw error;
    }
  }
}

export interface Charge {
  /** An account, or a resource in it. */
  readonly account: number;
  readonly credit: Credit;
  readonly delta: number;
}

/** One item for each account and credit: a thousand creations beneath one node are one charge. */
function mergeCharges(charges: readonly Charge[]): Charge[] {
  const merged = new Map<string, Charge>();
  for (const charge of charges) {
    const key = `${charge.account} ${charge.credit}`;
    merged.set(key, { ...charge, delta: charge.delta + (merged.get(key)?.delta ?? 0) });
  }
  return [...merged.values()];
}

/** How often a transaction is tried again after a deadlock, or a race for the same name. */
const ATTEMPTS_MAX = 4;

const BEGIN: Readonly<Record<ShapeLock, string>> = {
  none: 'begin',
  shared: `begin; select pg_advisory_xact_lock_shared(${SHAPE_LOCK})`,
  exclusive: `begin; select pg_advisory_xact_lock(${SHAPE_LOCK})`,
};

/**
 * Runs the work in a transaction. A deadlock or a lost race for a unique name runs it once more from the start, so
 * the work must not keep what it learned. Throws `Problem`: what the work threw, `busy` when no connection or lock
 * could be had in time, `unavailable` when the database is away.
 */
export async function transact<T>(
  pool: pg.Pool,
  key: ChainKey,
  lock: ShapeLock,
  author: Author,
  work: (transaction: Transaction) => Promise<T>,
): Promise<Transacted<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(pool, key, lock, author, work);
    } catch (error) {
      if (error instanceof Problem) throw error;
      if (isRace(error) && attempt < ATTEMPTS_MAX) continue;
      throw asProblem(error);
    }
  }
}

const prepared = new WeakSet<pg.PoolClient>();

/** Gives the connection the pads of the chain, as parameters, which no server log shows. */
async function prepare(client: pg.PoolClient, key: ChainKey): Promise<void> {
  if (prepared.has(client)) return;
  await client.query(
    `select set_config('abeyance.chain_inner_pad', $1, false), set_config('abeyance.chain_outer_pad', $2, false)`,
    [key.innerPad.toString('hex'), key.outerPad.toString('hex')],
  );
  prepared.add(client);
}

/** Begins a transaction, takes the shape lock, and looks at the author's credential, in one round trip. */
async function begin(
  client: pg.PoolClient,
  lock: ShapeLock,
  credential: CredentialRef | null,
): Promise<ActorRow | null> {
  if (credential === null) {
    await client.query(BEGIN[lock]);
    return null;
  }
  // Each statement has a snapshot of its own: the look comes after the lock.
  const results = (await client.query(`${BEGIN[lock]}; ${actorStatement(credential)}`)) as unknown as pg.QueryResult[];
  return (results.at(-1)?.rows[0] as ActorRow | undefined) ?? null; // The statement's own columns.
}

async function once<T>(
  pool: pg.Pool,
  key: ChainKey,
  lock: ShapeLock,
  author: Author,
  work: (transaction: Transaction) => Promise<T>,
): Promise<Transacted<T>> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // While it is lent, a connection that breaks tells nobody else; the query that runs fails by itself.
  const onError = () => {};
  client.on('error', onError);
  try {
    await prepare(client, key);
    const transaction = new Transaction(client, author, await begin(client, lock, author.credential));
    const value = await work(transaction);
    const { changes } = transaction;
    if (changes.length === 0) {
      await transaction.settle();
      await client.query('commit');
      return { value, committed: null };
    }
    // All travel together: nothing but the commit follows while the counter, and what many are charged to, are locked.
    const parameters = commitArguments(author, changes).map((argument) => pg.escapeLiteral(argument));
    const call = `${settlement(transaction)}select last_revision, at from commit_changes(${parameters.join(', ')}); commit`;
    const results = (await client.query(call)) as unknown as { rows: { last_revision: number; at: Date }[] }[];
    const row = results.at(-2)?.rows[0];
    if (row === undefined) throw new Error('commit_changes gave no row');
    return { value, committed: { revision: row.last_revision, at: row.at } };
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** The statement that settles what was charged; nothing when nothing was. */
function settlement(transaction: Transaction): string {
  const charges = transaction.takeCharges();
  if (charges.length === 0) return '';
  return `select charge(${pg.escapeLiteral(JSON.stringify(charges))}, ${transaction.customersStartAtZero}); `;
}

const UNIQUE_VIOLATION = '23505';
const RACES = new Set(['40001', '40P01', UNIQUE_VIOLATION]);
const BUSY = new Set(['55P03', '57014', '53300']);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isRace(error: unknown): boolean {
  return RACES.has(codeOf(error));
}

/** Turns what the database or its client threw into a problem; what it said stays private in the cause. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = codeOf(error);
  if (code === OVER_CREDIT) return overCredit(error);
  if (RACES.has(code) || BUSY.has(code))
    return new Problem(
      { code: 'busy', message: 'The database is busy with changes to the same things; try again.' },
      error,
    );
  const isAway =
    code.startsWith('08') ||
    code.startsWith('57P') ||
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'].includes(code) ||
    (error instanceof Error &&
      /Connection terminated|is not queryable|timeout exceeded when trying to connect/.test(error.message));
  if (isAway)
    return new Problem(
      { code: 'unavailable', message: 'The database cannot be reached; nothing was changed that was not answered.' },
      error,
    );
  return new Problem({ code: 'bug', message: 'Something went wrong inside; it is logged.' }, error);
}
