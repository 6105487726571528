/** Personal values against their commitments in the chain: none may be altered, and none be gone without an erasure. */
import {
  type ChangeLink,
  type PersonalRow,
  hasRevision,
  listErasedCommitments,
  listPersonal,
  listRequestPersonal,
  personalBounds,
} from '#store/audit-chain.ts';
import { commitmentOf } from '#store/change.ts';
import type { Session } from '#store/database.ts';

/** Commitments of requests are asked for in portions of this many. */
const REQUESTS = 2_000;

export class PersonalCheck {
  readonly #session: Session;
  readonly #erased: ReadonlySet<number>;
  readonly #find: (detail: string) => void;
  /** Commitments of requests that were looked at, so that a bulk request is looked at once. */
  #known = new Set<string>();
  #erasedCommitments: ReadonlySet<string> | null = null;

  constructor(session: Session, erased: ReadonlySet<number>, find: (detail: string) => void) {
    this.#session = session;
    this.#erased = erased;
    this.#find = find;
  }

  /** The changes of one page of the log, the first of them after `from`. */
  async checkSpan(from: number, links: readonly ChangeLink[]): Promise<void> {
    const last = links.at(-1);
    if (last === undefined) return;
    const rows = Map.groupBy(await listPersonal(this.#session, from, last.revision), (row) => row.revision);
    for (const link of links) this.#checkChange(link, rows.get(link.revision) ?? []);
    const known = new Set(links.map((link) => link.revision));
    for (const revision of rows.keys())
      if (!known.has(revision)) this.#find(`personal values of revision ${revision} belong to no change`);
    await this.#checkRequests(links);
  }

  /** Values of revisions that the log does not have. */
  async finish(begin: number, end: number): Promise<void> {
    const { first, last } = await personalBounds(this.#session);
    if (first !== null && first <= begin) this.#find(`personal values of revision ${first} belong to no change`);
    if (last === null || last <= end) return;
    // What was committed meanwhile has its change.
    for (const { revision } of await listPersonal(this.#session, end, last))
      if (!(await hasRevision(this.#session, revision)))
        return this.#find(`personal values of revision ${revision} belong to no change`);
  }

  #checkChange(link: ChangeLink, rows: readonly PersonalRow[]): void {
    const commitments = commitmentsIn(link.facts);
    for (const row of rows)
      if (commitmentOf(row.salt, row.value) !== commitments[row.field])
        this.#find(`the personal field ${row.field} of revision ${link.revision} was altered`);
    if (link.entity_id !== null && this.#erased.has(link.entity_id)) return;
    for (const field of Object.keys(commitments))
      if (!rows.some((row) => row.field === field))
        this.#find(`the personal field ${field} of revision ${link.revision} was removed without an erasure`);
  }

  /** Address and reason of the requests that made the changes. */
  async #checkRequests(links: readonly ChangeLink[]): Promise<void> {
    const wanted = new Map<string, { field: string; revision: number }>();
    for (const { origin, revision } of links)
      for (const [field, commitment] of Object.entries(origin?.commitments ?? {}))
        if (!this.#known.has(commitment)) wanted.set(commitment, { field, revision });
    if (wanted.size === 0) return;
    if (this.#known.size > 50 * REQUESTS) this.#known = new Set();
    for (const commitment of wanted.keys()) this.#known.add(commitment);
    const found = new Map(
      (await listRequestPersonal(this.#session, [...wanted.keys()])).map((row) => [row.commitment, row]),
    );
    const gone: string[] = [];
    for (const [commitment, { field, revision }] of wanted) {
      const row = found.get(commitment);
      if (row === undefined) gone.push(commitment);
      else if (row.field !== field || commitmentOf(row.salt, row.value) !== commitment)
        this.#find(`the ${field} of the request of revision ${revision} was altered`);
    }
    if (gone.length === 0) return;
    this.#erasedCommitments ??= await listErasedCommitments(this.#session);
    for (const commitment of gone) {
      const { field, revision } = wanted.get(commitment) ?? { field: 'personal part', revision: 0 };
      if (!this.#erasedCommitments.has(commitment))
        this.#find(`the ${field} of the request of revision ${revision} was removed without an erasure`);
    }
  }
}

function commitmentsIn(facts: unknown): Readonly<Record<string, string>> {
  if (typeof facts !== 'object' || facts === null || !('commitments' in facts)) return {};
  return (facts.commitments ?? {}) as Record<string, string>; // commitArguments wrote it, or its digest is wrong.
}
