/**
 * The form of a backup: one gzip stream that describes itself, and that is refused when a byte of it is missing or
 * different.
 *
 * Inside, in this order:
 * - the header, a line of JSON: `BackupHeader`;
 * - for each table a line of JSON, `TableSection`, then its rows in the text format of COPY, cut anywhere into frames
 *   (length in four bytes, big-endian, then that many bytes) and ended by an empty frame;
 * - a line of JSON, `{"rows": {"<table>": <count>, …}}`;
 * - a line of JSON, `{"sha256": "<hex>"}`, the digest of every byte before it.
 *
 * The secret key of the installation is never inside. Its fingerprint is, so that a restore beside another key is
 * noticed before the change log can no longer be verified.
 */
import { createHash, createHmac } from 'node:crypto';

import { type Problem, problem } from '#core/problem.ts';

export const BACKUP_FORMAT = 'abeyance-backup';
/** Raised when a reader of today could not read the file. */
export const BACKUP_FORMAT_VERSION = 1;

/** Rows are gathered to frames of this size: each is one call of the compressor. */
export const FRAME_BYTES = 256 * 1024;
/** No frame and no line is longer. A longer one is damage, and must not take all memory before it is found. */
export const PIECE_BYTES_MAX = 16 * 1024 * 1024;

export interface BackupHeader {
  readonly format: typeof BACKUP_FORMAT;
  readonly formatVersion: number;
  /** The release that wrote the file. */
  readonly abeyanceVersion: string;
  /** The last migration of the database. */
  readonly schemaVersion: number;
  readonly installationId: string;
  readonly epoch: string;
  /** The last change that is inside. */
  readonly revision: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Tells which secret key belongs to the data; see `keyFingerprint`. */
  readonly keyFingerprint: string;
  /** The rows of all tables together, for those who show progress. */
  readonly rowsTotal: number;
}

export interface TableSection {
  readonly table: string;
  readonly columns: readonly string[];
  /** The next value of each sequence that belongs to a column. */
  readonly sequences: Readonly<Record<string, string>>;
  /** Of a partitioned table: its partitions with their bounds, the default one aside. */
  readonly partitions: readonly Partition[];
}

export interface Partition {
  readonly name: string;
  /** As the catalogue writes them: `FOR VALUES FROM ('0') TO ('1000')`. */
  readonly bounds: string;
  readonly comment: string | null;
}

/** Says which key it is without giving anything away about it: in hex. */
export function keyFingerprint(secret: Buffer): string {
  const mark = createHmac('sha256', secret).update('fingerprint of the key in backups').digest();
  return createHash('sha256').update(mark).digest('hex');
}

/** A line of the file. */
export function lineOf(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/** Rows as a frame; without rows the frame that ends a table. */
export function frameOf(chunks: readonly Buffer[], bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return Buffer.concat([length, ...chunks], 4 + bytes);
}

/** How many rows end in these bytes: COPY escapes every line end inside a value. */
export function countRows(bytes: Buffer): number {
  const newline = 10;
  let count = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}

/** The refusal of a file that is not as it was written. */
export function damaged(what: string): Problem {
  return problem(
    'invalid',
    `The backup is damaged or cut short: ${what}. Nothing of it was kept; use another copy of the file.`,
  );
}

/** Reads the first line. Throws `invalid` for a file that is no backup, and for one in a form that is not known yet. */
export function parseHeader(line: string): BackupHeader {
  const header = parseObject(line) as Partial<BackupHeader> | null; // Checked on the next lines.
  if (header?.format !== BACKUP_FORMAT) throw notABackup();
  if (header.formatVersion !== BACKUP_FORMAT_VERSION)
    throw problem(
      'invalid',
      `The backup has format version ${header.formatVersion}, this program reads ${BACKUP_FORMAT_VERSION}: ` +
        `use Abeyance ${header.abeyanceVersion} or later.`,
    );
  const texts = [header.abeyanceVersion, header.installationId, header.epoch, header.createdAt, header.keyFingerprint];
  const numbers = [header.schemaVersion, header.revision, header.rowsTotal];
  if (texts.some((text) => typeof text !== 'string') || !numbers.every(Number.isSafeInteger))
    throw damaged('its header is not complete');
  return header as BackupHeader; // Every field was looked at.
}

export function notABackup(): Problem {
  return problem('invalid', 'This is no backup of Abeyance; such a file is written by "./abeyance backup <file>".');
}

/** A line as an object; null when it is none. */
export function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
