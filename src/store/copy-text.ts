/**
 * Reads the text format of `COPY … TO STDOUT` field by field, without making anything that is not asked for.
 *
 * Texts are cut from the bytes one by one: a text cut from a larger text would keep that alive for as long as itself.
 */
const TAB = 9;
const NEWLINE = 10;
const BACKSLASH = 92;
const NULL_LETTER = 78;

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** One row at a time; what it gives belongs to the row it is called for. */
export class CopyRow {
  #bytes: Buffer = Buffer.alloc(0);
  /** The start of each field, and one past the end of the last. */
  readonly #bounds: Int32Array;

  constructor(columns: number) {
    this.#bounds = new Int32Array(columns + 1);
  }

  /** Finds the fields of the row that begins at `start`; gives the start of the next, or -1 when the row goes on. */
  seek(bytes: Buffer, start: number): number {
    const bounds = this.#bounds;
    const length = bytes.length;
    this.#bytes = bytes;
    bounds[0] = start;
    let column = 1;
    for (let at = start; at < length; at++) {
      const byte = bytes[at];
      if (byte !== TAB && byte !== NEWLINE) continue;
      bounds[column++] = at + 1;
      if (byte === NEWLINE) return at + 1;
    }
    return -1;
  }

  isNull(column: number): boolean {
    const start = this.#bounds[column] ?? 0;
    return this.#bytes[start] === BACKSLASH && this.#bytes[start + 1] === NULL_LETTER;
  }

  /** A whole number; null for null. */
  integer(column: number): number | null {
    if (this.isNull(column)) return null;
    const bytes = this.#bytes;
    const end = (this.#bounds[column + 1] ?? 1) - 1;
    let value = 0;
    for (let at = this.#bounds[column] ?? 0; at < end; at++) value = value * 10 + ((bytes[at] ?? 0) - 48);
    return value;
  }

  /** A number with sign or fraction; null for null. */
  number(column: number): number | null {
    return this.isNull(column) ? null : Number(this.#raw(column));
  }

  text(column: number): string | null {
    if (this.isNull(column)) return null;
    const raw = this.#raw(column);
    return raw.includes('\\') ? raw.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter) : raw;
  }

  #raw(column: number): string {
    return this.#bytes.toString('utf8', this.#bounds[column], (this.#bounds[column + 1] ?? 1) - 1);
  }
}

/** Calls back for each row of the stream. */
export async function readCopyText(
  stream: AsyncIterable<Buffer>,
  columns: number,
  onRow: (row: CopyRow) => void,
): Promise<void> {
  const row = new CopyRow(columns);
  let rest: Buffer | null = null;
  for await (const chunk of stream) {
    const bytes: Buffer = rest === null ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let next = row.seek(bytes, 0); next >= 0; next = row.seek(bytes, start)) {
      onRow(row);
      start = next;
    }
    rest = start === bytes.length ? null : bytes.subarray(start);
  }
  if (rest !== null) throw new Error('the copy ended within a row');
}
