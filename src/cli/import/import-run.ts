/**
 * Sends what the formats yield to the server in batches, in order, and tells what became of every line.
 *
 * Restartable: what is there already is found, compared and counted as there, so a rerun
 * after a crash repeats no work. The next batch is prepared while the former is under way; none is sent before the
 * former is answered, for its items may be the parents of the next. Memory holds two batches and the refusals.
 */
import { createHash } from 'node:crypto';
import type { BadLine, BulkItem, Parsed, ParsedItem } from './parsed.ts';

/** What became of one item. `exists` lists the fields in which the existing entity differs; none is the same entity. */
export type Outcome =
  | { readonly outcome: 'created' }
  | { readonly outcome: 'exists'; readonly differs: readonly string[] }
  /** It adds to something that was refused, whose line is told already. */
  | { readonly outcome: 'left' }
  | { readonly outcome: 'refused'; readonly code: string; readonly message: string };

/** Sends one batch; gives one outcome for each item, in order. Sending the same key again must do nothing twice. */
export type PostBatch = (items: readonly BulkItem[], idempotencyKey: string) => Promise<readonly Outcome[]>;

export interface ImportTotals {
  /** Items sent and answered, and lines that were bad. */
  readonly read: number;
  readonly created: number;
  readonly existed: number;
  /** Bad lines and refused items. */
  readonly failed: number;
}

/** What became of all of one kind. */
export type KindTotals = Omit<ImportTotals, 'read'>;

export interface ImportReport extends ImportTotals {
  /** Every line that is not in the server now, in the order of the files as far as each batch went. */
  readonly refusals: readonly BadLine[];
  /** By what `kindOf` says, in the order in which the kinds came. */
  readonly kinds: ReadonlyMap<string, KindTotals>;
}

export interface ImportOptions {
  /** Names this run: part of every batch's key, so that a repeated request of the run is told from a later run. */
  readonly identity: string;
  readonly batchSize?: number;
  /** By which an item or a bad line is counted; absent: nothing is counted apart. */
  readonly kindOf?: (one: Parsed) => string;
  readonly onProgress?: (totals: ImportTotals) => void;
}

/** Large enough to fill one commit of the server, small enough to see progress. */
const BATCH_SIZE = 1000;
/** How many other items take as long as a login, whose password is hashed so that it costs time. */
const LOGIN_WEIGHT = 5;

/** Runs an import to its end. Throws what `post` throws; the same call again then goes on where it stopped. */
export async function runImport(
  parsed: AsyncIterable<Parsed>,
  post: PostBatch,
  options: ImportOptions,
): Promise<ImportReport> {
  const totals = { read: 0, created: 0, existed: 0, failed: 0 };
  const refusals: BadLine[] = [];
  const kinds = new Map<string, Record<keyof KindTotals, number>>();
  const count = (one: Parsed, as: keyof KindTotals) => {
    totals[as] += 1;
    if (options.kindOf === undefined) return;
    const kind = options.kindOf(one);
    const counted = kinds.get(kind) ?? { created: 0, existed: 0, failed: 0 };
    counted[as] += 1;
    kinds.set(kind, counted);
  };
  const refuse = (one: Parsed, bad: BadLine) => {
    count(one, 'failed');
    refusals.push(bad);
  };
  let index = 0;
  let underWay: Promise<readonly Outcome[]> | null = null;
  let sent: readonly ParsedItem[] = [];

  const settle = async () => {
    if (underWay === null) return;
    const outcomes = await underWay;
    underWay = null;
    if (outcomes.length !== sent.length)
      throw new Error(
        `the server answered ${outcomes.length} outcomes to ${sent.length} items: this import cannot go on`,
      );
    for (const [position, outcome] of outcomes.entries()) {
      const item = sent[position];
      if (!item) throw new Error('positions of outcomes and items are the same, as just judged');
      totals.read += 1;
      if (outcome.outcome === 'created') count(item, 'created');
      else if (outcome.outcome === 'exists' && outcome.differs.length === 0) count(item, 'existed');
      else if (outcome.outcome !== 'left')
        refuse(item, { file: item.file, line: item.line, reason: reasonOf(outcome) });
    }
    options.onProgress?.({ ...totals });
  };

  try {
    for await (const { items, bad } of batchesOf(parsed, options.batchSize ?? BATCH_SIZE)) {
      await settle();
      totals.read += bad.length;
      for (const line of bad) refuse({ bad: line }, line);
      if (items.length === 0) continue;
      sent = items;
      const wire = items.map(({ item }) => item);
      underWay = post(wire, batchKey(options.identity, index, wire));
      underWay.catch(() => undefined); // awaited in `settle`; until then its failure must not count as unhandled
      index += 1;
    }
  } finally {
    // When reading fails, the batch under way still comes to its end before this does.
    await settle();
  }
  options.onProgress?.({ ...totals });
  return { ...totals, refusals, kinds };
}

/** Depends on the items too: other options make other items of the same files, and these must not meet old answers. */
function batchKey(identity: string, index: number, items: readonly BulkItem[]): string {
  return `import-${createHash('sha256')
    .update(`${identity}\n${index}\n${JSON.stringify(items)}`)
    .digest('hex')}`;
}

interface Batch {
  readonly items: ParsedItem[];
  readonly bad: BadLine[];
}

/** The most bad lines of one batch, so that a file of nothing else shows progress too. */
const BAD_LINES_MAX = 1000;

async function* batchesOf(parsed: AsyncIterable<Parsed>, size: number): AsyncGenerator<Batch> {
  let batch: Batch = { items: [], bad: [] };
  let weight = 0;
  for await (const one of parsed) {
    if ('bad' in one) batch.bad.push(one.bad);
    else {
      batch.items.push(one);
      weight += one.item.op === 'account-login' ? LOGIN_WEIGHT : 1;
    }
    if (weight < size && batch.bad.length < BAD_LINES_MAX) continue;
    yield batch;
    batch = { items: [], bad: [] };
    weight = 0;
  }
  if (batch.items.length > 0 || batch.bad.length > 0) yield batch;
}

function reasonOf(outcome: Exclude<Outcome, { outcome: 'created' | 'left' }>): string {
  if (outcome.outcome === 'refused') return `${outcome.code}: ${outcome.message}`;
  return `exists: it is there already, with another ${outcome.differs.join(', ')}`;
}
