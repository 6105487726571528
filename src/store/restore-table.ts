/**
 * One table on its way back: its columns, its partitions, its rows and its sequences.
 */
import { pipeline } from 'node:stream/promises';

import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

import { Problem, problem } from '#core/problem.ts';
import { quoted } from '#store/backup-catalogue.ts';
import { type Partition, type TableSection, damaged } from '#store/backup-format.ts';
import type { BackupReader } from '#store/backup-reader.ts';

/** Throws `conflict` when rows of the backup have columns that no release of this schema version has. */
export function refuseOtherColumns(section: TableSection, own: TableSection): void {
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
export async function makePartitions(client: pg.ClientBase, section: TableSection, own: TableSection): Promise<void> {
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

export async function copyRows(
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
export async function restartSequences(client: pg.ClientBase, { table, sequences }: TableSection): Promise<void> {
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
export function refused(table: string, error: unknown): unknown {
  if (error instanceof Problem || !(error instanceof pg.DatabaseError)) return error;
  const isOfRows = error.code?.startsWith('22') === true || error.code?.startsWith('23') === true;
  return isOfRows ? new Problem(damaged(`the database refuses rows of ${table} (${error.message})`), error) : error;
}
