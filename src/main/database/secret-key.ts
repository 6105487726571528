/**
 * The secret key of an installation, which seals its other secrets. It lies in the data folder unless the environment
 * gives one. It is never logged, and replaced by a rotation alone: a lost key is not mended by a new one.
 *
 * A rotation writes the new key beside the old one, commits what it has sealed with it, and then puts it in the place of
 * the old one. Whoever finds both tries both: what is in the database says which one is in force.
 */
import { randomBytes } from 'node:crypto';
import { link, lstat, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDataFolder } from './data-folder.ts';
import { DatabaseStartError, hasErrorCode } from './database-start-error.ts';
import { clusterPath } from './find-cluster.ts';

/** As long as the output of SHA-256, so that a key derived from it is no weaker than the hash. */
const SECRET_BYTES_MIN = 32;

/**
 * Gives the secret key: the value of ABEYANCE_SECRET_KEY if it is set, else the one in `<dataFolder>/secret.key`, which
 * is made at first use. Throws DatabaseStartError when either is not base64 or hex of at least 32 bytes.
 */
export async function loadSecretKey(dataFolder: string, environmentValue: string | undefined): Promise<Buffer> {
  const found = await findSecretKey(dataFolder, environmentValue);
  if (found !== null) return found;
  const path = secretPath(dataFolder);
  await refuseOrphanedCluster(dataFolder, path);
  await makeDataFolder(dataFolder);
  await storeSecret(dataFolder, path, makeSecretKey());
  // Read back, because another process may have stored its own key first, and then that one holds.
  return parseSecret(await readFile(path, 'utf8'), path);
}

/** Gives the secret key as `loadSecretKey` does, but null where none has been made yet. */
export async function findSecretKey(dataFolder: string, environmentValue: string | undefined): Promise<Buffer | null> {
  if (environmentValue) return parseSecret(environmentValue, 'The environment variable ABEYANCE_SECRET_KEY');
  return findStoredSecret(secretPath(dataFolder));
}

/** The key that a rotation was given, or null. Throws DatabaseStartError as `loadSecretKey` does. */
export function readNewSecretKey(environmentValue: string | undefined): Buffer | null {
  return environmentValue ? parseSecret(environmentValue, 'The environment variable ABEYANCE_NEW_SECRET_KEY') : null;
}

export function makeSecretKey(): Buffer {
  return randomBytes(SECRET_BYTES_MIN);
}

/** The key of a rotation that has not come to its end, or null. */
export function findNextSecretKey(dataFolder: string): Promise<Buffer | null> {
  return findStoredSecret(nextPath(dataFolder));
}

/** Writes the key of a rotation beside the one in force; on disk when this returns. For the holder of the folder. */
export async function storeNextSecretKey(dataFolder: string, secret: Buffer): Promise<void> {
  // With what earlier attempts that were killed have left.
  for (const name of await readdir(dataFolder))
    if (join(dataFolder, name).startsWith(nextPath(dataFolder))) await rm(join(dataFolder, name), { force: true });
  // Root may rotate the key of an installation that runs as somebody else, who has to read it.
  await storeSecret(dataFolder, nextPath(dataFolder), secret, await stat(secretPath(dataFolder)));
}

/** Puts the key of a rotation in the place of the former one; on disk when this returns. */
export async function takeNextSecretKey(dataFolder: string): Promise<void> {
  await rename(nextPath(dataFolder), secretPath(dataFolder));
  await syncFolder(dataFolder);
}

/** Removes the key of a rotation that did not happen. */
export async function forgetNextSecretKey(dataFolder: string): Promise<void> {
  await rm(nextPath(dataFolder), { force: true });
  await syncFolder(dataFolder);
}

/** Where the key lies when the environment gives none. */
export function secretPath(dataFolder: string): string {
  return join(dataFolder, 'secret.key');
}

function nextPath(dataFolder: string): string {
  return join(dataFolder, 'secret.key.next');
}

async function findStoredSecret(path: string): Promise<Buffer | null> {
  let stored: string;
  try {
    stored = await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw new DatabaseStartError(`The secret key ${path} cannot be read; it must belong to the user of Abeyance.`, {
      cause: error,
    });
  }
  return parseSecret(stored, path);
}

/** A new key would not open the database, and would hide from the operator that the old one is missing. */
async function refuseOrphanedCluster(dataFolder: string, path: string): Promise<void> {
  const cluster = clusterPath(dataFolder);
  if ((await lstat(cluster).catch(() => null)) === null) return;
  throw new DatabaseStartError(
    `${path} is missing, and the database in ${cluster} was made with it. Bring the file back, or set ` +
      'ABEYANCE_SECRET_KEY to the key with which the database was made.',
  );
}

async function storeSecret(
  dataFolder: string,
  path: string,
  secret: Buffer,
  owner?: { readonly uid: number; readonly gid: number },
): Promise<void> {
  // The file gets its name only when it is complete and on disk: a half-written key would lock the operator out.
  const unfinishedPath = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(unfinishedPath, 'wx', 0o600);
  try {
    await file.writeFile(`${secret.toString('base64')}\n`);
    if (owner !== undefined && owner.uid !== process.getuid?.()) await file.chown(owner.uid, owner.gid);
    await file.sync();
    await link(unfinishedPath, path);
  } catch (error) {
    if (!hasErrorCode(error, 'EEXIST')) throw error;
  } finally {
    await file.close();
    await rm(unfinishedPath, { force: true });
  }
  await syncFolder(dataFolder);
}

async function syncFolder(dataFolder: string): Promise<void> {
  const folder = await open(dataFolder, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function parseSecret(text: string, origin: string): Buffer {
  const trimmed = text.trim();
  const secret = decode(trimmed);
  if (secret === null) {
    throw new DatabaseStartError(
      `${origin} is neither base64 nor hex. Make a key with: openssl rand -base64 ${SECRET_BYTES_MIN}`,
    );
  }
  if (secret.length < SECRET_BYTES_MIN) {
    throw new DatabaseStartError(
      `${origin} holds ${secret.length} bytes, and at least ${SECRET_BYTES_MIN} are needed. ` +
        `Make a key with: openssl rand -base64 ${SECRET_BYTES_MIN}`,
    );
  }
  return secret;
}

function decode(text: string): Buffer | null {
  // Hex is tried first: every hex text of even length could be read as base64 too, and nobody means that.
  if (/^([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return Buffer.from(text, 'base64');
  return null;
}
