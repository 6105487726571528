/**
 * Runs the tests: one embedded PostgreSQL for all of them, with a migrated template database that each test file clones.
 *
 * Usage: node scripts/test.ts [--integration] [file or glob …]. Fails when a test fails, when one is skipped, and when
 * none ran. With --integration the tests in `integrations/` run against the real servers, which must be installed.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import pg from 'pg';

import { seedProfiles } from '#main/builtin-profiles.ts';
import { startEmbeddedPostgres } from '#main/database/embedded-postgres.ts';
import { makeChainKey } from '#store/change.ts';
import { makePool } from '#store/database.ts';
import { migrate } from '#store/migrate.ts';
import { TEMPLATE_DATABASE, TEST_SECRET } from '#test/database.ts';
import { setReaderPasswords } from '#test/real-server.ts';
import { findMissingServers } from '#test/installed-servers.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ALL = ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'];
const INTEGRATIONS = ['integrations/**/*.test.ts'];
/** Files at once: a test that waits for the database leaves its core to another. */
const FILES_AT_ONCE = 3;
/** Fewer where each has servers of its own, which judge a database that is slow to be away. */
const INTEGRATIONS_AT_ONCE = 2;
/** No file needs this long on the slowest machine, in milliseconds; one that does hangs. */
const FILE_TIMEOUT_MS = 600_000;
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '300',
  shared_buffers: '256MB',
};

async function main(): Promise<number> {
  const given = process.argv.slice(2);
  const isIntegration = given.includes('--integration');
  const patterns = given.filter((argument) => argument !== '--integration');
  const files = patterns.length > 0 ? patterns : isIntegration ? INTEGRATIONS : ALL;
  if (isIntegration) {
    const missing = await findMissingServers();
    for (const line of missing) console.error(line);
    if (missing.length > 0) return 1;
  }
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-tests-'));
  await chmod(folder, 0o711); // The database may run as another user, who has to pass through.
  const quiet = { info: () => {}, warn: (facts: object, message: string) => console.error(message, facts) };
  const server = await startEmbeddedPostgres({
    dataFolder: join(folder, 'data'),
    secret: TEST_SECRET,
    log: quiet,
    settings: SETTINGS,
  });
  try {
    await makeTemplate(server.connectionString);
    await letReadersIn(server.connectionString);
    return await run(server.connectionString, files, isIntegration ? INTEGRATIONS_AT_ONCE : FILES_AT_ONCE);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeTemplate(connectionString: string): Promise<void> {
  const admin = new pg.Client({ connectionString });
  await admin.connect();
  await admin.query(`create database ${TEMPLATE_DATABASE}`);
  await admin.end();
  const url = new URL(connectionString);
  url.pathname = `/${TEMPLATE_DATABASE}`;
  const pool = makePool({ connectionString: url.href });
  await migrate(pool);
  await seedProfiles({ pool, chainKey: makeChainKey(TEST_SECRET) });
  await pool.end();
}

/** The roles of the servers get the password that the tests know. */
async function letReadersIn(connectionString: string): Promise<void> {
  const admin = new pg.Client({ connectionString });
  await admin.connect();
  await setReaderPasswords(admin);
  await admin.end();
}

async function run(connectionString: string, files: readonly string[], atOnce: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${atOnce}`,
      `--test-timeout=${FILE_TIMEOUT_MS}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=tap',
      '--test-reporter-destination=stderr',
      ...files,
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, ABEYANCE_TEST_DATABASE: connectionString, FORCE_COLOR: '0' },
    },
  );
  let tap = '';
  child.stderr.on('data', (chunk: Buffer) => {
    tap += chunk.toString();
  });
  // Whoever ends the tests ends their processes first, so that the database is stopped and its folder removed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal));
  const code = await new Promise<number>((resolve) => {
    child.on('close', (status) => resolve(status ?? 1));
  });
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
  if (code !== 0) return code;
  if (count('skipped') + count('todo') > 0) {
    console.error(`${count('skipped')} tests were skipped and ${count('todo')} are left to do; none may be.`);
    return 1;
  }
  if (count('tests') === 0) {
    console.error('No test ran.');
    return 1;
  }
  return 0;
}

process.exitCode = await main();
