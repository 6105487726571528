/**
 * Restores a backup into an empty installation: all of it in one transaction, or nothing.
 *
 * Row for row the installation is the one that was backed up, but for its epoch: that is new, so that nobody goes on
 * following a history that the restore has cut. No change is recorded.
 */
import { pipeline } from 'node:stream/promises';

import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

import { Problem, problem } from '#core/problem.ts';
import type { BackupProgress } from '#store/backup.ts';
import { NO_TIMEOUTS, PLAIN_VALUES, listTables, quoted } from '#store/backup-catalogue.ts';
import { type BackupHeader, type Partition, type TableSection, countRows, damaged } from '#store/backup-format.ts';
import type { BackupReader } from '#store/backup-reader.ts';
import { borrowConnection } from '#store/borrow-connection.ts';
import { migrate } from '#store/migrate.ts';
import { prepareTarget, refuseInstallation, refuseNewerSchema, refuseOtherKey } from '#store/restore-target.ts';

export interface RestoreBackupOptions {
  /** The secret key of the installation that is restored into. */
  readonly secret: Buffer;
  /** Restores what was made with another key too: its change log can never be verified then. */
  readonly acceptOtherKey?: boolean | undefined;
  readonly progress?: BackupProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RestoredBackup {
  readonly header: BackupHeader;
  /** The epoch that begins. */
  readonly epoch: string;
  readonly rows: number;
  /** Tables in the backup that are none of Abeyance's: somebody's own in the same schema, left out. */
  readonly tablesLeftOut: readonly string[];
}

/**
 * Restores what the reader gives, and then brings the schema to the version of this program. Throws `invalid` for a
 * backup that is not whole, `unavailable` for one of a newer schema, `conflict` for one of another key and for a
 * database that holds an installation. Nothing of the backup is in the database then.
 */
export async function restoreBackup(
  pool: pg.Pool,
  backup: BackupReader,
  options: RestoreBackupOptions,
): Promise<RestoredBackup> {
  const { signal } = options;
  await refuseNewerSchema(backup.header);
  if (options.acceptOtherKey !== true) refuseOtherKey(backup.header, options.secret);
  await prepareTarget(pool, backup.header.schemaVersion, signal);
  const restored = await borrowConnection(pool, signal, (client) => load(client, backup, options));
  await migrate(pool);
  return restored;
}

async function load(client: pg.ClientBase, backup: BackupReader, options: RestoreBackupOptions): Promise<RestoredBackup> {
  await client.query('begin');
  await client.query(NO_TIMEOUTS);
  await client.query(PLAIN_VALUES);
  const tables = new Map((await listTables(client)).map((section) => [section.table, section]));
  const all = quoted([...tables.keys()]);
  await client.query(`lock table ${all} in access exclusive mode`);
  await refuseInstallation(client);
  const foreignKeys = await listForeignKeys(client);
  // Keys are checked once at the end: in whatever order the tables come, and without a queue of a check for each row.
  for (const { table, name } of foreignKeys) await client.query(`alter table ${quoted([table])} drop constraint ${quoted([name])}`);
  for (const table of tables.keys()) await client.query(`alter table ${quoted([table])} disable trigger user`);
  await client.query(`truncate ${all}`);

  const { rowsTotal } = backup.header;
  const tablesLeftOut: string[] = [];
  const sections: TableSection[] = [];
  let rows = 0;
  const count = (bytes: Buffer) => {
    rows += countRows(bytes);
    options.progress?.(rows, rowsTotal);
  };
  for (let section = await backup.nextTable(); section !== null; section = await backup.nextTable()) {
    const own = tables.get(section.table);
    if (own === undefined) {
      tablesLeftOut.push(section.table);
      for await (const bytes of backup.rows()) count(bytes);
      continue;
    }
    refuseOtherColumns(section, own);
    await makePartitions(client, section, own);
    await copyRows(client, section, backup, count);
    sections.push(section);
  }

  for (const { table, name, definition } of foreignKeys)
    await client.query(`alter table ${quoted([table])} add constraint ${quoted([name])} ${definition}`).catch((error: unknown) => {
      throw refused(table, error);
    });
  for (const table of tables.keys()) await client.query(`alter table ${quoted([table])} enable trigger user`);
  for (const section of sections) await restartSequences(client, section);
  const { rows: counters } = await client.query<{ epoch: string }>(
    'update change_counter set epoch = gen_random_uuid() returning epoch',
  );
  const [counter] = counters;
  if (counter === undefined) throw damaged('it has no change counter');
  await client.query('commit');
  // Otherwise the first questions would be planned for empty tables. The server does it by itself later on.
  await client.query(`analyze ${all}`).catch(() => {});
  return { header: backup.header, epoch: counter.epoch, rows, tablesLeftOut };
}

interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/** Those of a partition come and go with its parent's. */
async function listForeignKeys(client: pg.ClientBase): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `select c.relname as "table", k.conname as name, pg_get_constraintdef(k.oid) as definition
      from pg_constraint k join pg_class c on c.oid = k.conrelid
      where k.contype = 'f' and k.conparentid = 0 and c.relnamespace = current_schema()::regnamespace
      order by c.relname, k.conname`,
  );
  return rows;
}

function refuseOtherColumns(section: TableSection, own: TableSection): void {
  const unknown = section.columns.filter((column) => !own.columns.includes(column));
  if (unknown.length > 0)
    throw problem(
      'conflict',
      `The backup has columns of ${section.table} that are none of Abeyance's: ${unknown.join(', ')}. ` +
        'Remove them where the backup comes from, and take it again.',
    );
}

/** What the catalogue writes of a range; nothing else from the file becomes part of a statement unquoted. */
const RANGE = /^FOR VALUES FROM \((?:'-?\d+'|MINVALUE)\) TO \((?:'-?\d+'|MAXVALUE)\)$/;

/** Makes the partitions those of the backup: they are empty, and other bounds could overlap. */
async function makePartitions(client: pg.ClientBase, section: TableSection, own: TableSection): Promise<void> {
  const isSame = (one: Partition) => (other: Partition) => one.name === other.name && one.bounds === other.bounds;
  for (const partition of own.partitions)
    if (!section.partitions.some(isSame(partition))) await client.query(`drop table ${quoted([partition.name])}`);
  for (const partition of section.partitions) {
    if (own.partitions.some(isSame(partition))) continue;
    const { name, bounds, comment } = partition;
    if (!RANGE.test(bounds)) throw damaged(`the bounds of the partition ${name} cannot be read`);
    await client.query(`create table ${quoted([name])} partition of ${quoted([section.table])} ${bounds}`);
    if (comment !== null) await client.query(`comment on table ${quoted([name])} is ${pg.escapeLiteral(comment)}`);
  }
}

async function copyRows(
  client: pg.ClientBase,
  { table, columns }: TableSection,
  backup: BackupReader,
  count: (bytes: Buffer) => void,
): Promise<void> {
  try {
    const into = client.query(copyFrom(`copy ${quoted([table])} (${quoted(columns)}) from stdin`));
    await pipeline(counted(backup.rows(), count), into);
  } catch (error) {
    throw refused(table, error);
  }
}

async function* counted(pieces: AsyncIterable<Buffer>, count: (bytes: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const bytes of pieces) {
    yield bytes;
    count(bytes);
  }
}

/** Transactional, unlike `setval`: a restore that is refused leaves the numbers where they were. */
async function restartSequences(client: pg.ClientBase, { table, sequences }: TableSection): Promise<void> {
  for (const [column, next] of Object.entries(sequences)) {
    const { rows } = await client.query<{ sequence: string | null }>(
      `select pg_get_serial_sequence(quote_ident(current_schema()) || '.' || quote_ident($1), $2) as sequence`,
      [table, column],
    );
    const sequence = rows[0]?.sequence ?? null;
    if (sequence === null) throw damaged(`${table}.${column} has no sequence`);
    await client.query(`alter sequence ${sequence} restart with ${BigInt(next)}`);
  }
}

/** What the database says of rows that it does not take is a fault of the rows; everything else stays what it is. */
function refused(table: string, error: unknown): unknown {
  if (error instanceof Problem || !(error instanceof pg.DatabaseError)) return error;
  const isOfRows = error.code?.startsWith('22') === true || error.code?.startsWith('23') === true;
  return isOfRows ? new Problem(damaged(`the database refuses rows of ${table} (${error.message})`), error) : error;
}
