/** The signed checkpoints outside the database: what the log had once, it must have still. */
import { timingSafeEqual } from 'node:crypto';

import type { OperationContext } from '#operations/context.ts';
import { type Head, type SignedCheckpoint, getHead, signHead } from '#store/change.ts';
import type { Session } from '#store/database.ts';

export interface Marks {
  /** Compares the link of a revision with the checkpoint there, if there is one. */
  compare(revision: number, hash: Buffer): void;
  /** Compares the end of the log with the last checkpoint. */
  finish(head: Head): void;
}

/**
 * Reads the checkpoints of the epoch that runs. Those of another one were made before a backup was restored: what came
 * after the backup is gone, and that is no finding.
 */
export async function readMarks(
  context: OperationContext,
  session: Session,
  find: (detail: string) => void,
): Promise<Marks> {
  const hashes = new Map<number, string>();
  let last: SignedCheckpoint | null = null;
  const { epoch } = await getHead(session);
  for await (const checkpoint of context.outside?.checkpoints() ?? []) {
    if (checkpoint.epoch !== epoch) continue;
    if (!isSigned(context, checkpoint)) {
      find(`the checkpoint of revision ${checkpoint.revision} is not signed with the key of this installation`);
      continue;
    }
    hashes.set(checkpoint.revision, checkpoint.hash);
    if (last === null || checkpoint.revision > last.revision) last = checkpoint;
  }
  return {
    compare: (revision, hash) => {
      const known = hashes.get(revision);
      if (known !== undefined && known !== hash.toString('hex'))
        find(`revision ${revision} is not the one of the signed checkpoint: the history was replaced`);
    },
    finish: (head) => {
      if (last !== null && last.revision > head.revision)
        find(
          `the log ends with revision ${head.revision}; a checkpoint of ${last.at} has revision ${last.revision}: the end was cut off`,
        );
    },
  };
}

function isSigned(context: OperationContext, checkpoint: SignedCheckpoint): boolean {
  const expected = Buffer.from(signHead(context.chainKey, checkpoint));
  const given = Buffer.from(checkpoint.signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
