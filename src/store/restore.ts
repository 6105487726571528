/**
 * Restores a backup into an empty installation: all of it in one transaction, or nothing.
 *
 * Row for row the installation is the one that was backed up, but for its epoch: that is new, so that nobody goes on
 * following a history that the restore has cut. No change is recorded.
 */
import type pg from 'pg';

import type { BackupProgress } from '#store/backup.ts';
import { NO_TIMEOUTS, PLAIN_VALUES, listTables, quoted } from '#store/backup-catalogue.ts';
import { type BackupHeader, type TableSection, countRows, damaged } from '#store/backup-format.ts';
import type { BackupReader } from '#store/backup-reader.ts';
import { borrowConnection } from '#store/borrow-connection.ts';
import { replaceChainSecret } from '#store/chain-secret.ts';
import { Session } from '#store/database.ts';
import { migrate } from '#store/migrate.ts';
import { forgetSealed } from '#store/restore-sealing.ts';
import { copyRows, makePartitions, refuseOtherColumns, refused, restartSequences } from '#store/restore-table.ts';
import {
  isKeyOf,
  prepareTarget,
  refuseInstallation,
  refuseNewerSchema,
  refuseOtherKey,
} from '#store/restore-target.ts';

export interface RestoreBackupOptions {
  /** The secret key of the installation that is restored into. */
  readonly secret: Buffer;
  /** Restores what was made with another key too: its log can never be verified then, and sealed values are lost. */
  readonly acceptOtherKey?: boolean | undefined;
  readonly progress?: BackupProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RestoredBackup {
  readonly header: BackupHeader;
  /** The epoch that begins. */
  readonly epoch: string;
  readonly rows: number;
  /** Sealed values that were left out, as only the former secret key opens them. */
  readonly valuesLost: number;
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
  // A schema that is older than sealing has had no place for another secret of the log until now.
  if (!isKeyOf(backup.header, options.secret))
    await borrowConnection(pool, signal, (client) => replaceChainSecret(new Session(client), options.secret));
  return restored;
}

async function load(
  client: pg.ClientBase,
  backup: BackupReader,
  options: RestoreBackupOptions,
): Promise<RestoredBackup> {
  await client.query('begin');
  await client.query(NO_TIMEOUTS);
  await client.query(PLAIN_VALUES);
  const tables = new Map((await listTables(client)).map((section) => [section.table, section]));
  const all = quoted([...tables.keys()]);
  await client.query(`lock table ${all} in access exclusive mode`);
  await refuseInstallation(client);
  const foreignKeys = await listForeignKeys(client);
  // Keys are checked once at the end: in whatever order the tables come, and without a queue of a check for each row.
  for (const { table, name } of foreignKeys)
    await client.query(`alter table ${quoted([table])} drop constraint ${quoted([name])}`);
  for (const table of tables.keys()) await client.query(`alter table ${quoted([table])} disable trigger user`);
  await client.query(`truncate ${all}`);
  const loaded = await loadTables(client, backup, tables, options.progress);
  for (const foreignKey of foreignKeys) await addForeignKey(client, foreignKey);
  for (const table of tables.keys()) await client.query(`alter table ${quoted([table])} enable trigger user`);
  for (const section of loaded.sections) await restartSequences(client, section);
  const epoch = await beginEpoch(client);
  const valuesLost = isKeyOf(backup.header, options.secret) ? 0 : await forgetSealed(client, options.secret);
  await client.query('commit');
  // Otherwise the first questions would be planned for empty tables. The server does it by itself later on.
  await client.query(`analyze ${all}`).catch(() => {});
  return { header: backup.header, epoch, rows: loaded.rows, valuesLost, tablesLeftOut: loaded.tablesLeftOut };
}

interface Loaded {
  readonly sections: readonly TableSection[];
  readonly tablesLeftOut: readonly string[];
  readonly rows: number;
}

/** Reads the backup to its end, so that it has vouched for itself when this returns. */
async function loadTables(
  client: pg.ClientBase,
  backup: BackupReader,
  tables: ReadonlyMap<string, TableSection>,
  progress: BackupProgress = () => {},
): Promise<Loaded> {
  const sections: TableSection[] = [];
  const tablesLeftOut: string[] = [];
  let rows = 0;
  const count = (bytes: Buffer) => {
    rows += countRows(bytes);
    progress(rows, backup.header.rowsTotal);
  };
  for (let section = await backup.nextTable(); section !== null; section = await backup.nextTable()) {
    const own = tables.get(section.table);
    if (own === undefined) {
      tablesLeftOut.push(section.table);
      for await (const bytes of backup.rows()) count(bytes);
      continue;
    }
    try {
      refuseOtherColumns(section, own);
    } catch (error) {
      // What does not fit may be damage: the backup has to vouch for itself before it is taken at its word.
      await readOut(backup);
      throw error;
    }
    await makePartitions(client, section, own);
    await copyRows(client, section, backup, count);
    sections.push(section);
  }
  return { sections, tablesLeftOut, rows };
}

/** Reads what is left, which throws when the backup is not whole. */
async function readOut(backup: BackupReader): Promise<void> {
  do for await (const _ of backup.rows());
  while ((await backup.nextTable()) !== null);
}

async function beginEpoch(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ epoch: string }>(
    'update change_counter set epoch = gen_random_uuid() returning epoch',
  );
  const [counter] = rows;
  if (counter === undefined) throw damaged('it has no change counter');
  return counter.epoch;
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

async function addForeignKey(client: pg.ClientBase, { table, name, definition }: ForeignKey): Promise<void> {
  try {
    await client.query(`alter table ${quoted([table])} add constraint ${quoted([name])} ${definition}`);
  } catch (error) {
    throw refused(table, error);
  }
}
