/**
 * One Abeyance per data folder. The lock is a file that names its holder; the lock of a holder that died is taken over,
 * also when its pid belongs to another process by now. It does not see across machines or containers that share a
 * folder.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseStartError, hasErrorCode } from './database-start-error.ts';
import { findProcess } from './running-process.ts';

export type DataFolderLock = { release(): Promise<void> };

type Holder = { pid: number; startMark: string };

/** A lock without content is being written right now, or its writer died. Writing takes far less than this. */
const UNFINISHED_AGE_MAX_MS = 2_000;
/** Longer than every wait for an unfinished file below, so that the loop always comes to an answer. */
const ATTEMPT_DURATION_MAX_MS = 10_000;
const RETRY_DELAY_MS = 50;

/**
 * Takes the lock or throws DatabaseStartError naming the pid that holds it. `lockPath` is given when what must be
 * locked lies elsewhere; the message names the data folder even then, as that is what the operator knows.
 */
export async function lockDataFolder(
  dataFolder: string,
  lockPath: string = join(dataFolder, 'abeyance.lock'),
): Promise<DataFolderLock> {
  const startMark = (await findProcess(process.pid))?.startMark ?? '';
  const text = `${JSON.stringify({ pid: process.pid, startMark, token: randomUUID() })}\n`;
  const deadline = Date.now() + ATTEMPT_DURATION_MAX_MS;
  while (Date.now() < deadline) {
    if (await createFile(lockPath, text)) return { release: () => releaseLock(lockPath, text) };
    const holder = await findHolder(lockPath);
    if (holder === 'dead') await removeDeadLock(lockPath);
    else if (holder !== 'unfinished') throw heldError(holder, dataFolder);
    await sleep(RETRY_DELAY_MS); // Another process is about to finish or to remove the same file.
  }
  throw new DatabaseStartError(`The lock ${lockPath} could not be taken. If no Abeyance is running there, remove it.`);
}

function heldError(holder: Holder, dataFolder: string): DatabaseStartError {
  return new DatabaseStartError(
    `another Abeyance (pid ${holder.pid}) is running on ${dataFolder}; stop it first, or use another data folder.`,
  );
}

async function createFile(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o644);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function findHolder(lockPath: string): Promise<Holder | 'dead' | 'unfinished'> {
  const holder = parseHolder(await readFile(lockPath, 'utf8').catch(() => ''));
  if (holder === null) return (await isOlderThan(lockPath, UNFINISHED_AGE_MAX_MS)) ? 'dead' : 'unfinished';
  const running = await findProcess(holder.pid);
  return running !== null && running.startMark === holder.startMark ? holder : 'dead';
}

function parseHolder(text: string): Holder | null {
  try {
    const { pid, startMark } = JSON.parse(text) as Partial<Holder>; // Checked on the next line.
    return typeof pid === 'number' && typeof startMark === 'string' ? { pid, startMark } : null;
  } catch {
    return null;
  }
}

/**
 * Of several processes that find the same dead lock, the slow one must not remove the lock that the fast one has made
 * since. So a lock is removed only by who holds a second file, and after another look.
 */
async function removeDeadLock(lockPath: string): Promise<void> {
  const guardPath = `${lockPath}.takeover`;
  if (!(await createFile(guardPath, ''))) {
    if (await isOlderThan(guardPath, UNFINISHED_AGE_MAX_MS)) await rm(guardPath, { force: true });
    return;
  }
  try {
    if ((await findHolder(lockPath)) === 'dead') await rm(lockPath, { force: true });
  } finally {
    await rm(guardPath, { force: true });
  }
}

async function releaseLock(lockPath: string, text: string): Promise<void> {
  const current = await readFile(lockPath, 'utf8').catch(() => '');
  if (current === text) await rm(lockPath, { force: true });
}

async function isOlderThan(path: string, ageMs: number): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  return stats !== null && Date.now() - stats.mtimeMs > ageMs;
}
