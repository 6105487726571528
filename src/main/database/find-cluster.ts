/**
 * Finds the cluster of a data folder and refuses one that this server cannot run on, before anything touches it.
 */
import { lstat, readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseStartError, hasErrorCode } from './database-start-error.ts';
import type { OsUser } from './folder-access.ts';

export type Cluster = {
  /** Without symbolic links, as the server is started on it. */
  folder: string;
  owner: OsUser;
};

/** The name of the cluster in the data folder: a folder, or a link to one elsewhere. */
export function clusterPath(dataFolder: string): string {
  return join(dataFolder, 'postgres');
}

/** Gives the cluster, or null where there has never been one. Throws DatabaseStartError when its files are gone. */
export async function findCluster(dataFolder: string): Promise<Cluster | null> {
  const path = clusterPath(dataFolder);
  const entry = await lstat(path).catch(() => null);
  if (entry === null) return null;
  const folder = await realpath(path).catch(() => null);
  if (folder === null || (await isEmpty(folder))) {
    if (!entry.isSymbolicLink()) return null;
    // A volume may just not be mounted. To begin anew would look as if all data had been lost, and soon it would be.
    throw new DatabaseStartError(
      `The database of ${dataFolder} is gone: ${path} is a link to a folder that is empty or cannot be reached. ` +
        'Bring that folder back; or remove the link to begin with an empty database.',
    );
  }
  const { uid, gid } = await stat(folder);
  return { folder, owner: { uid, gid } };
}

async function isEmpty(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    // Whoever may not look into it does not own it either, and is told so later.
    if (hasErrorCode(error, 'EACCES')) return false;
    throw error;
  }
}

/** Throws DatabaseStartError when the cluster was made by another major version of PostgreSQL. */
export async function checkClusterVersion(cluster: Cluster, majorVersion: string): Promise<void> {
  let clusterVersion: string;
  try {
    clusterVersion = (await readFile(join(cluster.folder, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT')) throw error;
    throw new DatabaseStartError(
      `${cluster.folder} is not a database: it has no file PG_VERSION. Move away what lies there, ` +
        'or use another data folder.',
      { cause: error },
    );
  }
  if (clusterVersion === majorVersion) return;
  throw new DatabaseStartError(
    `The database in ${cluster.folder} was made by PostgreSQL ${clusterVersion}, and this Abeyance runs PostgreSQL ` +
      `${majorVersion}. With the version of Abeyance that made it, run "./abeyance backup <file>"; ` +
      'then with this one, on an empty data folder, "./abeyance restore <file>".',
  );
}
