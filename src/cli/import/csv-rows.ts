/**
 * CSV files as rows with named columns and line numbers, whatever program wrote them: comma, semicolon or tab, with or
 * without byte order mark, quotes, CRLF.
 *
 * A row with more fields than columns is bad: a stray delimiter has shifted them. Values are trimmed; `NULL` and `\N`,
 * as databases print them, are empty.
 */
import { pipeline, Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { type BadLine, badLine, type OpenText, type Parsed } from './parsed.ts';
import { LOST_OCTETS } from './text-lines.ts';

export interface CsvRow {
  readonly line: number;
  /** The value of a column by its canonical name, '' when it is absent or empty. */
  readonly get: (column: string) => string;
}

export interface CsvShape {
  /** Canonical names of the columns, each with the other spellings it goes by; compared without case and punctuation. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** One of each group must be there. */
  readonly required: readonly (readonly string[])[];
  /** The columns in order when the first row is no header; without it a header is needed. */
  readonly positional?: {
    readonly isHeader: (first: readonly string[]) => boolean;
    /** Told by the first row where a table has had several; null when they cannot be told. */
    readonly columns: readonly string[] | ((first: readonly string[]) => readonly string[] | null);
  };
  /** Whether a column that is not known is reported, not passed over. */
  readonly reportsUnknown?: true;
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** A record longer than this has an unclosed quote in it. */
const RECORD_MAX = 131_072;

/** Reads a CSV file as a stream of rows and bad lines. */
export async function* csvRows(
  file: string,
  open: OpenText,
  shape: CsvShape,
): AsyncGenerator<CsvRow | { bad: BadLine }> {
  let columns: ReadonlyMap<string, number> | null = null;
  let width = 0;
  for await (const one of records(open(file))) {
    if ('unreadFrom' in one) {
      yield toBad(file, one.unreadFrom, 'opens a quote that is never closed; nothing from here on was read');
      return;
    }
    const { record, line } = one;
    const values = record.map(cleanValue);
    if (columns === null) {
      const header = headerOf(values, shape);
      columns = header.columns;
      width = Math.max(values.length, header.width);
      for (const reason of header.wrong) yield toBad(file, line, reason);
      if (header.isUnusable) return;
      if (header.isRow) yield { line, get: getter(values, columns) };
      continue;
    }
    if (values.slice(width).some((value) => value !== ''))
      yield toBad(
        file,
        line,
        `has ${values.length} fields where there are ${width} columns: is a delimiter not quoted?`,
      );
    else if (values.some((value) => value.includes(LOST_OCTETS))) yield toBad(file, line, 'is not UTF-8 text');
    else yield { line, get: getter(values, columns) };
  }
  if (columns === null) yield toBad(file, 1, 'the file is empty');
}

/** A row's bad line as the formats pass it on. */
export function isBad(row: CsvRow | { bad: BadLine }): row is { bad: BadLine } {
  return 'bad' in row;
}

/** The records with the lines they begin on, up to the first that cannot be told from its successors. */
async function* records(
  chunks: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<{ record: readonly string[]; line: number } | { unreadFrom: number }> {
  const source = (
    Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  ) as AsyncIterator<string>; // for await takes both
  let head = '';
  for (let next = await source.next(); !next.done; next = await source.next()) {
    head += next.value;
    if (head.includes('\n')) break;
  }
  async function* whole(): AsyncGenerator<string> {
    try {
      yield head;
      for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
    } finally {
      await source.return?.();
    }
  }
  let readable = Number.POSITIVE_INFINITY;
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(head),
    info: true,
    max_record_size: RECORD_MAX,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    // Records that were parsed before are still on their way when this is called.
    skip_records_with_error: true,
    on_skip: (error) => {
      readable = Math.min(readable, Number(error?.['records'] ?? 0));
    },
  });
  // The parser hands every failure of the pipeline to its reader below.
  pipeline(Readable.from(whole()), parser, () => undefined);
  let lineBefore = 0;
  let count = 0;
  for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
    // the shape that `info: true` gives
    if (count >= readable) break;
    count += 1;
    lineBefore = info.lines;
    yield { record, line: info.lines - record.join('').split('\n').length + 1 };
  }
  if (readable !== Number.POSITIVE_INFINITY) yield { unreadFrom: lineBefore + 1 };
}

/** The delimiter that stands most often in the first line, outside quotes. */
function delimiterOf(head: string): string {
  const line = (head.split('\n', 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((delimiter) => ({ delimiter, count: line.split(delimiter).length }));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.delimiter ?? ',';
}

interface Header {
  readonly columns: ReadonlyMap<string, number>;
  readonly width: number;
  readonly wrong: readonly string[];
  readonly isUnusable: boolean;
  /** The first row is no header but data. */
  readonly isRow: boolean;
}

function headerOf(first: readonly string[], shape: CsvShape): Header {
  if (shape.positional && !shape.positional.isHeader(first)) {
    const { columns: given } = shape.positional;
    const names = typeof given === 'function' ? given(first) : given;
    if (names === null) {
      const wrong = [`the columns cannot be told from ${first.length} values; put a line with their names first`];
      return { columns: new Map(), width: 0, wrong, isUnusable: true, isRow: false };
    }
    const columns = new Map(names.map((name, index) => [name, index]));
    return { columns, width: columns.size, wrong: [], isUnusable: false, isRow: true };
  }
  const names = new Map<string, string>();
  for (const [name, spellings] of Object.entries(shape.columns))
    for (const spelling of [name, ...spellings]) names.set(plainName(spelling), name);
  const columns = new Map<string, number>();
  const wrong: string[] = [];
  for (const [index, title] of first.entries()) {
    const name = names.get(plainName(title));
    if (name === undefined) {
      if (shape.reportsUnknown && title !== '') wrong.push(`the column "${title}" is not known and was not read`);
    } else if (columns.has(name)) wrong.push(`the column "${title}" is there twice; the first one counts`);
    else columns.set(name, index);
  }
  const missing = shape.required.filter((group) => !group.some((name) => columns.has(name)));
  for (const group of missing) wrong.push(`the column ${group.join(' or ')} is missing; nothing was read`);
  return { columns, width: first.length, wrong, isUnusable: missing.length > 0, isRow: false };
}

function plainName(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function cleanValue(value: string): string {
  const trimmed = value.trim();
  return trimmed === 'NULL' || trimmed === '\\N' ? '' : trimmed;
}

function getter(values: readonly string[], columns: ReadonlyMap<string, number>): (column: string) => string {
  return (column) => {
    const index = columns.get(column);
    return index === undefined ? '' : (values[index] ?? '');
  };
}

function toBad(file: string, line: number, reason: string): { bad: BadLine } {
  return badLine(file, line, reason) as Extract<Parsed, { bad: BadLine }>; // badLine gives this half of the union
}
