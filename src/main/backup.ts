/**
 * Backup and restore of an installation, as an operator asks for them: on the embedded database, running or stopped,
 * and on any other. Each starts what it needs and stops what it started.
 */
import { resolve } from 'node:path';

import type pg from 'pg';

import { type Problem, problem } from '#core/problem.ts';
import { type BackupProgress, type WrittenBackup, writeBackup } from '#store/backup.ts';
import type { BackupHeader } from '#store/backup-format.ts';
import { type BackupReader, checkBackup, openBackup } from '#store/backup-reader.ts';
import { findSecretInForce } from '#store/chain-secret.ts';
import { Session, makePool } from '#store/database.ts';
import { refuseOtherSessions } from '#store/other-sessions.ts';
import { type RestoredBackup, restoreBackup } from '#store/restore.ts';
import { refuseNewerSchema, refuseOtherKey } from '#store/restore-target.ts';
import { STANDARD_STREAM, readBackupFile, writeBackupFile } from './backup-file.ts';
import { makeDataFolder } from './database/data-folder.ts';
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from './database/embedded-postgres.ts';
import { findCluster } from './database/find-cluster.ts';
import { lockDataFolder } from './database/lock-data-folder.ts';
import { findRunningConnection } from './database/running-connection.ts';
import { findSecretKey, loadSecretKey, secretPath } from './database/secret-key.ts';
import { type SecretKeys, findSecretKeys } from './database/secret-keys.ts';
import type { StartLog } from './database/start-log.ts';
import { startWithKey } from './start-with-key.ts';
import { readVersion } from './version.ts';

export interface BackupInstallationOptions {
  readonly dataFolder: string;
  /** The value of DATABASE_URL; undefined for the embedded database. */
  readonly databaseUrl: string | undefined;
  /** The value of ABEYANCE_SECRET_KEY. */
  readonly secretKeyEnv: string | undefined;
  /** Where the backup lies; `-` is the standard output or input. */
  readonly file: string;
  readonly log: StartLog;
  readonly progress?: BackupProgress | undefined;
  /** Gives up: nothing is left behind but what was there before. */
  readonly signal?: AbortSignal | undefined;
  /** How the embedded database is started, when it has to be. */
  readonly embedded?: Pick<EmbeddedPostgresOptions, 'settings' | 'sharedFolder'> | undefined;
}

export interface RestoreInstallationOptions extends BackupInstallationOptions {
  /** Restores what was made with another secret key too: its log can never be verified then, sealed values are lost. */
  readonly acceptOtherKey?: boolean | undefined;
}

/** What was done, and what of it the operator should read. */
export type Told<T> = T & { readonly lines: readonly string[] };

/**
 * Writes a backup, also while Abeyance runs. Throws `Problem` and DatabaseStartError; an existing file is replaced
 * only by a complete one.
 */
export async function backupInstallation(options: BackupInstallationOptions): Promise<Told<WrittenBackup>> {
  const dataFolder = resolve(options.dataFolder);
  const keys = await findSecretKeys({ dataFolder, secretKey: options.secretKeyEnv });
  if (keys === null) throw noSecretKey(dataFolder);
  const written = await withSource(options, dataFolder, keys, async (pool, secret) => {
    const { progress, signal } = options;
    const abeyanceVersion = await readVersion();
    return writeBackupFile(options.file, (output) =>
      writeBackup(pool, output, { secret, abeyanceVersion, progress, signal }),
    );
  });
  const { header } = written;
  const lines = [
    `Backed up ${header.rowsTotal.toLocaleString('en')} rows as of revision ${header.revision}.`,
    `The secret key is not in the backup. Keep ${keys.place} in another safe place, for as long as the backup: without ` +
      'it the change log of a restored installation cannot be verified, nor its sealed values be opened.',
  ];
  return { ...written, lines };
}

async function withSource<T>(
  options: BackupInstallationOptions,
  dataFolder: string,
  keys: SecretKeys,
  work: (pool: pg.Pool, secret: Buffer) => Promise<T>,
): Promise<T> {
  const inForce = async (pool: pg.Pool) =>
    work(pool, (await findSecretInForce(new Session(pool), keys.candidates)) ?? keys.candidates[0]);
  if (options.databaseUrl) return withPool(options.databaseUrl, inForce);
  const running = await findRunningConnection(dataFolder, keys.candidates);
  if (running !== null) return withPool(running, inForce);
  if ((await findCluster(dataFolder)) === null) throw noDatabase(dataFolder);
  const { server } = await startWithKey({ ...options.embedded, dataFolder, log: options.log }, keys);
  try {
    return await withPool(server.connectionString, inForce);
  } finally {
    await server.stop();
  }
}

/**
 * Restores a backup into an empty installation; one from a file is read to its end before anything is touched. Throws
 * `Problem`, and DatabaseStartError also while Abeyance runs on the data folder.
 */
export async function restoreInstallation(options: RestoreInstallationOptions): Promise<Told<RestoredBackup>> {
  const dataFolder = resolve(options.dataFolder);
  const { file, acceptOtherKey = false, progress, signal } = options;
  if (file !== STANDARD_STREAM) await checkBackup(readBackupFile(file));
  const backup = await openBackup(readBackupFile(file));
  try {
    const secret = await chooseKey(backup.header, dataFolder, options.secretKeyEnv, acceptOtherKey);
    const restored = await withTarget(options, dataFolder, secret, (pool) =>
      restoreBackup(pool, backup, { secret, acceptOtherKey, progress, signal }),
    );
    return { ...restored, lines: linesOf(restored, backup) };
  } finally {
    await backup.close();
  }
}

/** Judged before a data folder is made: a key and a database made for a backup that is refused would be in the way. */
async function chooseKey(
  header: BackupHeader,
  dataFolder: string,
  environmentValue: string | undefined,
  acceptOtherKey: boolean,
): Promise<Buffer> {
  await refuseNewerSchema(header);
  const found = await findSecretKey(dataFolder, environmentValue);
  if (!acceptOtherKey) refuseOtherKey(header, found);
  return found ?? loadSecretKey(dataFolder, environmentValue);
}

async function withTarget<T>(
  options: RestoreInstallationOptions,
  dataFolder: string,
  secret: Buffer,
  work: (pool: pg.Pool) => Promise<T>,
): Promise<T> {
  if (!options.databaseUrl) return withEmbedded(options, dataFolder, secret, work);
  await makeDataFolder(dataFolder);
  const lock = await lockDataFolder(dataFolder);
  try {
    return await withPool(options.databaseUrl, async (pool) => {
      await refuseOtherSessions(pool);
      return work(pool);
    });
  } finally {
    await lock.release();
  }
}

export function noSecretKey(dataFolder: string): Problem {
  return problem(
    'not_found',
    `There is no ${secretPath(dataFolder)}, and every installation has one: name the data folder (ABEYANCE_DATA), or ` +
      'set ABEYANCE_SECRET_KEY.',
  );
}

export function noDatabase(dataFolder: string): Problem {
  return problem(
    'not_found',
    `There is no database in ${dataFolder}: name the data folder (ABEYANCE_DATA), or set DATABASE_URL.`,
  );
}

function linesOf(restored: RestoredBackup, { header }: BackupReader): string[] {
  const lines = [
    `Restored ${restored.rows.toLocaleString('en')} rows as of revision ${header.revision}, backed up at ${header.createdAt}.`,
    `A new epoch has begun (${restored.epoch}): whoever follows the changes loads afresh.`,
    'The token of the administrator is the one of the backup.',
  ];
  if (restored.valuesLost > 0)
    lines.push(
      `Left out, as only the secret key of the backup opens them: ${restored.valuesLost.toLocaleString('en')} sealed values.`,
    );
  if (restored.tablesLeftOut.length > 0)
    lines.push(`Left out, as they are none of Abeyance's: ${restored.tablesLeftOut.join(', ')}.`);
  return lines;
}

async function withEmbedded<T>(
  options: BackupInstallationOptions,
  dataFolder: string,
  secret: Buffer,
  work: (pool: pg.Pool) => Promise<T>,
): Promise<T> {
  const server = await startEmbeddedPostgres({ ...options.embedded, dataFolder, secret, log: options.log });
  try {
    return await withPool(server.connectionString, work);
  } finally {
    await server.stop();
  }
}

/** One connection is enough, and the work takes as long as it takes. */
export async function withPool<T>(connectionString: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = makePool({ connectionString, connectionsMax: 1, statementTimeoutMs: 0 });
  try {
    await pool.query('select').catch((error: Error & { code?: string }) => {
      throw problem('unavailable', `The database cannot be reached: ${error.message || error.code}`);
    });
    return await work(pool);
  } finally {
    await pool.end();
  }
}
