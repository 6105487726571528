/**
 * The log of the database server, in the data folder. One old file is kept.
 */
import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines } from './run-server-program.ts';

const LOG_SIZE_MAX_BYTES = 10 * 1024 * 1024;
/** More than the last lines that are shown take up. */
const TAIL_SIZE_MAX_BYTES = 8 * 1024;

export type ServerLog = { file: FileHandle; path: string; startSize: number };

/** Opens the log to append to it, beginning a new file when the present one has grown large. */
export async function openServerLog(dataFolder: string): Promise<ServerLog> {
  const path = join(dataFolder, 'postgres.log');
  const size = (await stat(path).catch(() => null))?.size ?? 0;
  if (size > LOG_SIZE_MAX_BYTES) await rename(path, `${path}.1`);
  const file = await open(path, 'a', 0o600);
  return { file, path, startSize: (await file.stat()).size };
}

/** The last lines that were written since the log was opened. */
export async function readLastLogLines(log: ServerLog): Promise<string> {
  const file = await open(log.path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(log.startSize, size - TAIL_SIZE_MAX_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - from)), 0, undefined, from);
    return lastLines(buffer.toString('utf8', 0, bytesRead));
  } finally {
    await file.close();
  }
}
