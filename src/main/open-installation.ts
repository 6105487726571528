/** Opens the database of an installation: nothing in it is touched before the secret key has proved to be the right one. */
import type pg from 'pg';

import { type OpenedSecrets, findSecretInForce, openSecrets } from '#store/chain-secret.ts';
import { Session } from '#store/database.ts';
import { migrate } from '#store/migrate.ts';

import type { SecretKeys } from './database/secret-keys.ts';
import type { StartLog } from './database/start-log.ts';

export interface OpenedInstallation extends OpenedSecrets {
  /** The secret key in force. */
  readonly secret: Buffer;
}

/**
 * Brings the schema to the version of this program, opens what is sealed, and brings an interrupted rotation to its end;
 * so the caller holds the data folder. Throws `conflict` for a wrong secret key.
 */
export async function openInstallation(pool: pg.Pool, keys: SecretKeys, log: StartLog): Promise<OpenedInstallation> {
  const secret = (await findSecretInForce(new Session(pool), keys.candidates)) ?? keys.candidates[0];
  const count = await migrate(pool);
  if (count > 0) log.info({ count }, 'the schema was migrated');
  const opened = await openSecrets(pool, secret);
  if (opened.sealed > 0) log.info({ count: opened.sealed }, 'values that an earlier version had stored were sealed');
  await keys.settle(secret, log);
  return { ...opened, secret };
}
