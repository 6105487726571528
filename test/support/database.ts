/** A database of its own for each test file: a clone of the migrated template. */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';

import pg from 'pg';

import { type ChainKey, makeChainKey } from '#store/change.ts';
import { Session, makePool } from '#store/database.ts';

export const TEMPLATE_DATABASE = 'abeyance_template';
export const TEST_SECRET = Buffer.alloc(32, 'a key for tests');

export interface TestDatabase {
  readonly connectionString: string;
  readonly pool: pg.Pool;
  readonly session: Session;
  readonly chainKey: ChainKey;
}

/** What a test, or a whole file with `after` of node:test, gives back at its end. */
export interface Cleanup {
  after(work: () => Promise<void> | void): void;
}

/** Clones the template, or makes an empty database; dropped at the end. */
export async function testDatabase(
  t: Cleanup | TestContext,
  options: { readonly empty?: boolean } = {},
): Promise<TestDatabase> {
  const server = process.env['ABEYANCE_TEST_DATABASE'];
  if (server === undefined)
    throw new Error('Run tests by npm test, or node scripts/test.ts <file>: they need its database.');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await withAdmin(server, (admin) =>
    admin.query(`create database ${name}${options.empty ? '' : ` template ${TEMPLATE_DATABASE}`}`),
  );
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = makePool({ connectionString: url.href });
  t.after(async () => {
    await pool.end();
    await withAdmin(server, (admin) => admin.query(`drop database ${name} with (force)`));
  });
  return { connectionString: url.href, pool, session: new Session(pool), chainKey: makeChainKey(TEST_SECRET) };
}

async function withAdmin(connectionString: string, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
