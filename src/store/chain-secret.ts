/**
 * The secret of the change log: random, the installation's own, and sealed with its secret key, so that the secret key
 * can be replaced and the log still be verified. Opening it is also the proof that a secret key is the right one.
 */
import { randomBytes } from 'node:crypto';

import { sql } from 'kysely';
import type pg from 'pg';

import { type Problem, problem } from '#core/problem.ts';
import { borrowConnection } from '#store/borrow-connection.ts';
import {
  CHAIN_SECRET_BYTES,
  type ChainKey,
  deriveChainSecret,
  linkOf,
  makeChainKey,
  padChainKey,
} from '#store/change.ts';
import { Session } from '#store/database.ts';
import { CHAIN_SECRET, READ_BY_KEY, writeSealed } from '#store/sealed-columns.ts';
import { type Place, type SealingKey, isSealedWith, makeSealingKey, open, seal } from '#store/sealing.ts';
import { sealUnsealed } from '#store/unsealed.ts';

/** The refusal of a secret key that is not the one of the database. */
export function wrongSecretKey(): Problem {
  return problem(
    'conflict',
    'The secret key does not fit the database: bring back the secret.key or the ABEYANCE_SECRET_KEY with which it was ' +
      'last started.',
  );
}

/**
 * Finds which of some secret keys the installation is sealed with; null when nothing tells, as before the first start.
 * Waits for a rotation that is being committed, unless it looks at a snapshot. Throws `conflict` when it is none of them.
 * Changes nothing.
 */
export async function findSecretInForce(
  session: Session,
  secrets: readonly Buffer[],
  sees: 'now' | 'snapshot' = 'now',
): Promise<Buffer | null> {
  const known = await session.row(
    sql<{ log: boolean; sealed: boolean }>`select to_regclass('change') is not null as log,
        exists (select from pg_attribute where attrelid = to_regclass('installation')
          and attname = ${CHAIN_SECRET.column} and not attisdropped) as sealed`,
  );
  const stored = known?.sealed ? await readStored(session, sees === 'now' ? 'share' : 'none') : null;
  if (stored?.sealed) {
    const { place, sealed } = stored;
    const found = secrets.find((secret) => isSealedWith(makeSealingKey(secret), sealed));
    if (found === undefined) throw wrongSecretKey();
    open(makeSealingKey(found), place, sealed);
    return found;
  }
  const link = known?.log ? await findLastLink(session) : null;
  if (link === null) return null;
  // The log was begun when its key was derived from the secret key.
  const found = secrets.find((secret) => isLinkOf(makeChainKey(secret), link));
  if (found === undefined) throw wrongSecretKey();
  return found;
}

export interface OpenedSecrets {
  readonly chainKey: ChainKey;
  readonly sealingKey: SealingKey;
  /** How many values were sealed that an earlier version had stored as they were. */
  readonly sealed: number;
}

/**
 * Opens the secret of the log, and makes it at the first start; of processes that start at once all get the same. The
 * log of an earlier version keeps the secret that it was begun with. Throws `conflict` for a wrong secret key.
 */
export function openSecrets(pool: pg.Pool, secret: Buffer): Promise<OpenedSecrets> {
  return borrowConnection(pool, undefined, async (client) => {
    const session = new Session(client);
    await client.query('begin');
    await client.query(READ_BY_KEY);
    const stored = await readStored(session, 'update');
    await findSecretInForce(session, [secret]);
    const sealingKey = makeSealingKey(secret);
    let { sealed } = stored;
    if (sealed === null) {
      const isBegun = (await findLastLink(session)) !== null;
      sealed = await writeChainSecret(session, sealingKey, isBegun ? deriveChainSecret(secret) : makeChainSecret());
    }
    const chainKey = padChainKey(Buffer.from(open(sealingKey, stored.place, sealed), 'hex'));
    const count = await sealUnsealed(session, sealingKey);
    await client.query('commit');
    return { chainKey, sealingKey, sealed: count };
  });
}

/**
 * Gives the log another secret where it has none, or where nobody can open the one that it has. What was chained before
 * can never be verified again.
 */
export async function replaceChainSecret(session: Session, secret: Buffer): Promise<void> {
  const { sealed } = await readStored(session, 'none');
  const sealingKey = makeSealingKey(secret);
  if (sealed === null || !isSealedWith(sealingKey, sealed))
    await writeChainSecret(session, sealingKey, makeChainSecret());
}

function makeChainSecret(): Buffer {
  return randomBytes(CHAIN_SECRET_BYTES);
}

async function writeChainSecret(session: Session, sealingKey: SealingKey, chainSecret: Buffer): Promise<Buffer> {
  const { place } = await readStored(session, 'none');
  const sealed = seal(sealingKey, place, chainSecret.toString('hex'));
  await writeSealed(session, CHAIN_SECRET, [{ row: String(place.row), sealed }]);
  return sealed;
}

interface Stored {
  readonly place: Place;
  readonly sealed: Buffer | null;
}

const ROW_LOCK = { none: sql``, share: sql`for share`, update: sql`for update` } as const;

async function readStored(session: Session, lock: keyof typeof ROW_LOCK): Promise<Stored> {
  const row = await session.row(
    sql<{ id: string; sealed: Buffer | null }>`select id::text, chain_secret_sealed as sealed from installation
      ${ROW_LOCK[lock]}`,
  );
  if (row === null) throw new Error('installation has no row: the schema is not migrated');
  return { place: { table: CHAIN_SECRET.table, column: CHAIN_SECRET.column, row: row.id }, sealed: row.sealed };
}

interface Link {
  readonly revision: number;
  readonly at: Date;
  readonly digest: Buffer;
  readonly hash: Buffer;
  readonly former: Buffer;
}

const GENESIS = Buffer.alloc(32);

/** The newest link of the chain, with the one before; null for an empty log. */
async function findLastLink(session: Session): Promise<Link | null> {
  return session.row(
    sql<Link>`select c.revision, c.at, c.digest, c.hash, coalesce(f.hash, ${GENESIS}::bytea) as former
      from change_counter n join change c on c.revision = n.revision left join change f on f.revision = n.revision - 1`,
  );
}

function isLinkOf(key: ChainKey, { former, revision, at, digest, hash }: Link): boolean {
  return linkOf(key, former, revision, at, digest).equals(hash);
}
