/**
 * The first administrator: a bearer token, known to the database by its digest alone.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { PLATFORM_ID } from '#core/ids.ts';
import type { Authenticate } from '#faces/shared/actor.ts';
import type { Actor } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import { getInstallation, setAdminTokenDigest } from '#store/installation.ts';

const ADMINISTRATOR: Actor = { name: 'token:admin', accountId: PLATFORM_ID, authority: 'platform' };
const TOKEN_BYTES = 32;

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export interface Administrator {
  readonly authenticate: Authenticate;
  /** The token that was made just now, to be shown once; null when there was one. */
  readonly newToken: string | null;
}

/** Takes the token of the configuration, or the one that the installation has, or makes one. */
export async function prepareAdministrator(session: Session, configured: string | undefined): Promise<Administrator> {
  const made = configured === undefined ? randomBytes(TOKEN_BYTES).toString('base64url') : null;
  const wasSet = await setAdminTokenDigest(session, digestOf(configured ?? made ?? ''), configured === undefined);
  const { admin_token_digest: digest } = await getInstallation(session);
  if (digest === null) throw new Error('the digest was just set');
  return { authenticate: authenticator(digest), newToken: wasSet ? made : null };
}

/** Answers for one token, in a time that does not depend on what was sent. */
export function authenticator(digest: Buffer): Authenticate {
  return (token) => (timingSafeEqual(digestOf(token), digest) ? ADMINISTRATOR : null);
}

/** Answers for the configured token while the database is away. */
export function offlineAuthenticator(configured: string | undefined): Authenticate {
  return configured === undefined ? () => null : authenticator(digestOf(configured));
}
