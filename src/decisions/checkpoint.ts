/**
 * The picture in a file, so that an engine can start while the database is away.
 *
 * JSON Lines: a head, batches of entity states, a tail. Writing takes turns with other work; what changes meanwhile
 * is journalled and repeated in the tail, so that the file is the picture of exactly the revision in its tail. A file
 * without a tail is none.
 */
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { EntityState, ProfileRow } from '#core/decision-source.ts';
import { Picture } from './picture.ts';

const FORMAT = 1;
/** Entities in one line: some milliseconds of work before others get their turn. */
const BATCH = 2_000;

interface Opening {
  readonly format: number;
  readonly entities: number;
}

interface Ending {
  readonly epoch: string;
  readonly revision: number;
  /** When the picture was last known to be complete, in milliseconds of the calendar. */
  readonly confirmedAtMs: number;
  readonly profiles: readonly ProfileRow[];
  readonly states: readonly EntityState[];
}

export interface Checkpoint {
  readonly picture: Picture;
  readonly confirmedAtMs: number;
}

/** Writes beside the file and renames, so that the former one stays until the new one is whole and on disk. */
export async function writeCheckpoint(picture: Picture, confirmedAtMs: () => number, file: string): Promise<void> {
  const journal = new Set<number>();
  picture.journal = journal;
  const draft = `${file}.${process.pid}.new`;
  try {
    const output = await open(draft, 'w', 0o600);
    try {
      const write = (value: unknown) => output.appendFile(`${JSON.stringify(value)}\n`);
      await write({ format: FORMAT, entities: picture.entities.size } satisfies Opening);
      for (let from = 0; from < picture.entities.size; from += BATCH) {
        const states = statesOf(picture, range(from, Math.min(from + BATCH, picture.entities.size)));
        if (states.length > 0) await write(states);
        await nextTurn();
      }
      const { epoch, revision } = picture;
      await write({
        epoch,
        revision,
        confirmedAtMs: confirmedAtMs(),
        profiles: picture.holds.profiles(),
        states: [...journal].map((id) => picture.stateOf(id)),
      } satisfies Ending);
      await output.sync();
    } finally {
      await output.close();
    }
    await rename(draft, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    picture.journal = null;
  }
}

/** Reads a checkpoint. Throws when the file is not there, not whole, or of another format. */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  const picture = new Picture();
  const input = createReadStream(file, { encoding: 'utf8' });
  let ending: Ending | null = null;
  let isOpened = false;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (ending !== null) throw new Error(`${file} goes on after its end`);
    const value = JSON.parse(line) as Opening | readonly EntityState[] | Ending; // written above
    if (!isOpened) {
      isOpened = true;
      openWith(picture, value, file);
    } else if ('revision' in value) ending = value;
    else picture.apply(value as readonly EntityState[]); // neither the head nor the tail
  }
  if (ending === null) throw new Error(`${file} is no whole checkpoint`);
  picture.profiles(ending.profiles);
  picture.apply(ending.states);
  picture.epoch = ending.epoch;
  picture.revision = ending.revision;
  return { picture, confirmedAtMs: ending.confirmedAtMs };
}

function openWith(picture: Picture, value: object, file: string): void {
  if (!('format' in value) || value.format !== FORMAT) throw new Error(`${file} is no checkpoint of format ${FORMAT}`);
  if ('entities' in value && typeof value.entities === 'number') picture.reserve(value.entities);
}

function statesOf(picture: Picture, ids: Iterable<number>): EntityState[] {
  const states: EntityState[] = [];
  for (const id of ids) if (picture.entities.has(id)) states.push(picture.stateOf(id));
  return states;
}

function* range(from: number, to: number): Generator<number> {
  for (let id = from; id < to; id++) yield id;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
