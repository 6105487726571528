/**
 * Whether a server answers, knows our password and runs on our cluster.
 */
import { realpath } from 'node:fs/promises';
import pg from 'pg';
import { DATABASE_NAME } from './create-cluster.ts';
import { DatabaseStartError, SecretKeyError, hasErrorCode } from './database-start-error.ts';

const ANSWER_WAIT_MAX_MS = 5_000;
const INVALID_PASSWORD = '28P01';

export function makeConnectionString(port: number, password: string): string {
  // Said outright, because a variable PGSSLMODE in the environment would otherwise ask for encryption on loopback.
  return `postgres://${DATABASE_NAME}:${password}@127.0.0.1:${port}/${DATABASE_NAME}?sslmode=disable`;
}

/**
 * Connects once. Throws SecretKeyError when the server refuses the password, DatabaseStartError when it serves another
 * cluster, and the error of the client when it does not answer.
 */
export async function checkConnection(connectionString: string, cluster: string): Promise<void> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: ANSWER_WAIT_MAX_MS,
    query_timeout: ANSWER_WAIT_MAX_MS,
  });
  // A connection that breaks while idle would otherwise end the process; the failing call tells it anyway.
  client.on('error', () => {});
  try {
    await client.connect();
    const result = await client.query<{ folder: string }>("select current_setting('data_directory') as folder");
    const folder = result.rows[0]?.folder ?? '';
    if ((await realpath(folder)) !== cluster) {
      throw new DatabaseStartError(`The server that answers serves ${folder} and not ${cluster}.`);
    }
  } catch (error) {
    if (!hasErrorCode(error, INVALID_PASSWORD)) throw error;
    throw new SecretKeyError(
      `The secret key does not fit the database in ${cluster}. Bring back the secret.key or the ABEYANCE_SECRET_KEY ` +
        'with which the database was made.',
      { cause: error },
    );
  } finally {
    await client.end().catch(() => {});
  }
}
