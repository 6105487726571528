/**
 * The database of this machine's installation as it is now: that of DATABASE_URL, or the embedded one while it runs.
 * Nothing is started here, for servers on the network read a database that runs all the time.
 */
import { resolve } from 'node:path';

import { problem } from '#core/problem.ts';
import { findSecretInForce } from '#store/chain-secret.ts';
import { Session } from '#store/database.ts';
import { hasEnforceSchema } from '#store/reader.ts';
import type pg from 'pg';

import { noDatabase, noSecretKey, withPool } from '#main/backup.ts';
import { findCluster } from '#main/database/find-cluster.ts';
import { findRunningConnection } from '#main/database/running-connection.ts';
import { findSecretKeys } from '#main/database/secret-keys.ts';

export interface InstallationPlace {
  readonly dataFolder: string;
  /** The value of DATABASE_URL; undefined for the embedded database. */
  readonly databaseUrl: string | undefined;
  /** The value of ABEYANCE_SECRET_KEY. */
  readonly secretKey: string | undefined;
  /** The value of ABEYANCE_NEW_SECRET_KEY. */
  readonly newSecretKey: string | undefined;
}

export interface InstallationDatabase {
  readonly connectionString: string;
  readonly pool: pg.Pool;
  readonly session: Session;
  /** The secret key in force. */
  readonly secret: Buffer;
  readonly isEmbedded: boolean;
}

/**
 * Works on the database. Throws `not_found` where there is none, `unavailable` where it does not run or answer, and
 * `conflict` where its schema is older than what servers read.
 */
export async function withInstallationDatabase<T>(
  place: InstallationPlace,
  work: (database: InstallationDatabase) => Promise<T>,
): Promise<T> {
  const dataFolder = resolve(place.dataFolder);
  const keys = await findSecretKeys({ ...place, dataFolder });
  if (keys === null) throw noSecretKey(dataFolder);
  const connectionString = place.databaseUrl ?? (await findEmbedded(dataFolder, keys.candidates));
  return withPool(connectionString, async (pool) => {
    const session = new Session(pool);
    if (!(await hasEnforceSchema(session)))
      throw problem(
        'conflict',
        'The database has no schema "enforce", which servers read: start Abeyance of this version once, which makes it.',
      );
    const secret = (await findSecretInForce(session, keys.candidates)) ?? keys.candidates[0];
    return work({ connectionString, pool, session, secret, isEmbedded: place.databaseUrl === undefined });
  });
}

async function findEmbedded(dataFolder: string, secrets: readonly Buffer[]): Promise<string> {
  const running = await findRunningConnection(dataFolder, secrets);
  if (running !== null) return running;
  if ((await findCluster(dataFolder)) === null) throw noDatabase(dataFolder);
  throw problem(
    'unavailable',
    `The database in ${dataFolder} does not run: start Abeyance (./abeyance serve), and run this while it runs.`,
  );
}
