/**
 * What vouches for the database from outside it, in the data folder: signed checkpoints, archived spans of the change
 * log, and the engine's own file.
 */
import { createReadStream, existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

import type { OperationContext, OutsideRecords } from '#operations/context.ts';
import { type SignedCheckpoint, getHead, signHead } from '#store/change.ts';
import { Session } from '#store/database.ts';

export const ARCHIVE_FOLDER = 'archive';

export function makeOutsideRecords(
  context: Pick<OperationContext, 'pool' | 'chainKey' | 'engine' | 'clock'>,
  dataFolder: string,
): OutsideRecords {
  const file = join(dataFolder, 'checkpoints.jsonl');
  return {
    checkpoints: () => readCheckpoints(file),
    writeCheckpoint: () => appendCheckpoint(context, file),
    archive: (name) => readArchive(join(dataFolder, ARCHIVE_FOLDER, name)),
    saveEngine: () => context.engine.saveCheckpoint(engineCheckpointFile(dataFolder)),
  };
}

export function engineCheckpointFile(dataFolder: string): string {
  return join(dataFolder, 'engine.checkpoint');
}

/** A line that was cut off while it was written is none. */
async function* readCheckpoints(file: string): AsyncGenerator<SignedCheckpoint> {
  if (!existsSync(file)) return;
  const text = await readFile(file, 'utf8');
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    const value = parsed(line);
    if (isCheckpoint(value)) yield value;
  }
}

/** What is no JSON is half a line of a process that was killed, with the next one behind it. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Whether the value has the form of a checkpoint; its signature is judged by the verification. */
function isCheckpoint(value: unknown): value is SignedCheckpoint {
  if (typeof value !== 'object' || value === null) return false;
  const { revision, epoch, hash, at, signature } = value as Record<string, unknown>; // any object may be asked
  return typeof revision === 'number' && [epoch, hash, at, signature].every((text) => typeof text === 'string');
}

async function appendCheckpoint(
  { pool, chainKey, clock }: Pick<OperationContext, 'pool' | 'chainKey' | 'clock'>,
  file: string,
): Promise<void> {
  const head = await getHead(new Session(pool));
  const line = {
    revision: head.revision,
    epoch: head.epoch,
    hash: head.hash.toString('hex'),
    at: clock().toISOString(),
  };
  const output = await open(file, 'a', 0o600);
  try {
    await output.appendFile(`${JSON.stringify({ ...line, signature: signHead(chainKey, line) })}\n`);
    await output.sync();
  } finally {
    await output.close();
  }
}

/** The lines of an archive; null when it is not here. */
export function readArchive(path: string): AsyncIterable<string> | null {
  if (!existsSync(path)) return null;
  const bytes = createReadStream(path);
  const text = createGunzip();
  bytes.on('error', (error) => text.destroy(error));
  return createInterface({ input: bytes.pipe(text), crlfDelay: Infinity });
}
