/**
 * The file in which a running PostgreSQL says who it is. A server that was killed leaves it behind.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode } from './database-start-error.ts';

export type PostmasterFile = { pid: number; port: number | null; isReady: boolean };

function postmasterFilePath(cluster: string): string {
  return join(cluster, 'postmaster.pid');
}

/** Gives null when there is no file, or one that names no process. */
export async function findPostmasterFile(cluster: string): Promise<PostmasterFile | null> {
  try {
    // The lines: 1 pid, 2 folder, 3 start time, 4 port, 5 socket folder, 6 address, 7 shared memory, 8 state.
    const lines = (await readFile(postmasterFilePath(cluster), 'utf8')).split('\n').map((line) => line.trim());
    const pid = Number(lines[0]);
    const port = Number(lines[3]);
    if (!Number.isSafeInteger(pid) || pid <= 0) return null;
    return { pid, port: port > 0 ? port : null, isReady: lines[7] === 'ready' };
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw error;
  }
}

export async function removePostmasterFile(cluster: string): Promise<void> {
  await rm(postmasterFilePath(cluster), { force: true });
}

/**
 * Frees the file from a pid that is no server of this cluster: another process may have it by now, or it is a zombie
 * that nobody reaps, as in a container without an init. For either PostgreSQL would refuse to start. The pid is made
 * ours, which the server knows as its parent's and so not as another server's. The rest stays, as from it the server
 * sees whether processes of the old one still use the data.
 */
export async function disownPostmasterFile(cluster: string): Promise<void> {
  const path = postmasterFilePath(cluster);
  const [, ...rest] = (await readFile(path, 'utf8')).split('\n');
  await writeFile(path, [process.pid, ...rest].join('\n'));
}
