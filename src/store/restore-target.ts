/**
 * What a backup may be restored into, and what of it may be restored at all: judged before anything is touched.
 */
import type pg from 'pg';

import { problem } from '#core/problem.ts';
import { findSchemaVersion } from '#store/backup-catalogue.ts';
import { type BackupHeader, keyFingerprint } from '#store/backup-format.ts';
import { borrowConnection } from '#store/borrow-connection.ts';
import { migrate, readMigrations } from '#store/migrate.ts';

/** Throws `unavailable` when only a later release can read the data. */
export async function refuseNewerSchema(header: BackupHeader): Promise<void> {
  const newest = (await readMigrations()).at(-1)?.version ?? 0;
  if (header.schemaVersion > newest)
    throw problem(
      'unavailable',
      `The backup has schema version ${header.schemaVersion}, this program knows ${newest}: ` +
        `restore it with Abeyance ${header.abeyanceVersion} or later.`,
    );
}

/** Whether the data of a backup belongs to a secret key. */
export function isKeyOf(header: BackupHeader, secret: Buffer): boolean {
  return keyFingerprint(secret) === header.keyFingerprint;
}

/** Throws `conflict` when the data belongs to another secret key. `null` is a key that is yet to be made. */
export function refuseOtherKey(header: BackupHeader, secret: Buffer | null): void {
  if (secret !== null && isKeyOf(header, secret)) return;
  const finding =
    secret === null
      ? 'There is no secret key here, and the backup was made with one'
      : 'The backup was made with another secret key';
  throw problem(
    'conflict',
    `${finding}: without that one its change log could not be verified, nor its sealed values be opened. Put the ` +
      'secret.key that was kept of it into a new data folder and restore there, or set ABEYANCE_SECRET_KEY. To restore ' +
      'all the same, without the sealed values, and have "verify" fail, use --accept-other-key.',
  );
}

/**
 * Brings an empty database to the schema version of the backup. Throws `conflict` when there is an installation in it,
 * or when it is past that version already.
 */
export async function prepareTarget(pool: pg.Pool, schemaVersion: number, signal?: AbortSignal): Promise<void> {
  await borrowConnection(pool, signal, async (client) => {
    const present = await findSchemaVersion(client);
    if (present === null) return;
    await refuseInstallation(client);
    if (present > schemaVersion)
      throw problem(
        'conflict',
        `The empty database has schema version ${present} already, and the backup has ${schemaVersion}: ` +
          'restore into a new data folder, or into a database without any table.',
      );
  });
  await migrate(pool, schemaVersion);
}

/**
 * Throws `conflict` unless the installation is as it was at its first start. Every write leaves a change that names
 * its author, so one that nobody but the system itself has changed holds nothing of anybody.
 */
export async function refuseInstallation(client: pg.ClientBase): Promise<void> {
  // A migration that was interrupted has not come as far as the log, and nobody could write before.
  const { rows: log } = await client.query(`select where to_regclass('change') is not null`);
  if (log.length === 0) return;
  const { rows } = await client.query<{ entities: string; changes: string }>(
    `select (select count(*) from (select from entity where id <> 0 limit 1000) e)::text as entities,
      (select count(*) from (select from change where split_part(actor, ':', 1) <> 'system' limit 1000) c)::text as changes`,
  );
  const [found] = rows;
  if (found?.entities === '0' && found.changes === '0') return;
  throw problem(
    'conflict',
    `The database holds an installation already (${shown(found?.entities)} entities beneath the platform, ` +
      `${shown(found?.changes)} changes); a backup is restored into an empty one only. Use another data folder ` +
      '(ABEYANCE_DATA), or another database (DATABASE_URL).',
  );
}

function shown(count = '0'): string {
  return count === '1000' ? '1,000 or more' : count;
}
