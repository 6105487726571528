/**
 * What is known of a Restcomm-Connect dump while it is read: which SIDs it has where, how its accounts hang together.
 *
 * Rows themselves are not kept; tables are joined by this index, a few hundred bytes for each account and some dozens
 * for everything else.
 */
import { uuidOfSid } from '#core/sid.ts';
import { type CsvRow, csvRows, isBad } from './csv-rows.ts';
import { badLine, type BadLine, type OpenText, type Parsed } from './parsed.ts';
import { RESTCOMM_TABLES, type RestcommFiles, type RestcommTable, shapeOf } from './restcomm-tables.ts';

export interface RestcommOptions {
  readonly open: OpenText;
  /** Beneath which accounts without a parent, and organizations, are made; null for the platform. */
  readonly parent: string | null;
  /** The SIP domain of what has no organization. */
  readonly domain: string | null;
  /** The number provider that has the numbers that are not of SIP alone. */
  readonly provider: string | null;
  /** Whether an account gets a hold of its own where its parent has one of the same word. */
  readonly hasOwnHolds: boolean;
  /** Told of what was taken over otherwise than it stands in the dump. */
  readonly onNote: (file: string, line: number, text: string) => void;
  /** Told of each part of the work as it begins. */
  readonly onPart: (part: string) => void;
}

export interface DumpedAccount {
  readonly sid: string;
  readonly line: number;
  readonly parent: string | null;
  readonly organization: string | null;
  readonly word: AccountWord;
  /** Whether it was sent, or refused for itself. */
  state: 'waiting' | 'sent' | 'bad';
}

export interface DumpedOrganization {
  readonly line: number;
  readonly isClosed: boolean;
  /** How many accounts of it are not closed. */
  accounts: number;
}

export const ACCOUNT_WORDS = ['active', 'suspended', 'closed', 'inactive', 'uninitialized'] as const;
export type AccountWord = (typeof ACCOUNT_WORDS)[number];

/** Above any number of lines of one file. */
const LINES = 2 ** 40;

/** The index of a dump. */
export class Dump {
  readonly files: RestcommFiles;
  readonly options: RestcommOptions;
  /** By UUID. */
  readonly accounts = new Map<string, DumpedAccount>();
  readonly organizations = new Map<string, DumpedOrganization>();
  readonly #places = new Map<string, number>();
  /** Which things other than accounts end closed. */
  readonly #closed = new Set<string>();

  constructor(files: RestcommFiles, options: RestcommOptions) {
    this.files = files;
    this.options = options;
  }

  /**
   * The rows of a table, and its bad lines if they are `told` here: a table that is read again tells them once. Nothing
   * for a table that is not there.
   */
  async *rows(table: RestcommTable, told: 'told' | 'passed over'): AsyncGenerator<CsvRow | { bad: BadLine }> {
    const file = this.files[table];
    if (file === undefined) return;
    for await (const row of csvRows(file, this.options.open, shapeOf(table)))
      if (!isBad(row) || told === 'told') yield row;
  }

  fileOf(table: RestcommTable): string {
    return this.files[table] ?? table;
  }

  bad(table: RestcommTable, line: number, reason: string): Parsed {
    return badLine(this.fileOf(table), line, reason);
  }

  note(table: RestcommTable, line: number, text: string): void {
    this.options.onNote(this.fileOf(table), line, text);
  }

  /** Takes a row's SID as a UUID, or says what is wrong with it. Everything has one name here, whatever its prefix. */
  claim(table: RestcommTable, row: CsvRow): { readonly id: string } | { readonly wrong: string } {
    const sid = row.get('sid');
    const id = uuidOfSid(sid);
    if (id === null) return { wrong: `sid must be two letters and 32 letters or digits, not "${sid}"` };
    const place = this.#places.get(id);
    if (place !== undefined) {
      const other = RESTCOMM_TABLES[Math.floor(place / LINES)] ?? table;
      return {
        wrong: `sid ${sid} is there already, by ${this.fileOf(other)}:${place % LINES}: the digits alone tell things apart here, whatever two letters come before`,
      };
    }
    this.#places.set(id, RESTCOMM_TABLES.indexOf(table) * LINES + row.line);
    return { id };
  }

  /** Whether a SID is that of a thing in a table that was read. */
  has(table: RestcommTable, id: string): boolean {
    const place = this.#places.get(id);
    return place !== undefined && Math.floor(place / LINES) === RESTCOMM_TABLES.indexOf(table);
  }

  /** Whether an account is closed, by itself or by an account above. */
  isAccountClosed(id: string): boolean {
    for (let next: string | null = id; next !== null;) {
      const account = this.accounts.get(next);
      if (account === undefined) return false;
      if (account.word === 'closed') return true;
      next = account.parent;
    }
    return false;
  }

  /** Remembers that a thing ends closed, since its account does. */
  noteClosed(id: string): void {
    this.#closed.add(id);
  }

  /** Whether the dump itself has it closed, so that a closed one on the server is the same. */
  endsClosed(id: string): boolean {
    return this.#closed.has(id) || this.organizations.get(id)?.isClosed === true || this.isAccountClosed(id);
  }

  /** The SIP domain in which an account has its clients and numbers; null when nobody said. */
  domainOf(account: DumpedAccount | undefined, organization: string | null = null): string | null {
    const { domain } = this.options;
    return organization ?? account?.organization ?? (domain === null ? null : `sip:${domain}`);
  }

  /** What contains organizations, and accounts without a parent. */
  get container(): string | 0 {
    return this.options.parent ?? 0;
  }
}
