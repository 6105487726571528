/**
 * Imports the database of a Restcomm-Connect through a client: a folder with CSV files of its tables.
 *
 * What the tables say becomes items in `import/restcomm.ts`; here files are found, and batches become requests.
 */
import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from './client.ts';
import { countedOpen } from './counted-open.ts';
import { UsageError } from './exit-code.ts';
import { type ImportReport, type ImportTotals, type PostBatch, runImport } from './import/import-run.ts';
import { accountIdentifier, type BadLine, type Parsed } from './import/parsed.ts';
import { parseRestcomm } from './import/restcomm.ts';
import { Dump } from './import/restcomm-dump.ts';
import { RESTCOMM_TABLES, type RestcommFiles, restcommTableOf, type RestcommTable } from './import/restcomm-tables.ts';
import { openText } from './import/text-lines.ts';
import { restcommPoster } from './restcomm-poster.ts';

export interface RestcommSettings {
  /** Beneath which account all is made, such as `ref:R-1`; absent: the platform. */
  readonly parent?: string;
  readonly domain?: string;
  readonly provider?: string;
  readonly hasOwnHolds?: boolean;
  /** Reads and judges, and sends nothing. */
  readonly isDry?: boolean;
  readonly batchSize?: number;
  readonly onProgress?: (bytesRead: number, bytesTotal: number, totals: ImportTotals, part: string) => void;
}

export interface RestcommResult extends ImportReport {
  readonly files: RestcommFiles;
  /** What was taken over otherwise than it stands in the dump. */
  readonly notes: readonly BadLine[];
}

/** Imports a folder. Run again after a failure, or with lines put right, it does nothing twice. */
export async function importRestcomm(
  client: Client,
  folder: string,
  settings: RestcommSettings = {},
): Promise<RestcommResult> {
  const files = await tablesIn(folder);
  const notes: BadLine[] = [];
  let totals: ImportTotals = { read: 0, created: 0, existed: 0, failed: 0 };
  let part = '';
  const tell = () => settings.onProgress?.(counted.bytesRead(), counted.bytesTotal, totals, part);
  const paths = Object.values(files);
  const counted = await countedOpen(
    paths,
    openText,
    (file) => file,
    () => tell(),
  );
  const dump = new Dump(files, {
    open: counted.open,
    parent: settings.parent === undefined ? null : accountIdentifier(settings.parent),
    domain: settings.domain ?? null,
    provider: settings.provider ?? null,
    hasOwnHolds: settings.hasOwnHolds === true,
    onNote: (file, line, reason) => notes.push({ file, line, reason }),
    onPart: (name) => {
      part = name;
    },
  });
  const post = settings.isDry === true ? postNothing : restcommPoster(client, (id) => dump.endsClosed(id));
  const report = await runImport(parseRestcomm(dump), post, {
    identity: randomUUID(),
    ...(settings.batchSize === undefined ? {} : { batchSize: settings.batchSize }),
    kindOf: (one) => kindOf(one, files),
    onProgress: (now) => {
      totals = now;
      tell();
    },
  });
  const kinds = new Map(KINDS.flatMap((kind) => [...report.kinds].filter(([name]) => name === kind)));
  return { ...report, kinds, files, notes };
}

/** In the order in which the work is done. */
const KINDS = [
  'sip_domain',
  'account',
  'account-login',
  'application',
  'sip_account',
  'phone_number',
  'hold',
  'close',
] as const;

/** As if all were created. */
const postNothing: PostBatch = (items) => Promise.resolve(items.map(() => ({ outcome: 'created' })));

const KIND_OF_TABLE: Readonly<Record<RestcommTable, string>> = {
  organizations: 'sip_domain',
  accounts: 'account',
  applications: 'application',
  clients: 'sip_account',
  numbers: 'phone_number',
};

function kindOf(one: Parsed, files: RestcommFiles): string {
  if ('item' in one) return one.item.op === 'create' ? one.item.body.kind : one.item.op;
  const table = RESTCOMM_TABLES.find((name) => files[name] === one.bad.file);
  return KIND_OF_TABLE[table ?? 'organizations']; // what is in no file is the domain of --domain
}

/** The tables of a folder. Throws what the user must put right. */
async function tablesIn(folder: string): Promise<RestcommFiles> {
  const found = await stat(folder).catch(() => null);
  if (found?.isDirectory() !== true) throw new UsageError(`${folder} is no folder that can be read`);
  const files: Partial<Record<RestcommTable, string>> = {};
  for (const name of (await readdir(folder)).toSorted()) {
    const table = restcommTableOf(name);
    if (table === null) continue;
    const other = files[table];
    if (other !== undefined) throw new UsageError(`${folder} has two files of one table: ${other} and ${name}`);
    files[table] = join(folder, name);
  }
  if (Object.keys(files).length === 0)
    throw new UsageError(`${folder} has no table of Restcomm, such as restcomm_accounts.csv`);
  return files;
}
