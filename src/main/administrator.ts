/**
 * The first administrator: a bearer token, known to the database by its digest alone.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

import { type Actor, platformActor } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { getInstallation, setAdminTokenDigest } from '#store/installation.ts';

const ADMINISTRATOR: Actor = platformActor('token:admin', { face: 'native' });
const TOKEN_BYTES = 32;

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** Answers for the token of the first administrator; null for any other. */
export type KnowToken = (token: string) => Actor | null;

export interface Administrator {
  readonly knows: KnowToken;
  /** The token that was made just now, to be shown once; null when there was one. */
  readonly newToken: string | null;
}

/** Takes the token of the configuration, or the one that the installation has, or makes one. */
export async function prepareAdministrator(session: Session, configured: string | undefined): Promise<Administrator> {
  const made = configured === undefined ? randomBytes(TOKEN_BYTES).toString('base64url') : null;
  const wasSet = await setAdminTokenDigest(session, digestOf(configured ?? made ?? ''), configured === undefined);
  const { admin_token_digest: digest } = await getInstallation(session);
  if (digest === null) throw new Error('the digest was just set');
  return { knows: authenticator(digest), newToken: wasSet ? made : null };
}

/** The longest token that is remembered, in bytes; for a longer one its digest is made each time. */
const REMEMBERED_MAX = 512;
const LENGTH_BYTES = 2;

/**
 * Answers for one token, in a time that tells nothing about it. A digest for each request would cost a tenth of a
 * decision, so the right token is remembered once it was seen: the digest guards the database, while through the memory
 * of this process every token passes anyway.
 */
export function authenticator(digest: Buffer): KnowToken {
  const given = Buffer.alloc(LENGTH_BYTES + REMEMBERED_MAX);
  let remembered: Buffer | null = null;
  return (token) => {
    const length = Buffer.byteLength(token);
    const fits = length <= REMEMBERED_MAX;
    if (fits) {
      given.fill(0).writeUInt16LE(length);
      given.write(token, LENGTH_BYTES);
      if (remembered !== null && timingSafeEqual(given, remembered)) return ADMINISTRATOR;
    }
    if (!timingSafeEqual(digestOf(token), digest)) return null;
    if (fits) remembered = Buffer.from(given);
    return ADMINISTRATOR;
  };
}

/** Answers for the configured token while the database is away. */
export function offlineAuthenticator(configured: string | undefined): KnowToken {
  return configured === undefined ? () => null : authenticator(digestOf(configured));
}
