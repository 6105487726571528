/**
 * Makes a new cluster. It appears under its name only when it is finished: with the password set, no access without
 * it, and the database made. What an interrupted attempt left is removed by the next.
 */
import { randomBytes } from 'node:crypto';
import {
  appendFile,
  chown,
  lstat,
  mkdir,
  readdir,
  realpath,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrorCode } from './database-start-error.ts';
import { clusterPath } from './find-cluster.ts';
import { findClosedFolder } from './folder-access.ts';
import { runServerProgram } from './run-server-program.ts';
import type { ServerBinaries } from './server-binaries.ts';
import { HOST_ACCESS_RULES, SETTINGS_FILE_NAME } from './server-settings.ts';
import type { ServerUser } from './server-user.ts';
import { makeSharedFolder } from './shared-folder.ts';
import type { StartLog } from './start-log.ts';
import { scramVerifier } from './superuser-password.ts';

/** Superuser and database have the same name. */
export const DATABASE_NAME = 'abeyance';

/** Node waits 100 ms longer each time, 1.5 s in all: initdb, when its files vanish, is gone long before. */
const REMOVAL_RETRIES_MAX = 5;

export async function createCluster(options: {
  dataFolder: string;
  sharedFolder: string;
  binaries: ServerBinaries;
  user: ServerUser;
  password: string;
  log: StartLog;
}): Promise<void> {
  const { dataFolder, sharedFolder, binaries, user, password, log } = options;
  const unfinishedPrefix = `${clusterPath(dataFolder)}.new-`;
  for (const name of await readdir(dataFolder)) {
    if (join(dataFolder, name).startsWith(unfinishedPrefix)) await discard(join(dataFolder, name), sharedFolder);
  }
  // A name of its own, because the initdb of an Abeyance that was killed may still be writing under the old one.
  const unfinishedPath = `${unfinishedPrefix}${randomBytes(4).toString('hex')}`;
  try {
    await makeFolder(unfinishedPath, dataFolder, sharedFolder, user, log);
    await initialize(await realpath(unfinishedPath), binaries, user, password);
    await rename(unfinishedPath, clusterPath(dataFolder));
  } catch (error) {
    await discard(unfinishedPath, sharedFolder);
    throw error;
  }
}

async function makeFolder(
  path: string,
  dataFolder: string,
  sharedFolder: string,
  user: ServerUser,
  log: StartLog,
): Promise<void> {
  const closed = user.isOther ? await findClosedFolder(dataFolder, user) : null;
  if (closed === null) {
    await mkdir(path, { mode: 0o700 });
    if (user.isOther) await chown(path, user.uid, user.gid);
    return;
  }
  const clusters = await makeSharedFolder(clustersFolder(sharedFolder), user);
  const folder = join(clusters, randomBytes(8).toString('hex'));
  // The link comes first, so that an interrupted attempt always leaves a trace of what has to be removed.
  await symlink(folder, path);
  await mkdir(folder, { mode: 0o700 });
  await chown(folder, user.uid, user.gid);
  log.warn(
    { closed, folder },
    'the user of the database server cannot enter the data folder; the database lies elsewhere',
  );
}

async function initialize(folder: string, binaries: ServerBinaries, user: ServerUser, password: string): Promise<void> {
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${DATABASE_NAME}`, '--auth-local=reject', '--auth-host=reject'];
  const safety = ['--data-checksums', '--no-instructions'];
  await runServerProgram(binaries.initdb, ['-D', folder, ...locale, ...access, ...safety], { user, folder });
  await writeFile(join(folder, 'pg_hba.conf'), HOST_ACCESS_RULES);
  await appendFile(join(folder, 'postgresql.conf'), `\ninclude '${SETTINGS_FILE_NAME}'\n`);
  // The file must be there for the server to start; each start of the server writes it anew.
  await writeFile(join(folder, SETTINGS_FILE_NAME), '', { mode: 0o600 });
  if (user.isOther) await chown(join(folder, SETTINGS_FILE_NAME), user.uid, user.gid);
  // A server without network takes its statements from stdin, so the password passes neither a file nor a command line.
  const statements = [
    `alter role ${DATABASE_NAME} password '${scramVerifier(password)}'`,
    `create database ${DATABASE_NAME}`,
  ];
  const single = ['--single', '-D', folder, '-c', 'exit_on_error=on', '-c', 'log_checkpoints=off', 'postgres'];
  await runServerProgram(binaries.postgres, single, { user, folder, input: `${statements.join('\n')}\n` });
}

function clustersFolder(sharedFolder: string): string {
  return join(sharedFolder, 'clusters');
}

async function discard(unfinishedPath: string, sharedFolder: string): Promise<void> {
  const stats = await lstat(unfinishedPath).catch(() => null);
  if (stats === null) return;
  if (!stats.isSymbolicLink()) return removeTree(unfinishedPath);
  const target = await realpath(unfinishedPath).catch(() => null);
  const clusters = await realpath(clustersFolder(sharedFolder)).catch(() => null);
  // A link that somebody else made is followed nowhere.
  if (target !== null && dirname(target) === clusters) await removeTree(target);
  await unlink(unfinishedPath);
}

async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: REMOVAL_RETRIES_MAX });
  } catch (error) {
    // Somebody still writes there; the next start that makes a cluster removes it.
    if (!hasErrorCode(error, 'ENOTEMPTY')) throw error;
  }
}
