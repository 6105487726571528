/**
 * The change log against itself, against its key, and against what lies outside the database: every row that was
 * altered, removed or inserted is found and named.
 */
import type { OperationContext } from '#operations/context.ts';
import { listErased, listLinks } from '#store/audit-chain.ts';
import { type Head, digestOf, getHead, linkOf } from '#store/change.ts';
import type { Session } from '#store/database.ts';

import { verifyArchives } from './archives.ts';
import { type Marks, readMarks } from './checkpoints.ts';
import { FINDINGS_MAX, type Finding } from './finding.ts';
import { PersonalCheck } from './personal.ts';

const PAGE = 2_000;

/** Recomputes every digest and link, and compares the last one with the counter; yields how many changes are done. */
export async function* verifyChain(
  context: OperationContext,
  session: Session,
  findings: Finding[],
): AsyncGenerator<number> {
  const find = (detail: string) => void findings.push({ stage: 'chain', detail });
  // Before the head: no checkpoint that is read can be younger than it.
  const marks = await readMarks(context, session, find);
  const head = await getHead(session);
  const personal = new PersonalCheck(session, await listErased(session), find);
  const start = await verifyArchives(context, session, find);
  let { former, revision } = start;
  let lastAt: Date | null = null;
  let done = 0;
  while (findings.length < FINDINGS_MAX) {
    const links = await listLinks(session, revision, PAGE);
    const known = links.filter((link) => link.revision <= head.revision);
    const from = revision;
    for (const link of known) {
      if (link.revision !== revision + 1) {
        find(missing(revision + 1, link.revision - 1));
        former = null;
      }
      if (!digestOf({ ...link, entity: link.entity_id }).equals(link.digest) || !link.is_exact)
        find(`revision ${link.revision} was altered`);
      else if (
        former !== null &&
        !linkOf(context.chainKey, former, link.revision, link.at, link.digest).equals(link.hash)
      )
        find(`revision ${link.revision} does not continue the chain: it was altered, inserted or moved`);
      marks.compare(link.revision, link.hash);
      former = link.hash;
      revision = link.revision;
      lastAt = link.at;
      done++;
    }
    await personal.checkSpan(from, known);
    yield done;
    if (known.length < links.length) {
      await refuseBeyond(session, head, links[known.length]?.revision ?? head.revision + 1, find);
      break;
    }
    if (links.length < PAGE) break;
  }
  if (findings.length >= FINDINGS_MAX) return;
  await personal.finish(start.revision, head.revision);
  closeChain(head, revision, former, lastAt, marks, find);
}

function missing(first: number, last: number): string {
  return first === last ? `revision ${first} is missing` : `revisions ${first} to ${last} are missing`;
}

/** Rows beyond the counter are there because it was set back, or because somebody put them there. */
async function refuseBeyond(
  session: Session,
  head: Head,
  first: number,
  find: (detail: string) => void,
): Promise<void> {
  // What was committed meanwhile is beyond the head that was read, and not beyond the one there is now.
  const now = await getHead(session);
  const [row] = await listLinks(session, Math.max(now.revision, first - 1), 1);
  if (row !== undefined) find(`revision ${row.revision} lies beyond the counter, which stands at ${now.revision}`);
  else if (now.revision < head.revision) find(`the counter went back from ${head.revision} to ${now.revision}`);
}

/** The end of the log against the counter and the checkpoints. */
function closeChain(
  head: Head,
  revision: number,
  former: Buffer | null,
  lastAt: Date | null,
  marks: Marks,
  find: (detail: string) => void,
): void {
  if (revision < head.revision) find(`${missing(revision + 1, head.revision)}: the counter stands at ${head.revision}`);
  else if (former !== null && !former.equals(head.hash)) find(`the counter's hash is not that of revision ${revision}`);
  else if (lastAt !== null && head.last_at?.getTime() !== lastAt.getTime())
    find(`the counter's time is not that of revision ${revision}`);
  marks.finish(head);
}
