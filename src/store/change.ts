/**
 * The change log: what a transaction puts into it, and how it is read and verified.
 *
 * Each change carries the SHA-256 of its canonical JSON (RFC 8785); the database chains those digests by HMAC-SHA256.
 * Personal values stand apart: the log holds only their salted commitments.
 */
import { createHash, createHmac, hash, randomBytes } from 'node:crypto';

import canonicalize from 'canonicalize';
import { sql } from 'kysely';

import type { CredentialRef } from '#store/actor.ts';
import type { Session } from '#store/database.ts';

/** The padded blocks of the HMAC key of the log (RFC 2104), known to a session for as long as it lives. */
export interface ChainKey {
  readonly innerPad: Buffer;
  readonly outerPad: Buffer;
}

/** Where a change came from, as the chain keeps it. */
export interface Origin {
  /** The account of the actor. */
  readonly account: number;
  /** The account that the actor acted as, where it was another. */
  readonly as?: number;
  readonly face: string;
  readonly request?: string;
  /** Salted commitments of what is personal about a request. */
  readonly commitments?: Readonly<Record<string, string>>;
}

/** Who makes the changes of a transaction. Several transactions of one request have the same author. */
export interface Author {
  readonly actor: string;
  /** What the actor's right rests on; null for the system itself. Looked at again as each transaction begins. */
  readonly credential: CredentialRef | null;
  readonly origin: Origin;
  readonly personal: readonly { field: string; value: string; salt: string; commitment: string }[];
}

/** What is known of a request besides its actor. Address and reason are personal. */
export interface RequestFacts {
  readonly face: string;
  readonly request?: string | undefined;
  readonly address?: string | undefined;
  readonly reason?: string | undefined;
}

/** Makes an author, with fresh salts for what is personal. */
export function makeAuthor(
  actor: string,
  account: number,
  as: number | null,
  facts: RequestFacts,
  credential: CredentialRef | null = null,
): Author {
  const { face, request, address, reason } = facts;
  const personal = Object.entries({ address, reason }).flatMap(([field, value]) =>
    value === undefined ? [] : [committed(field, value)],
  );
  const commitments = Object.fromEntries(personal.map(({ field, commitment }) => [field, commitment]));
  return {
    actor,
    credential,
    origin: {
      account,
      ...(as === null ? {} : { as }),
      face,
      ...(request === undefined ? {} : { request }),
      ...(personal.length > 0 ? { commitments } : {}),
    },
    personal,
  };
}

/** Work that nobody asked for: the scheduler, the start, the housekeeping. */
export function systemAuthor(name: string): Author {
  return makeAuthor(name, 0, null, { face: 'system' });
}

/** A change before it is numbered. `entityId` is null for what belongs to no entity, such as a profile. */
export interface NewChange {
  readonly kind: string;
  readonly entityId: number | null;
  /** What happened, as plain JSON without personal values and without secrets. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Every entity whose place, lifecycle, names or holds may be different now. */
  readonly touched: readonly number[];
  readonly personal?: Readonly<Record<string, string>>;
}

const BLOCK_BYTES = 64;

/** Bytes of the secret that a new installation makes for its log. */
export const CHAIN_SECRET_BYTES = 32;

/** The secret of a log that was begun before installations had one of their own: derived from the secret key. */
export function deriveChainSecret(secretKey: Buffer): Buffer {
  return createHmac('sha256', secretKey).update('change log').digest();
}

/** The key of a log whose secret is derived from a secret key. */
export function makeChainKey(secretKey: Buffer): ChainKey {
  return padChainKey(deriveChainSecret(secretKey));
}

/** The pads of the secret of a log, which has at most 64 bytes. */
export function padChainKey(key: Buffer): ChainKey {
  const padded = Buffer.alloc(BLOCK_BYTES);
  key.copy(padded);
  return {
    innerPad: padded.map((byte) => byte ^ 0x36) as Buffer,
    outerPad: padded.map((byte) => byte ^ 0x5c) as Buffer,
  };
}

const SALT_BYTES = 16;

/** The JSON arguments of `commit_changes`: the author and the changes. */
export function commitArguments(author: Author, changes: readonly NewChange[]): [string, string] {
  const { actor, origin, personal } = author;
  return [
    JSON.stringify({ actor, origin, ...(personal.length > 0 ? { personal } : {}) }),
    JSON.stringify(changes.map((change) => changeAsJson(author, change))),
  ];
}

function changeAsJson({ actor, origin }: Author, change: NewChange) {
  const personal = Object.entries(change.personal ?? {}).map(([field, value]) => committed(field, value));
  const facts: Record<string, unknown> = { ...change.facts };
  if (personal.length > 0)
    facts['commitments'] = Object.fromEntries(personal.map(({ field, commitment }) => [field, commitment]));
  const { kind, entityId, touched } = change;
  return {
    kind,
    entity: entityId,
    facts,
    touched,
    digest: digestOf({ actor, origin, kind, entity: entityId, facts, touched }).toString('hex'),
    ...(personal.length > 0 ? { personal: personal.map(({ field, value, salt }) => ({ field, value, salt })) } : {}),
  };
}

function committed(field: string, value: string) {
  const salt = randomBytes(SALT_BYTES);
  return { field, value, salt: salt.toString('hex'), commitment: commitmentOf(salt, value) };
}

/** The salted commitment of a personal value, in hex. */
export function commitmentOf(salt: Buffer, value: string): string {
  return createHash('sha256').update(salt).update(value).digest('hex');
}

/** SHA-256 of the canonical JSON of what a change says. */
export function digestOf(change: {
  readonly actor: string;
  readonly origin: Origin | null;
  readonly kind: string;
  readonly entity: number | null;
  readonly facts: unknown;
  readonly touched: readonly number[];
}): Buffer {
  const { actor, origin, kind, entity, facts, touched } = change;
  const canonical = canonicalize({ actor, entity, facts, kind, touched, ...(origin === null ? {} : { origin }) });
  return hash('sha256', canonical ?? '', 'buffer');
}

/** The next link of the chain, as `commit_changes` computes it. */
export function linkOf(key: ChainKey, former: Buffer, revision: number, at: Date, digest: Buffer): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigInt64BE(BigInt(revision), 0);
  numbers.writeBigInt64BE(BigInt(at.getTime()), 8);
  const inner = createHash('sha256').update(key.innerPad).update(former).update(numbers).update(digest).digest();
  return createHash('sha256').update(key.outerPad).update(inner).digest();
}

export interface Head {
  readonly revision: number;
  readonly epoch: string;
  readonly hash: Buffer;
  readonly last_at: Date | null;
}

/** The counter: the last revision and the epoch. */
export async function getHead(session: Session): Promise<Head> {
  const head = await session.row(
    sql<Head>`select revision, epoch, hash, nullif(last_at, '-infinity') as last_at from change_counter`,
  );
  if (head === null) throw new Error('change_counter has no row: the schema is not migrated');
  return head;
}

/** What a checkpoint outside the database says: where the chain stood. */
export interface Checkpoint {
  readonly revision: number;
  readonly epoch: string;
  readonly hash: string;
  readonly at: string;
}

/** A checkpoint as it lies in a file. */
export interface SignedCheckpoint extends Checkpoint {
  readonly signature: string;
}

/** Signs a checkpoint with the key of the chain (HMAC-SHA256 over its canonical JSON), in hex. */
export function signHead(key: ChainKey, checkpoint: Checkpoint): string {
  const { revision, epoch, hash: link, at } = checkpoint;
  return sign(key, 'checkpoint', { at, epoch, hash: link, revision });
}

/** A span of the log that lies in a file and not in the database any more. Hashes are hex. */
export interface ArchiveRecord {
  readonly first: number;
  readonly last: number;
  /** The link before the first change, and that of the last one. */
  readonly formerHash: string;
  readonly lastHash: string;
  readonly epoch: string;
  readonly count: number;
}

/** Signs the record of an archived span likewise. */
export function signArchive(key: ChainKey, record: ArchiveRecord): string {
  const { first, last, formerHash, lastHash, epoch, count } = record;
  return sign(key, 'archive', { count, epoch, first, formerHash, last, lastHash });
}

function sign(key: ChainKey, what: string, value: object): string {
  const message = Buffer.from(`${what} ${canonicalize(value) ?? ''}`);
  const inner = createHash('sha256').update(key.innerPad).update(message).digest();
  return createHash('sha256').update(key.outerPad).update(inner).digest('hex');
}
