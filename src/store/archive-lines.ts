/** An archived span of the log as lines: a signed header, then each change; checked line by line as it is read. */
import { type ArchiveRecord, type ChainKey, type Origin, digestOf, linkOf, signArchive } from '#store/change.ts';
import type { ChangeLink } from '#store/audit-chain.ts';

export const ARCHIVE_FORMAT = 'abeyance changes';

interface Header extends ArchiveRecord {
  readonly format: string;
  readonly signature: string;
}

interface Line {
  readonly revision: number;
  readonly at: string;
  readonly actor: string;
  readonly origin: Origin | null;
  readonly kind: string;
  readonly entity: number | null;
  readonly facts: unknown;
  readonly touched: number[];
  readonly digest: string;
  readonly hash: string;
}

/** The header of a file. */
export function headerLine(key: ChainKey, record: ArchiveRecord): string {
  return JSON.stringify({ format: ARCHIVE_FORMAT, ...record, signature: signArchive(key, record) } satisfies Header);
}

/** The line of a change; personal values are not archived. */
export function changeLine(link: ChangeLink): string {
  const { revision, at, actor, origin, kind, entity_id: entity, facts, touched, digest, hash } = link;
  return JSON.stringify({
    revision,
    at: at.toISOString(),
    actor,
    origin,
    kind,
    entity,
    facts,
    touched,
    digest: digest.toString('hex'),
    hash: hash.toString('hex'),
  } satisfies Line);
}

/** Reads a file from its header to its end; each method answers what is wrong, or null. */
export class ChainReader {
  readonly #key: ChainKey;
  #header: Header | null = null;
  #former = Buffer.alloc(0) as Buffer;
  #revision = 0;

  constructor(key: ChainKey) {
    this.#key = key;
  }

  take(line: string): string | null {
    if (this.#header === null) return this.#open(JSON.parse(line) as Header); // judged at once
    const change = JSON.parse(line) as Line; // what is wrong in it does not fit its digest
    if (change.revision !== this.#revision + 1) return `revision ${this.#revision + 1} is missing in its file`;
    const digest = digestOf(change);
    const link = linkOf(this.#key, this.#former, change.revision, new Date(change.at), digest);
    if (digest.toString('hex') !== change.digest || link.toString('hex') !== change.hash)
      return `revision ${change.revision} was altered in its file`;
    this.#former = link;
    this.#revision = change.revision;
    return null;
  }

  /** The whole against its record. */
  finish(record: ArchiveRecord): string | null {
    const header = this.#header;
    if (header === null) return 'its file is empty';
    if (signArchive(this.#key, header) !== signArchive(this.#key, record)) return 'its file is that of another span';
    if (this.#revision !== record.last || this.#former.toString('hex') !== record.lastHash)
      return `its file ends with revision ${this.#revision}`;
    return null;
  }

  #open(header: Header): string | null {
    if (header.format !== ARCHIVE_FORMAT) return 'its file is no archive of changes';
    if (signArchive(this.#key, header) !== header.signature) return 'the header of its file is not signed';
    this.#header = header;
    this.#former = Buffer.from(header.formerHash, 'hex');
    this.#revision = header.first - 1;
    return null;
  }
}
