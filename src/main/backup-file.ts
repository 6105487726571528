/**
 * The file of a backup. `-` is the standard output or input.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import { problem } from '#core/problem.ts';

export const STANDARD_STREAM = '-';

/** A backup holds everything, so nobody else reads it. */
const PRIVATE_MODE = 0o600;

/**
 * Has a file written. Under its name there is only ever a complete one, on disk: a failure leaves what was there
 * before. Throws `invalid` for a device or a folder, and for a terminal.
 */
export async function writeBackupFile<T>(file: string, write: (output: Writable) => Promise<T>): Promise<T> {
  if (file === STANDARD_STREAM) {
    if (process.stdout.isTTY)
      throw problem('invalid', 'A backup is no text for a terminal: name a file, or send the output into one.');
    return write(process.stdout);
  }
  const path = resolve(file);
  const present = await stat(path).catch(() => null);
  if (present !== null && !present.isFile())
    throw problem('invalid', `${path} is not a file; name one, or "-" for the standard output.`);
  const unfinishedPath = `${path}.${randomBytes(6).toString('hex')}.part`;
  const handle = await open(unfinishedPath, 'wx', PRIVATE_MODE);
  try {
    // The stream brings the file to disk and closes it; whoever writes waits for that.
    const value = await write(handle.createWriteStream({ flush: true }));
    await rename(unfinishedPath, path);
    await syncFolder(dirname(path));
    return value;
  } finally {
    await handle.close(); // Still open when nothing was written; otherwise this does nothing.
    await rm(unfinishedPath, { force: true });
  }
}

/** The rename is on disk only when the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function readBackupFile(file: string): Readable {
  return file === STANDARD_STREAM ? process.stdin : createReadStream(file);
}
