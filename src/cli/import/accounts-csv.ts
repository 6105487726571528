/**
 * A CSV of accounts: reference, name, parent, reseller, and any other field of an account as a column of its name.
 *
 * Accounts come out after their parents whatever the order of the rows; rows wait in memory only until their parent has
 * come, or until the end when it is not in the file. `reseller` is a yes or no, or names the reseller that is the parent
 * where `parent` is empty.
 */
import type { Field, Json } from '#core/field.ts';
import { accountFields } from '#core/kinds/account.ts';
import { type CsvRow, type CsvShape, csvRows, isBad } from './csv-rows.ts';
import {
  accountIdentifier,
  badLine,
  type Body,
  bodyOf,
  createItem,
  type OpenText,
  type Parsed,
  type ParsedItem,
} from './parsed.ts';

const OWN_COLUMNS = {
  reference: ['account', 'account reference', 'customer number', 'id'],
  name: ['account name', 'customer name'],
  parent: ['parent reference', 'parent account'],
  reseller: ['is reseller'],
} as const;

const PLAIN_FIELDS = Object.entries(accountFields).filter(
  ([name, field]) =>
    !(name in OWN_COLUMNS) && (field.type === 'text' || field.type === 'integer' || field.type === 'boolean'),
);

const SHAPE: CsvShape = {
  columns: { ...OWN_COLUMNS, ...Object.fromEntries(PLAIN_FIELDS.map(([name]) => [name, []])) },
  required: [['reference'], ['name']],
  reportsUnknown: true,
};

const YES = new Set(['yes', 'y', 'true', 't', '1']);
const NO = new Set(['no', 'n', 'false', 'f', '0']);

/** Reads rows as accounts, parents before children. */
export async function* parseAccountsCsv(file: string, options: { readonly open: OpenText }): AsyncGenerator<Parsed> {
  const lineOfReference = new Map<string, number>();
  const waiting = new Map<string, ParsedItem[]>();
  for await (const row of csvRows(file, options.open, SHAPE)) {
    if (isBad(row)) {
      yield row;
      continue;
    }
    const reference = `ref:${row.get('reference').replace(/^ref:/, '')}`;
    const before = lineOfReference.get(reference);
    if (before !== undefined) {
      yield badLine(file, row.line, `reference "${row.get('reference')}" is taken by line ${before}`);
      continue;
    }
    const parsed = parseRow(row, file);
    if ('bad' in parsed) {
      yield parsed;
      continue;
    }
    const parent = parentOf(parsed);
    if (parent !== null && !lineOfReference.has(parent)) {
      const siblings = waiting.get(parent);
      if (siblings) siblings.push(parsed);
      else waiting.set(parent, [parsed]);
      continue;
    }
    yield* withDescendants(parsed, waiting, lineOfReference);
  }
  yield* withoutParentHere(file, waiting, lineOfReference);
}

/** The account, and all that waited for it. */
function* withDescendants(
  first: ParsedItem,
  waiting: Map<string, ParsedItem[]>,
  lines: Map<string, number>,
): Generator<Parsed> {
  const ready = [first];
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    const reference = referenceOf(next);
    const before = lines.get(reference);
    if (before !== undefined) {
      yield badLine(next.file, next.line, `reference "${reference.slice(4)}" is taken by line ${before}`);
      continue;
    }
    lines.set(reference, next.line);
    yield next;
    ready.push(...(waiting.get(reference) ?? []).toReversed());
    waiting.delete(reference);
  }
}

/** Accounts whose parent is not in the file: the server may have it. What is left then waits for itself, in a loop. */
function* withoutParentHere(
  file: string,
  waiting: Map<string, ParsedItem[]>,
  lines: Map<string, number>,
): Generator<Parsed> {
  const inFile = new Set([...waiting.values()].flat().map(referenceOf));
  for (const [parent, children] of waiting) {
    if (inFile.has(parent)) continue;
    waiting.delete(parent);
    for (const child of children) yield* withDescendants(child, waiting, lines);
  }
  for (const child of [...waiting.values()].flat())
    yield badLine(file, child.line, `parent "${parentOf(child)?.slice(4)}" hangs in a loop of parents`);
}

function parseRow(row: CsvRow, file: string): Parsed {
  const reference = row.get('reference').replace(/^ref:/, '');
  if (reference === '') return badLine(file, row.line, 'reference is missing');
  const members: Record<string, Json> = { name: row.get('name'), reference };
  for (const [name, field] of PLAIN_FIELDS) {
    const text = row.get(name);
    if (text !== '') members[name] = valueOf(field, text);
  }
  const reseller = row.get('reseller');
  const flag = valueOf({ type: 'boolean', note: '' }, reseller);
  const parent = row.get('parent') || (typeof flag === 'boolean' ? '' : reseller);
  if (typeof flag === 'boolean') members['reseller'] = flag;
  if (parent !== '') members['parent'] = accountIdentifier(parent);
  return createItem(bodyOf('account', members), file, row.line);
}

/** The text of a cell as a value of the field's type; what is none stays text, and core refuses it. */
function valueOf(field: Field, text: string): Json {
  if (field.type === 'integer' && /^-?\d+$/.test(text)) return Number(text);
  if (field.type !== 'boolean') return text;
  const word = text.toLowerCase();
  if (YES.has(word)) return true;
  return NO.has(word) ? false : text;
}

function bodyOfItem(parsed: ParsedItem): Body {
  if (parsed.item.op !== 'create') throw new Error('a row of accounts is always a creation');
  return parsed.item.body;
}

function referenceOf(parsed: ParsedItem): string {
  const { reference } = bodyOfItem(parsed);
  if (typeof reference !== 'string') throw new Error('a row of accounts always has a reference');
  return `ref:${reference}`;
}

function parentOf(parsed: ParsedItem): string | null {
  const parent = bodyOfItem(parsed)['parent'];
  return typeof parent === 'string' ? parent : null;
}
