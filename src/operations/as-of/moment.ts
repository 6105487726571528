/** From the moment that a caller names to a revision of the log. */
import { readMoment } from '#core/moment.ts';
import { invalid, problem } from '#core/problem.ts';
import type { OperationContext } from '#operations/context.ts';
import { timeOfRevision } from '#store/as-of.ts';
import { firstRevision, revisionAt } from '#store/change-list.ts';
import { getHead } from '#store/change.ts';
import type { Session } from '#store/database.ts';

export interface AsOfMoment {
  /** The last change that counts. */
  readonly revision: number;
  /** The time that was asked for, or that of the revision. */
  readonly at: string;
  readonly epoch: string;
}

/** Throws `invalid` for what is no moment or lies ahead, `conflict` for what is older than the log that is kept. */
export async function resolveMoment(context: OperationContext, session: Session, text: string): Promise<AsOfMoment> {
  const reading = readMoment(text);
  if (!reading.ok) throw invalid({ field: 'at', message: reading.message });
  const head = await getHead(session);
  const first = await firstRevision(session);
  const moment = reading.value;
  if (moment.by === 'revision') {
    if (moment.revision > head.revision)
      throw invalid({ field: 'at', message: `must be at most the last revision, ${head.revision}` });
    const at = await timeOfRevision(session, moment.revision);
    if (at === null) throw archived(first);
    return { revision: moment.revision, at: at.toISOString(), epoch: head.epoch };
  }
  const asked = new Date(moment.atMs);
  if (asked > context.clock() && (head.last_at === null || asked > head.last_at))
    throw invalid({ field: 'at', message: 'must not lie in the future' });
  const revision = Math.min(await revisionAt(session, asked), head.revision);
  if (first !== null && first > 1 && revision < first) throw archived(first);
  return { revision, at: asked.toISOString(), epoch: head.epoch };
}

/** The refusal of what the kept log cannot tell any more. */
export function archived(first: number | null) {
  return problem(
    'conflict',
    `This cannot be told any more: the log that is kept begins with revision ${first ?? 1}, what was before is archived.`,
    { facts: { first: first ?? 1 } },
  );
}
