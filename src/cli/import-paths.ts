/**
 * Imports files and folders through a client: finds what there is, sends it, counts the bytes read for the progress.
 *
 * The formats and the batches are told by the folder `import`; here files become text and batches become requests. Run
 * again after a failure it does nothing twice: what is there already is found, and compared.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { bulkPoster } from './bulk-poster.ts';
import type { Client } from './client.ts';
import { countedOpen } from './counted-open.ts';
import { UsageError } from './exit-code.ts';
import { type ImportReport, type ImportTotals, runImport } from './import/import-run.ts';
import { findImportFiles, type ImportFile, type ImportFormat, parseFiles } from './import/import-source.ts';
import type { OpenText } from './import/parsed.ts';
import { openText } from './import/text-lines.ts';

export interface ImportSettings {
  /** The format of every file; absent: told by name and columns. */
  readonly format?: ImportFormat;
  /** The account of domains and zones that no mapping names. */
  readonly account?: string;
  /** A CSV of domains and their accounts, beside those that a folder holds. */
  readonly domains?: string;
  readonly onProgress?: (bytesRead: number, bytesTotal: number, totals: ImportTotals) => void;
}

export interface ImportResult extends ImportReport {
  readonly files: readonly ImportFile[];
}

/** Imports the paths in the order in which their contents depend on each other. `-` is standard input. */
export async function importPaths(
  client: Client,
  paths: readonly string[],
  settings: ImportSettings = {},
): Promise<ImportResult> {
  const spool = paths.includes('-') ? await spoolInput() : null;
  try {
    const pathOf = (file: string) => (file === '-' && spool !== null ? spool.file : file);
    const open: OpenText = (file) => openText(pathOf(file));
    const files = await filesOf(paths, settings, open);
    let totals: ImportTotals = { read: 0, created: 0, existed: 0, failed: 0 };
    const tell = () => settings.onProgress?.(counted.bytesRead(), counted.bytesTotal, totals);
    const names = files.map(({ file }) => file);
    const counted = await countedOpen(names, open, pathOf, () => tell());
    const report = await runImport(
      parseFiles(files, {
        open: counted.open,
        ...(settings.account === undefined ? {} : { account: settings.account }),
      }),
      bulkPoster(client),
      {
        // Of this run alone: what an earlier run did is found in the tree itself, where it may have been closed since.
        identity: randomUUID(),
        onProgress: (now) => {
          totals = now;
          tell();
        },
      },
    );
    return { ...report, files };
  } finally {
    await spool?.remove();
  }
}

async function filesOf(paths: readonly string[], settings: ImportSettings, open: OpenText): Promise<ImportFile[]> {
  const files: ImportFile[] = settings.domains === undefined ? [] : [{ file: settings.domains, format: 'mapping' }];
  for (const path of paths) {
    const isFolder = path !== '-' && (await statOf(path)).isDirectory();
    if (settings.format !== undefined && !isFolder) {
      files.push({ file: path, format: settings.format });
      continue;
    }
    const found = await findImportFiles(path, open);
    if (settings.format !== undefined) {
      files.push(...found.files.filter(({ format }) => format === settings.format));
      continue;
    }
    const [unknown] = found.unknown;
    if (unknown !== undefined)
      throw new UsageError(`${unknown} has no format that is known; name it with --format, or take the file away`);
    files.push(...found.files);
  }
  if (settings.domains !== undefined) await statOf(settings.domains);
  if (files.every(({ format }) => format === 'mapping'))
    throw new UsageError(`${paths.join(' ')}: there is nothing to import`);
  return inOrder(files);
}

/** The order of one folder holds over all paths too: accounts come before what they own. */
function inOrder(files: readonly ImportFile[]): ImportFile[] {
  const order: readonly ImportFormat[] = ['mapping', 'jsonl', 'accounts', 'subscriber', 'dids', 'zone', 'mailboxes'];
  return files.toSorted((a, b) => order.indexOf(a.format) - order.indexOf(b.format));
}

async function statOf(path: string): ReturnType<typeof stat> {
  try {
    return await stat(path);
  } catch (error) {
    throw new UsageError(
      `${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'})`,
    );
  }
}

/** Standard input can be read once; a file can be looked at, measured and read again. */
async function spoolInput(): Promise<{ file: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-import-'));
  const file = join(folder, 'input');
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }));
  } catch (error) {
    await remove();
    throw error;
  }
  return { file, remove };
}
