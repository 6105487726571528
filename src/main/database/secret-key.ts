/**
 * The secret key of an installation, from which the other secrets are derived. It lies in the data folder unless the
 * environment gives one. It is never logged and never replaced: a lost key is not mended by a new one.
 */
import { randomBytes } from 'node:crypto';
import { link, lstat, open, readFile, rm } from 'node:fs/promises';
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
  await storeSecret(dataFolder, path, randomBytes(SECRET_BYTES_MIN));
  // Read back, because another process may have stored its own key first, and then that one holds.
  return parseSecret(await readFile(path, 'utf8'), path);
}

/** Gives the secret key as `loadSecretKey` does, but null where none has been made yet. */
export async function findSecretKey(dataFolder: string, environmentValue: string | undefined): Promise<Buffer | null> {
  if (environmentValue !== undefined && environmentValue !== '') {
    return parseSecret(environmentValue, 'The environment variable ABEYANCE_SECRET_KEY');
  }
  const path = secretPath(dataFolder);
  const stored = await findStoredSecret(path);
  return stored === null ? null : parseSecret(stored, path);
}

function secretPath(dataFolder: string): string {
  return join(dataFolder, 'secret.key');
}

async function findStoredSecret(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw new DatabaseStartError(`The secret key ${path} cannot be read; it must belong to the user of Abeyance.`, {
      cause: error,
    });
  }
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

async function storeSecret(dataFolder: string, path: string, secret: Buffer): Promise<void> {
  // The file gets its name only when it is complete and on disk: a half-written key would lock the operator out.
  const unfinishedPath = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(unfinishedPath, 'wx', 0o600);
  try {
    await file.writeFile(`${secret.toString('base64')}\n`);
    await file.sync();
    await link(unfinishedPath, path);
  } catch (error) {
    if (!hasErrorCode(error, 'EEXIST')) throw error;
  } finally {
    await file.close();
    await rm(unfinishedPath, { force: true });
  }
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
