/**
 * Writes old spans of the change log into files and drops them from the database: a file is whole, on disk and read back
 * before anything goes.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { type OperationContext, reader } from '#operations/context.ts';
import { ChainReader, changeLine, headerLine } from '#store/archive-lines.ts';
import { listLinks } from '#store/audit-chain.ts';
import { systemAuthor } from '#store/change.ts';
import type { Session } from '#store/database.ts';
import { readUpTo } from '#store/reconcile-state.ts';
import { type ArchivableSpan, dropSpan, findArchivable } from '#store/retention.ts';
import { transact } from '#store/transaction.ts';

import { ARCHIVE_FOLDER, readArchive } from './outside-records.ts';

const PAGE = 2_000;

/** Archives every span that is older than the time; answers their files. Throws when a span does not prove itself. */
export async function archiveChanges(context: OperationContext, dataFolder: string, before: Date): Promise<string[]> {
  const files: string[] = [];
  for (;;) {
    const span = await findArchivable(reader(context), before);
    // What targets were not reached by yet has to stay where it is read.
    if (span === null || span.last > (await readUpTo(reader(context)))) return files;
    const file = await writeSpan(context, dataFolder, span);
    const { value } = await transact(
      context.pool,
      context.chainKey,
      'none',
      systemAuthor('system:maintenance'),
      (transaction) => dropSpan(transaction, context.chainKey, span, file),
    );
    if (!value) return files;
    context.engine.poke();
    files.push(file);
  }
}

async function writeSpan(context: OperationContext, dataFolder: string, span: ArchivableSpan): Promise<string> {
  const folder = join(dataFolder, ARCHIVE_FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = `changes-${span.first}-${span.last}.jsonl.gz`;
  const draft = join(folder, `${name}.${process.pid}.new`);
  try {
    const output = createWriteStream(draft, { mode: 0o600, flush: true });
    await pipeline(Readable.from(linesOf(context, reader(context), span)), createGzip(), output);
    await readBack(context, draft, span);
    await rename(draft, join(folder, name));
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return name;
}

async function* linesOf(context: OperationContext, session: Session, span: ArchivableSpan): AsyncGenerator<string> {
  const { partition: _partition, ...record } = span;
  yield `${headerLine(context.chainKey, record)}\n`;
  for (let after = span.first - 1; after < span.last;) {
    const links = (await listLinks(session, after, PAGE)).filter((link) => link.revision <= span.last);
    for (const link of links) yield `${changeLine(link)}\n`;
    after = links.at(-1)?.revision ?? span.last;
  }
}

/** What was altered before it was archived must stay where the verification finds it. */
async function readBack(context: OperationContext, path: string, span: ArchivableSpan): Promise<void> {
  const chain = new ChainReader(context.chainKey);
  for await (const line of readArchive(path) ?? []) {
    const fault = chain.take(line);
    if (fault !== null) throw new Error(`The change log is not archived: ${fault}.`);
  }
  const fault = chain.finish(span);
  if (fault !== null) throw new Error(`The change log is not archived: ${fault}.`);
}
