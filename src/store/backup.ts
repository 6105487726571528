/**
 * Writes a backup: every row of the installation as of one moment, in memory that does not grow with it.
 *
 * It needs no program beside the database, works on any PostgreSQL from 15 on and while everything else goes on. It
 * carries no secret key: without that, kept apart, the restored installation can neither verify its change log nor open
 * its sealed values.
 * The snapshot lives as long as the writing, so whoever writes to a slow place slows the change counter down.
 */
import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';

import { problem } from '#core/problem.ts';
import { NO_TIMEOUTS, PLAIN_VALUES, findSchemaVersion, listTables, quoted } from '#store/backup-catalogue.ts';
import {
  BACKUP_FORMAT,
  BACKUP_FORMAT_VERSION,
  type BackupHeader,
  FRAME_BYTES,
  type TableSection,
  countRows,
  frameOf,
  keyFingerprint,
  lineOf,
} from '#store/backup-format.ts';
import { borrowConnection } from '#store/borrow-connection.ts';
import { findSecretInForce } from '#store/chain-secret.ts';
import { Session } from '#store/database.ts';

/** How much of the work is done, in rows. */
export type BackupProgress = (rowsDone: number, rowsTotal: number) => void;

export interface WriteBackupOptions {
  /** The secret key of the installation; only its fingerprint is written. */
  readonly secret: Buffer;
  readonly abeyanceVersion: string;
  readonly progress?: BackupProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WrittenBackup {
  readonly header: BackupHeader;
  /** How many rows of each table were written. */
  readonly rows: Readonly<Record<string, number>>;
}

/** Favours speed: the highest level takes many times as long for a file that is a little smaller. */
const GZIP_LEVEL = 4;

/**
 * Writes a backup to `output` and ends it. Throws `not_found` when the database holds no installation, and `conflict`
 * when the secret key is not the one in force; after any failure what was written is no backup, and is refused as one.
 */
export function writeBackup(pool: pg.Pool, output: Writable, options: WriteBackupOptions): Promise<WrittenBackup> {
  const { signal } = options;
  return borrowConnection(pool, signal, async (client) => {
    await client.query('begin transaction isolation level repeatable read read only');
    await client.query(NO_TIMEOUTS);
    await client.query(PLAIN_VALUES);
    const schemaVersion = await findSchemaVersion(client);
    if (schemaVersion === null)
      throw problem('not_found', 'The database holds no installation of Abeyance; there is nothing to back up.');
    // The header names the key that opens what is inside: nobody could restore what it says wrongly.
    await findSecretInForce(new Session(client), [options.secret], 'snapshot');
    const tables = await listTables(client);
    const header = await readHeader(client, schemaVersion, tables, options);
    const rows: Record<string, number> = {};
    const bytes = backupBytes(client, header, tables, rows, options.progress);
    await pipeline(bytes, createGzip({ level: GZIP_LEVEL }), output, signal === undefined ? {} : { signal });
    await client.query('commit');
    return { header, rows };
  });
}

async function readHeader(
  client: pg.ClientBase,
  schemaVersion: number,
  tables: readonly TableSection[],
  options: WriteBackupOptions,
): Promise<BackupHeader> {
  const { rows } = await client.query<{ id: string; epoch: string; revision: string }>(
    'select i.id, c.epoch, c.revision::text as revision from installation i, change_counter c',
  );
  const [row] = rows;
  if (row === undefined) throw new Error('installation or change_counter has no row');
  let rowsTotal = 0;
  for (const { table } of tables) {
    const counted = await client.query<{ rows: string }>(`select count(*)::text as rows from ${quoted([table])}`);
    rowsTotal += Number(counted.rows[0]?.rows);
  }
  return {
    format: BACKUP_FORMAT,
    formatVersion: BACKUP_FORMAT_VERSION,
    abeyanceVersion: options.abeyanceVersion,
    schemaVersion,
    installationId: row.id,
    epoch: row.epoch,
    revision: Number(row.revision),
    createdAt: new Date().toISOString(),
    keyFingerprint: keyFingerprint(options.secret),
    rowsTotal,
  };
}

async function* backupBytes(
  client: pg.ClientBase,
  header: BackupHeader,
  tables: readonly TableSection[],
  rows: Record<string, number>,
  progress: BackupProgress = () => {},
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const hashed = (bytes: Buffer) => {
    hash.update(bytes);
    return bytes;
  };
  let rowsDone = 0;
  yield hashed(lineOf(header));
  for (const section of tables) {
    yield hashed(lineOf(section));
    let count = 0;
    for await (const frame of tableFrames(client, section)) {
      count += frame.rows;
      yield hashed(frame.bytes);
      progress(rowsDone + count, header.rowsTotal);
    }
    rows[section.table] = count;
    rowsDone += count;
  }
  if (rowsDone !== header.rowsTotal)
    throw new Error(`${rowsDone} rows were copied where ${header.rowsTotal} were counted`);
  yield hashed(lineOf({ rows }));
  yield lineOf({ sha256: hash.digest('hex') });
}

/** The rows of a table as frames, and the empty one that ends it. */
async function* tableFrames(
  client: pg.ClientBase,
  { table, columns }: TableSection,
): AsyncGenerator<{ bytes: Buffer; rows: number }> {
  // A partitioned table has no rows of its own to be copied, but it can be read.
  const rows: Readable = client.query(copyTo(`copy (select ${quoted(columns)} from ${quoted([table])}) to stdout`));
  let chunks: Buffer[] = [];
  let size = 0;
  let count = 0;
  for await (const chunk of rows as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    count += countRows(chunk);
    if (size < FRAME_BYTES) continue;
    yield { bytes: frameOf(chunks, size), rows: count };
    chunks = [];
    size = 0;
    count = 0;
  }
  if (size > 0) yield { bytes: frameOf(chunks, size), rows: count };
  yield { bytes: frameOf([], 0), rows: 0 };
}
