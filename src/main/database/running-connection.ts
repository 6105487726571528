/**
 * The way into the embedded database while another process runs it.
 */
import { isServerOf } from './adopt-postmaster.ts';
import { checkConnection, makeConnectionString } from './check-connection.ts';
import { SecretKeyError } from './database-start-error.ts';
import { findCluster } from './find-cluster.ts';
import { findPostmasterFile } from './postmaster-file.ts';
import { findProcess } from './running-process.ts';
import { superuserPassword } from './superuser-password.ts';

/**
 * Gives the connection string of the server that runs on the data folder; null when none runs. Throws
 * DatabaseStartError when none of the secret keys opens it. Nothing is started, adopted or stopped.
 */
export async function findRunningConnection(dataFolder: string, secrets: readonly Buffer[]): Promise<string | null> {
  const cluster = await findCluster(dataFolder);
  if (cluster === null) return null;
  const file = await findPostmasterFile(cluster.folder);
  if (file === null || file.port === null || !file.isReady) return null;
  // A server that was killed leaves its file behind, and its pid and its port may be another's by now.
  const found = await findProcess(file.pid);
  if (found === null || !isServerOf(cluster.folder, found.commandLine)) return null;
  let refusal: unknown = null;
  for (const secret of secrets) {
    const connectionString = makeConnectionString(file.port, superuserPassword(secret));
    try {
      await checkConnection(connectionString, cluster.folder);
      return connectionString;
    } catch (error) {
      if (!(error instanceof SecretKeyError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}
