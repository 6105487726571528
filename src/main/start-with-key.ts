/** Starts the embedded database with whichever of the installation's secret keys opens it. */
import { findSecretInForce, wrongSecretKey } from '#store/chain-secret.ts';
import { Session, makePool } from '#store/database.ts';

import { SecretKeyError } from './database/database-start-error.ts';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './database/embedded-postgres.ts';
import type { SecretKeys } from './database/secret-keys.ts';

export interface StartedWithKey {
  readonly server: EmbeddedPostgres;
  /** The key in force. */
  readonly secret: Buffer;
}

/** Starts it, and brings an interrupted rotation to its end. Throws DatabaseStartError and leaves nothing running then. */
export async function startWithKey(
  options: Omit<EmbeddedPostgresOptions, 'secret'>,
  keys: SecretKeys,
): Promise<StartedWithKey> {
  let refusal: unknown;
  for (const secret of keys.candidates) {
    const server = await startEmbeddedPostgres({ ...options, secret }).catch((error: unknown) => {
      if (!(error instanceof SecretKeyError)) throw error;
      refusal ??= error;
      return null;
    });
    if (server === null) continue;
    try {
      if (keys.candidates.length > 1 && !(await isInForce(server.connectionString, secret, keys))) {
        await server.stop();
        continue;
      }
      await keys.settle(secret, options.log);
      return { server, secret };
    } catch (error) {
      await server.stop();
      throw error;
    }
  }
  throw refusal ?? wrongSecretKey();
}

/** The commit of a rotation that was killed may come through only now, and then takes the password with it. */
async function isInForce(connectionString: string, secret: Buffer, keys: SecretKeys): Promise<boolean> {
  const pool = makePool({ connectionString, connectionsMax: 1 });
  try {
    const found = await findSecretInForce(new Session(pool), keys.candidates);
    return found === null || found.equals(secret);
  } finally {
    await pool.end();
  }
}
