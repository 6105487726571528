/**
 * Files and folders as one stream of items, in the order in which they depend on each other: accounts, SIP accounts,
 * numbers, zones, mailboxes.
 *
 * The format of a file is told by its name and, for CSV, by its columns; whoever knows better states it.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readAccountMapping } from './account-mapping.ts';
import { parseAccountsCsv } from './accounts-csv.ts';
import { parseDidCsv } from './did-csv.ts';
import { parseJsonLines } from './json-lines.ts';
import { parseKamailioSubscriber } from './kamailio-subscriber.ts';
import { parseMailboxCsv } from './mailbox-csv.ts';
import { type AccountOf, badLine, type OpenText, type Parsed } from './parsed.ts';
import { linesOf } from './text-lines.ts';
import { parseZoneFile } from './zone-file.ts';

/** In the order in which one needs the other. */
export const IMPORT_FORMATS = ['jsonl', 'accounts', 'mapping', 'subscriber', 'dids', 'zone', 'mailboxes'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export interface ImportFile {
  readonly file: string;
  readonly format: ImportFormat;
}

export interface SourceOptions {
  readonly open: OpenText;
  /** The account of domains and zones that no mapping names. */
  readonly account?: string;
  readonly enumTlds?: readonly string[];
  /** The origin of zone files without $ORIGIN. */
  readonly origin?: string;
}

/**
 * Finds the importable files of a path: the file itself, or those of a folder and its sub-folders, in order. Standard
 * input (`-`) can be read once only, so its format cannot be looked at: it is JSON Lines.
 */
export async function findImportFiles(
  path: string,
  open: OpenText,
): Promise<{ files: ImportFile[]; unknown: string[] }> {
  if (path === '-') return { files: [{ file: path, format: 'jsonl' }], unknown: [] };
  const isFolder = (await stat(path)).isDirectory();
  const names = isFolder
    ? (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    : [];
  const paths = isFolder ? names.map((entry) => join(entry.parentPath, entry.name)).toSorted() : [path];
  const files: ImportFile[] = [];
  const unknown: string[] = [];
  for (const file of paths) {
    if (isFolder && /^\.|\.(?:md|inc)$|^readme/i.test(basename(file))) continue;
    const format = await detectFormat(file, open);
    if (format === null) unknown.push(file);
    else files.push({ file, format });
  }
  const order = (one: ImportFile) => IMPORT_FORMATS.indexOf(one.format);
  return { files: files.toSorted((a, b) => order(a) - order(b)), unknown };
}

/** The format of a file by its name and its first line, or null. */
export async function detectFormat(file: string, open: OpenText): Promise<ImportFormat | null> {
  const name = basename(file).toLowerCase();
  if (/\.(?:zone|db|hosts)$|^db\./.test(name)) return 'zone';
  let first = '';
  for await (const { text } of linesOf(open(file))) {
    if (text.trim() === '') continue;
    first = text;
    break;
  }
  if (first.startsWith('{')) return 'jsonl';
  if (/^\s*(?:;|\$(?:origin|ttl|include)\b)|\bSOA\b/i.test(first)) return 'zone';
  const columns = new Set(
    first
      .toLowerCase()
      .split(/[,;\t]/)
      .map((column) => column.replace(/[^a-z0-9]/g, '')),
  );
  const has = (...wanted: string[]) => wanted.every((column) => columns.has(column));
  if (has('username', 'domain')) return 'subscriber';
  if (has('domain', 'account')) return 'mapping';
  if (has('reference', 'name')) return 'accounts';
  if (has('address', 'account') || has('mailbox', 'account')) return 'mailboxes';
  if (has('account') && ['number', 'did', 'e164', 'tn'].some((column) => columns.has(column))) return 'dids';
  return /^"?\+\d{6}/.test(first) ? 'dids' : null;
}

/** Reads files one after the other. Mappings among them hold for all the others. */
export async function* parseFiles(files: readonly ImportFile[], options: SourceOptions): AsyncGenerator<Parsed> {
  const fallback = options.account ?? null;
  let accountOf = (await readAccountMapping(null, options.open, fallback)).accountOf;
  for (const { file } of files.filter(({ format }) => format === 'mapping')) {
    const mapping = await readAccountMapping(file, options.open, null);
    for (const bad of mapping.bad) yield badLine(bad.file, bad.line, bad.reason);
    const before: AccountOf = accountOf;
    accountOf = (name) => mapping.accountOf(name) ?? before(name);
  }
  for (const { file, format } of files) {
    if (format === 'jsonl') yield* parseJsonLines(file, options);
    else if (format === 'accounts') yield* parseAccountsCsv(file, options);
    else if (format === 'subscriber') yield* parseKamailioSubscriber(file, { open: options.open, accountOf });
    else if (format === 'dids') yield* parseDidCsv(file, options);
    else if (format === 'mailboxes') yield* parseMailboxCsv(file, options);
    else if (format === 'zone') yield* parseZoneFile(file, { ...options, accountOf });
  }
}
