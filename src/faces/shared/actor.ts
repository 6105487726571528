/** How a face learns who asks. The check itself is the server's; a face only carries the credential to it. */
import { problem } from '#core/problem.ts';
import type { Actor } from '#operations/context.ts';

/** Answers the actor of a bearer token, or null. */
export type Authenticate = (token: string) => Actor | null;

const BEARER = /^Bearer ([\w.~+/-]{1,512}=*)$/i;

/** The actor of an `Authorization: Bearer` header (RFC 6750 section 2.1), or `unauthenticated`. */
export function requireActor(authenticate: Authenticate, header: string | undefined): Actor {
  const token = header === undefined ? null : (BEARER.exec(header)?.[1] ?? null);
  const actor = token === null ? null : authenticate(token);
  if (actor === null)
    throw problem('unauthenticated', 'Send the header Authorization: Bearer <token> with a valid token.');
  return actor;
}
