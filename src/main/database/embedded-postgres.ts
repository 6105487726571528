/**
 * The PostgreSQL server that Abeyance brings along and runs on its data folder when it is not given one. It listens on
 * this machine only and demands a password that is stored nowhere. It never alters a cluster of another version.
 */
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { adoptPostmaster } from './adopt-postmaster.ts';
import { makeConnectionString } from './check-connection.ts';
import { createCluster } from './create-cluster.ts';
import { makeDataFolder } from './data-folder.ts';
import { DatabaseStartError } from './database-start-error.ts';
import { checkClusterVersion, type Cluster, findCluster } from './find-cluster.ts';
import { findClosedFolder } from './folder-access.ts';
import { launchPostmaster } from './launch-postmaster.ts';
import { type DataFolderLock, lockDataFolder } from './lock-data-folder.ts';
import { type Postmaster, type ServerExit, stopPostmaster } from './postmaster.ts';
import { prepareServerBinaries } from './server-binaries.ts';
import type { ServerSettings } from './server-settings.ts';
import { chooseServerUser, type ServerUser } from './server-user.ts';
import { DEFAULT_SHARED_FOLDER } from './shared-folder.ts';
import type { StartLog } from './start-log.ts';
import { superuserPassword } from './superuser-password.ts';

export type EmbeddedPostgresOptions = {
  dataFolder: string;
  secret: Buffer;
  log: StartLog;
  /** Settings of the server that replace or join the default ones. */
  settings?: ServerSettings;
  /** Where copies and clusters go that the server's own user could not reach otherwise. */
  sharedFolder?: string;
};

export type EmbeddedPostgres = {
  connectionString: string;
  port: number;
  /** True when the server had been left running by an Abeyance that was killed. */
  adopted: boolean;
  /** Settles when the server ends for whatever reason. Code and signal are not known of an adopted server. */
  exited: Promise<ServerExit>;
  /** Stops the server, waits until it is gone and gives the data folder free. */
  stop(): Promise<void>;
};

type RunningServer = { postmaster: Postmaster; port: number; adopted: boolean };

/** Starts the server, making a cluster if there is none. Throws DatabaseStartError and leaves nothing running then. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataFolder = resolve(options.dataFolder);
  const password = superuserPassword(options.secret);
  const locks: DataFolderLock[] = [];
  const releaseLocks = async () => {
    for (const lock of locks.splice(0)) await lock.release();
  };
  try {
    await makeDataFolder(dataFolder);
    locks.push(await lockDataFolder(dataFolder));
    const { postmaster, port, adopted } = await start({ ...options, dataFolder }, password, locks);
    let stopped: Promise<void> | undefined;
    return {
      connectionString: makeConnectionString(port, password),
      port,
      adopted,
      exited: postmaster.exited,
      stop: () => (stopped ??= stopPostmaster(postmaster).then(releaseLocks)),
    };
  } catch (error) {
    await releaseLocks();
    if (error instanceof DatabaseStartError) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new DatabaseStartError(`The database in ${dataFolder} could not be started: ${words}`, { cause: error });
  }
}

async function start(
  options: EmbeddedPostgresOptions,
  password: string,
  locks: DataFolderLock[],
): Promise<RunningServer> {
  const { dataFolder, log, settings = {}, sharedFolder = DEFAULT_SHARED_FOLDER } = options;
  let found = await findCluster(dataFolder);
  const user = asOwner(await chooseServerUser(log), found);
  const binaries = await prepareServerBinaries({ user, dataFolder, sharedFolder, log });
  if (found === null) {
    await createCluster({ dataFolder, sharedFolder, binaries, user, password, log });
    found = await findCluster(dataFolder);
    if (found === null) throw new Error('The cluster that was just made is not there.');
  }
  await checkClusterVersion(found, binaries.majorVersion);
  await checkReachable(found, user);
  const cluster = found.folder;
  // Two data folders can lead to one cluster elsewhere: a copy of a data folder copies the link only.
  if (await isElsewhere(cluster, dataFolder))
    locks.push(await lockDataFolder(dataFolder, join(cluster, 'abeyance.lock')));
  const shared = { cluster, binaries, settings, password, log };
  const adoptee = await adoptPostmaster(shared);
  if (adoptee !== null) return { postmaster: adoptee, port: adoptee.port, adopted: true };
  const launched = await launchPostmaster({ ...shared, dataFolder, user });
  return { postmaster: launched, port: launched.port, adopted: false };
}

async function isElsewhere(cluster: string, dataFolder: string): Promise<boolean> {
  const [parent, folder] = [await stat(dirname(cluster)), await stat(dataFolder)];
  return parent.ino !== folder.ino || parent.dev !== folder.dev;
}

/** PostgreSQL runs only as the owner of its cluster, so an existing cluster decides as whom. */
function asOwner(user: ServerUser, cluster: Cluster | null): ServerUser {
  if (cluster === null || cluster.owner.uid === user.uid) return user;
  const { folder, owner } = cluster;
  if (user.isOther && owner.uid !== 0) return { ...owner, isOther: true };
  const remedy = user.isOther
    ? `PostgreSQL does not run as root. Give the database to its user: chown -R ${user.uid}:${user.gid} ${folder}`
    : 'Start Abeyance as that user or as root.';
  throw new DatabaseStartError(`The database in ${folder} belongs to the user with uid ${owner.uid}. ${remedy}`);
}

async function checkReachable(cluster: Cluster, user: ServerUser): Promise<void> {
  const closed = user.isOther ? await findClosedFolder(cluster.folder, user) : null;
  if (closed === null) return;
  throw new DatabaseStartError(
    `The user of the database server (uid ${user.uid}) cannot enter ${closed} any more, and the database lies there. ` +
      `Allow it with "chmod o+x ${closed}".`,
  );
}
