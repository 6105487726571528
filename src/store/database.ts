/**
 * The connection to PostgreSQL: a pool, typed queries, and nothing that decides.
 *
 * Queries are built by Kysely without a connection and run on whichever session is at hand, so that one transaction
 * is one connection and nothing else.
 */
import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import pg from 'pg';

/** Builds queries; never runs one. */
export const build = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** Anything that compiles to a query: a Kysely builder, or a `sql` template. */
export interface Compilable<Row> {
  compile(executor: typeof build): CompiledQuery<Row>;
}

interface Runner {
  query(config: { text: string; values: unknown[] }): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

/** One place where queries run: the pool, or the connection of a transaction. */
export class Session {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  async rows<Row>(query: Compilable<Row>): Promise<Row[]> {
    const { sql, parameters } = query.compile(build);
    const result = await this.#runner.query({ text: sql, values: [...parameters] });
    return result.rows as Row[]; // The builder's type says what the query gives.
  }

  /** The first row, or null. */
  async row<Row>(query: Compilable<Row>): Promise<Row | null> {
    const [row] = await this.rows(query);
    return row ?? null;
  }
}

const INT8 = 20;
const INT8_ARRAY = 1016;
const types = {
  getTypeParser(oid: number, format?: string): (value: string) => unknown {
    if (format !== 'binary') {
      // Identifiers and revisions stay far below 2^53.
      if (oid === INT8) return Number;
      if (oid === INT8_ARRAY) return (value) => (value === '{}' ? [] : value.slice(1, -1).split(',').map(Number));
    }
    // pg's declaration knows only its own oids.
    return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown;
  },
};

export interface PoolOptions {
  readonly connectionString: string;
  /** The most connections at once. */
  readonly connectionsMax?: number;
  /** How long a caller waits for a connection before `busy`, in milliseconds. */
  readonly acquireTimeoutMs?: number;
  /** How long one statement may run, in milliseconds. */
  readonly statementTimeoutMs?: number;
}

/** Makes a pool whose sessions give numbers for `bigint` and never wait without end. */
export function makePool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.connectionsMax ?? 16,
    connectionTimeoutMillis: options.acquireTimeoutMs ?? 5_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'abeyance',
    types,
  });
  // A connection that breaks while idle is replaced at its next use; without a listener the process would end.
  pool.on('error', () => {});
  return pool;
}
