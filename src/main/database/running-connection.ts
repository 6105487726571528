/**
 * The way into the embedded database while another process runs it.
 */
import { isServerOf } from './adopt-postmaster.ts';
import { checkConnection, makeConnectionString } from './check-connection.ts';
import { findCluster } from './find-cluster.ts';
import { findPostmasterFile } from './postmaster-file.ts';
import { findProcess } from './running-process.ts';
import { superuserPassword } from './superuser-password.ts';

/**
 * Gives the connection string of the server that runs on the data folder; null when none runs. Throws
 * DatabaseStartError when the secret key does not open it. Nothing is started, adopted or stopped.
 */
export async function findRunningConnection(dataFolder: string, secret: Buffer): Promise<string | null> {
  const cluster = await findCluster(dataFolder);
  if (cluster === null) return null;
  const file = await findPostmasterFile(cluster.folder);
  if (file === null || file.port === null || !file.isReady) return null;
  // A server that was killed leaves its file behind, and its pid and its port may be another's by now.
  const found = await findProcess(file.pid);
  if (found === null || !isServerOf(cluster.folder, found.commandLine)) return null;
  const connectionString = makeConnectionString(file.port, superuserPassword(secret));
  await checkConnection(connectionString, cluster.folder);
  return connectionString;
}
