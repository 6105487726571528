/** The archived spans before the log that is kept: a log may begin after revision 1 only behind a signed record of them. */
import type { OperationContext } from '#operations/context.ts';
import { listArchives } from '#store/audit-chain.ts';
import { ChainReader } from '#store/archive-lines.ts';
import { type ArchiveRecord, signArchive } from '#store/change.ts';
import type { Session } from '#store/database.ts';

const GENESIS = Buffer.alloc(32);

/** Where the kept log has to begin: after this revision, continuing this link. */
export interface ChainStart {
  readonly revision: number;
  readonly former: Buffer | null;
}

/** Checks the records, and the archived changes where their files are here. */
export async function verifyArchives(
  context: OperationContext,
  session: Session,
  find: (detail: string) => void,
): Promise<ChainStart> {
  let revision = 0;
  let former = GENESIS;
  for (const record of await listArchives(session)) {
    const name = `the archive of revisions ${record.first} to ${record.last}`;
    if (signArchive(context.chainKey, record) !== record.signature)
      find(`${name} is not signed with the key of this installation`);
    if (record.first !== revision + 1)
      find(`revisions ${revision + 1} to ${record.first - 1} are neither kept nor archived`);
    else if (record.formerHash !== former.toString('hex')) find(`${name} does not continue what was before it`);
    const lines = context.outside?.archive(record.file) ?? null;
    if (lines !== null) await verifyFile(context, record, lines, name, find);
    revision = record.last;
    former = Buffer.from(record.lastHash, 'hex');
  }
  return { revision, former };
}

async function verifyFile(
  context: OperationContext,
  record: ArchiveRecord,
  lines: AsyncIterable<string>,
  name: string,
  find: (detail: string) => void,
): Promise<void> {
  const chain = new ChainReader(context.chainKey);
  try {
    for await (const line of lines) {
      const fault = chain.take(line);
      if (fault !== null) {
        find(`${name}: ${fault}`);
        return;
      }
    }
  } catch {
    find(`${name} cannot be read: its file is damaged`);
    return;
  }
  const fault = chain.finish(record);
  if (fault !== null) find(`${name}: ${fault}`);
}
