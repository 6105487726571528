/**
 * Replaces the secret key of an installation whose server is stopped. Everything that the former key has sealed, and the
 * password of the embedded database with it, changes in one commit, which alone decides which key is in force: the new
 * one is on disk before it, and takes the place of the former one after it. Whatever ends the process, the next start
 * finds the key that fits.
 */
import { resolve } from 'node:path';

import type pg from 'pg';

import { problem } from '#core/problem.ts';
import { refuseOtherSessions } from '#store/other-sessions.ts';
import { reseal } from '#store/reseal.ts';

import { noDatabase, noSecretKey, withPool } from './backup.ts';
import { DATABASE_NAME } from './database/create-cluster.ts';
import type { EmbeddedPostgresOptions } from './database/embedded-postgres.ts';
import { findCluster } from './database/find-cluster.ts';
import { lockDataFolder } from './database/lock-data-folder.ts';
import { makeSecretKey, readNewSecretKey, storeNextSecretKey, takeNextSecretKey } from './database/secret-key.ts';
import { type SecretKeys, findSecretKeys } from './database/secret-keys.ts';
import type { StartLog } from './database/start-log.ts';
import { scramVerifier, superuserPassword } from './database/superuser-password.ts';
import { openInstallation } from './open-installation.ts';
import { startWithKey } from './start-with-key.ts';

export type RotationStep = 'new key stored' | 'sealed' | 'committed' | 'key replaced';

export interface RotateSecretOptions {
  readonly dataFolder: string;
  /** The value of DATABASE_URL; undefined for the embedded database. */
  readonly databaseUrl: string | undefined;
  /** The value of ABEYANCE_SECRET_KEY. */
  readonly secretKeyEnv: string | undefined;
  /** The value of ABEYANCE_NEW_SECRET_KEY; undefined for a key that is made here. */
  readonly newSecretKeyEnv: string | undefined;
  readonly log: StartLog;
  readonly signal?: AbortSignal | undefined;
  /** Told when a step is done, and waited for. */
  readonly onStep?: ((step: RotationStep) => Promise<void>) | undefined;
  /** How the embedded database is started. */
  readonly embedded?: Pick<EmbeddedPostgresOptions, 'settings' | 'sharedFolder'> | undefined;
}

export interface RotatedSecret {
  /** How many values of each column were sealed anew, by `table.column`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly lines: readonly string[];
}

/** Replaces the key. Throws `Problem`, and DatabaseStartError also while Abeyance runs on the data folder. */
export async function rotateSecret(options: RotateSecretOptions): Promise<RotatedSecret> {
  const dataFolder = resolve(options.dataFolder);
  const { secretKeyEnv: secretKey, log, onStep = () => Promise.resolve() } = options;
  const given = readNewSecretKey(options.newSecretKeyEnv);
  if (secretKey && given === null) throw noNewKey();
  const keys = await findSecretKeys({ dataFolder, secretKey, newSecretKey: options.newSecretKeyEnv });
  if (keys === null) throw noSecretKey(dataFolder);
  const to = given ?? makeSecretKey();
  return withInstallation(options, dataFolder, keys, async (pool) => {
    const { secret: from } = await openInstallation(pool, keys, log);
    if (from.equals(to)) throw sameKey(secretKey !== undefined);
    if (!secretKey) await storeNextSecretKey(dataFolder, to);
    await onStep('new key stored');
    const counts = await reseal(pool, {
      from,
      to,
      role: options.databaseUrl ? null : { name: DATABASE_NAME, verifier: scramVerifier(superuserPassword(to)) },
      beforeCommit: () => onStep('sealed'),
      signal: options.signal,
    });
    await onStep('committed');
    if (!secretKey) await takeNextSecretKey(dataFolder);
    await onStep('key replaced');
    return { counts, lines: linesOf(counts, options, keys) };
  });
}

async function withInstallation<T>(
  options: RotateSecretOptions,
  dataFolder: string,
  keys: SecretKeys,
  work: (pool: pg.Pool) => Promise<T>,
): Promise<T> {
  const { databaseUrl, log } = options;
  if (databaseUrl) {
    const lock = await lockDataFolder(dataFolder);
    try {
      return await withPool(databaseUrl, async (pool) => {
        await refuseOtherSessions(pool);
        return work(pool);
      });
    } finally {
      await lock.release();
    }
  }
  if ((await findCluster(dataFolder)) === null) throw noDatabase(dataFolder);
  const { server } = await startWithKey({ ...options.embedded, dataFolder, log }, keys);
  try {
    return await withPool(server.connectionString, work);
  } finally {
    await server.stop();
  }
}

function noNewKey() {
  return problem(
    'invalid',
    'The key comes from ABEYANCE_SECRET_KEY, so the new one cannot be written for you: make one with ' +
      '"openssl rand -base64 32", keep it safe, set ABEYANCE_NEW_SECRET_KEY to it, and run this again.',
  );
}

function sameKey(isInEnvironment: boolean) {
  return problem(
    'conflict',
    isInEnvironment
      ? 'The key of ABEYANCE_NEW_SECRET_KEY is in force already: set ABEYANCE_SECRET_KEY to it, and remove ' +
          'ABEYANCE_NEW_SECRET_KEY.'
      : 'The key of ABEYANCE_NEW_SECRET_KEY is in force already; give another one, or none to have one made.',
  );
}

function linesOf(counts: ReadonlyMap<string, number>, options: RotateSecretOptions, keys: SecretKeys): string[] {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const each = [...counts]
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count.toLocaleString('en')}`);
  return [
    `Sealed ${total.toLocaleString('en')} ${total === 1 ? 'value' : 'values'} anew: ${each.join(', ')}.`,
    ...(options.databaseUrl ? [] : ['The password of the embedded database is another one, too.']),
    options.secretKeyEnv
      ? 'Now set ABEYANCE_SECRET_KEY to the value of ABEYANCE_NEW_SECRET_KEY, for every process of the installation, and ' +
        'remove ABEYANCE_NEW_SECRET_KEY.'
      : `The new key is in ${keys.place}. Keep a copy of it elsewhere.`,
    'Servers that were let in by "./abeyance integrate" keep the passwords that they have; run it again for each of them, ' +
      'with --force, to give it the one of the new key.',
    'Backups that were made before need the former key: keep your copy of it for as long as you keep them, or make a ' +
      'backup now.',
  ];
}
