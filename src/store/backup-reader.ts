/**
 * Reads a backup from its first byte to its last, once, and vouches at the end that it is whole.
 *
 * Whoever uses what it gives before `nextTable` has answered null must be able to undo it.
 */
import { createHash } from 'node:crypto';
import { type Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { Problem } from '#core/problem.ts';
import {
  type BackupHeader,
  PIECE_BYTES_MAX,
  type TableSection,
  countRows,
  damaged,
  notABackup,
  parseHeader,
  parseObject,
} from '#store/backup-format.ts';

const NEWLINE = 10;

/** Bytes as they come, handed out in the pieces that the reader asks for, and hashed on the way. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #hash = createHash('sha256');
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** At least one byte and at most so many. */
  async some(bytesMax: number): Promise<Buffer> {
    await this.#fill();
    const bytes = this.#rest.subarray(0, bytesMax);
    this.#rest = this.#rest.subarray(bytes.length);
    this.#hash.update(bytes);
    return bytes;
  }

  async line(): Promise<string> {
    const pieces: Buffer[] = [];
    for (let size = 0; size <= PIECE_BYTES_MAX;) {
      await this.#fill();
      const end = this.#rest.indexOf(NEWLINE);
      const piece = await this.some(end === -1 ? PIECE_BYTES_MAX : end + 1);
      pieces.push(piece);
      size += piece.length;
      if (piece.at(-1) === NEWLINE) return Buffer.concat(pieces).toString();
    }
    throw damaged('a line does not end');
  }

  async length(): Promise<number> {
    const bytes: Buffer[] = [];
    for (let size = 0; size < 4;) {
      const piece = await this.some(4 - size);
      bytes.push(piece);
      size += piece.length;
    }
    return Buffer.concat(bytes).readUInt32BE();
  }

  /** The digest of everything that was handed out so far; nothing is hashed after it. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) if (!(await this.#pull())) return true;
    return false;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<void> {
    if (await this.isAtEnd()) throw damaged('it ends too early');
  }

  async #pull(): Promise<boolean> {
    try {
      const { done, value } = await this.#chunks.next();
      if (done === true) return false;
      this.#rest = value;
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
        throw new Problem(damaged(error.message), error);
      throw error;
    }
  }
}

/** A backup that is being read: its header, then table after table. */
export class BackupReader {
  readonly header: BackupHeader;
  readonly #source: ByteSource;
  readonly #rows: Record<string, number> = {};
  #table: string | null = null;

  constructor(header: BackupHeader, source: ByteSource) {
    this.header = header;
    this.#source = source;
  }

  /** The next table, after its predecessor's rows were read; null when the backup has ended and is whole. */
  async nextTable(): Promise<TableSection | null> {
    if (this.#table !== null) throw new Error(`the rows of ${this.#table} were not read to their end`);
    const line = parseObject(await this.#source.line());
    if (line === null) throw damaged('what should be the head of a table is not');
    if ('rows' in line) {
      await this.#checkEnd(line['rows']);
      return null;
    }
    const section = readSection(line);
    this.#table = section.table;
    this.#rows[section.table] = 0;
    return section;
  }

  /** The rows of the table, in pieces cut anywhere. */
  async *rows(): AsyncGenerator<Buffer> {
    const table = this.#table ?? '';
    for (;;) {
      const length = await this.#source.length();
      if (length === 0) break;
      if (length > PIECE_BYTES_MAX) throw damaged('a frame is longer than any can be');
      for (let left = length; left > 0;) {
        const bytes = await this.#source.some(left);
        left -= bytes.length;
        this.#rows[table] = (this.#rows[table] ?? 0) + countRows(bytes);
        yield bytes;
      }
    }
    this.#table = null;
  }

  /** Stops reading; the file is closed. */
  close(): Promise<void> {
    return this.#source.close();
  }

  async #checkEnd(counts: unknown): Promise<void> {
    const digest = this.#source.digest();
    const last = parseObject(await this.#source.line());
    if (last?.['sha256'] !== digest) throw damaged('its SHA-256 is another than it says');
    if (JSON.stringify(counts) !== JSON.stringify(this.#rows))
      throw damaged('it says another number of rows than it has');
    if (!(await this.#source.isAtEnd())) throw damaged('it goes on after its end');
  }
}

function readSection(line: Readonly<Record<string, unknown>>): TableSection {
  const section = line as unknown as TableSection; // Written by us; the digest at the end vouches for the rest.
  const isSection =
    typeof section.table === 'string' &&
    Array.isArray(section.columns) &&
    Array.isArray(section.partitions) &&
    typeof section.sequences === 'object';
  if (!isSection) throw damaged('what should be the head of a table is not');
  return section;
}

/** Begins to read. Throws `invalid` when the file is no backup, or is one in a form that is not known yet. */
export async function openBackup(input: Readable): Promise<BackupReader> {
  const bytes = createGunzip();
  // Whoever reads the bytes is told of a failure by them.
  pipeline(input, bytes, () => {});
  const source = new ByteSource(bytes as AsyncIterable<Buffer>);
  try {
    return new BackupReader(parseHeader(await source.line()), source);
  } catch (error) {
    await source.close();
    // Z_DATA_ERROR in the first bytes: not even a gzip file.
    const cause = error instanceof Problem ? error.cause : undefined;
    if (cause instanceof Error && cause.message === 'incorrect header check') throw notABackup();
    throw error;
  }
}

/** Reads a backup to its end without using it. Gives its header; throws `invalid` unless it is whole. */
export async function checkBackup(input: Readable): Promise<BackupHeader> {
  const backup = await openBackup(input);
  try {
    while ((await backup.nextTable()) !== null) for await (const _ of backup.rows());
    return backup.header;
  } finally {
    await backup.close();
  }
}
