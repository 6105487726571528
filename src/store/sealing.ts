/**
 * Sealing: how a secret that must be shown again lies in the database. AES-256-GCM (NIST SP 800-38D) with a key that is
 * derived from the secret key of the installation by HKDF-SHA-256 (RFC 5869), and a random nonce for each value.
 *
 * A sealed value is bound to its place: moved to another row or column it does not open. It names its key, so that a
 * wrong key is told apart from damage. For a column of a new table, see `sealed-columns.ts`.
 *
 * The bytes: form (1), id of the key (8), nonce (12), ciphertext, tag (16).
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export interface SealingKey {
  /** Says which key it is without giving anything away about it. */
  readonly id: Buffer;
  readonly key: Buffer;
}

/** Where a sealed value lies. */
export interface Place {
  readonly table: string;
  readonly column: string;
  /** The key of the row. */
  readonly row: string | number;
}

/** A sealed value that does not open; the message names the place and nothing of the value. */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly reason: 'other_key' | 'damaged';

  constructor({ table, column, row }: Place, reason: SealError['reason']) {
    const words =
      reason === 'other_key' ? 'is sealed with another secret key' : 'is damaged, or was sealed for another place';
    super(`The value of ${table}.${column} in row ${row} ${words}.`);
    this.reason = reason;
  }
}

const CIPHER = 'aes-256-gcm';
const FORM = 1;
const ID_BYTES = 8;
const KEY_BYTES = 32;
/** The length for which GCM is made; random ones are safe for 2^32 values under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + ID_BYTES;
const SEALED_BYTES_MIN = HEAD_BYTES + NONCE_BYTES + TAG_BYTES;

/** Derives the key from the secret key of the installation. */
export function makeSealingKey(secret: Buffer): SealingKey {
  const derive = (info: string, bytes: number) => Buffer.from(hkdfSync('sha256', secret, '', info, bytes));
  return { id: derive('abeyance sealing key id', ID_BYTES), key: derive('abeyance sealing', KEY_BYTES) };
}

/** Seals a text for a place. */
export function seal(key: SealingKey, place: Place, text: string): Buffer {
  const head = Buffer.concat([Buffer.of(FORM), key.id]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(head, place));
  const inside = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([head, nonce, inside, cipher.getAuthTag()]);
}

/** Opens what was sealed for the place. Throws `SealError`. */
export function open(key: SealingKey, place: Place, sealed: Buffer): string {
  if (sealed.length < SEALED_BYTES_MIN || sealed[0] !== FORM) throw new SealError(place, 'damaged');
  if (!isSealedWith(key, sealed)) throw new SealError(place, 'other_key');
  const nonceEnd = HEAD_BYTES + NONCE_BYTES;
  const decipher = createDecipheriv(CIPHER, key.key, sealed.subarray(HEAD_BYTES, nonceEnd), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(boundTo(sealed.subarray(0, HEAD_BYTES), place));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const inside = decipher.update(sealed.subarray(nonceEnd, -TAG_BYTES));
  try {
    return Buffer.concat([inside, decipher.final()]).toString('utf8');
  } catch {
    throw new SealError(place, 'damaged');
  }
}

/** Whether a value says that it was sealed with this key. Opening it is the proof. */
export function isSealedWith(key: SealingKey, sealed: Buffer): boolean {
  return sealed.subarray(1, HEAD_BYTES).equals(key.id);
}

function boundTo(head: Buffer, { table, column, row }: Place): Buffer {
  return Buffer.concat([head, Buffer.from(JSON.stringify([table, column, String(row)]))]);
}
