/** What goes wrong between us and an application server, sorted by what to do about it. */
import { SystemFailure } from '#systems/http-call.ts';

import type { OciError } from './document.ts';

/** How soon what a person has to put right is tried again, so that putting it right is enough. */
export const SLOW_RETRY_MS = 300_000;

/**
 * Nothing was done, and it is known why. The codes `unreachable`, `timeout`, `overloaded`, `session`, `unavailable` and
 * `credentials` speak of the server as a whole, all others of one target.
 */
export class BroadworksFailure extends SystemFailure {
  readonly code: string;

  constructor(code: string, message: string, again: 'later' | 'never', afterMs?: number) {
    super(message, again, { afterMs });
    this.code = code;
  }
}

/** A request was sent and no answer came: it may have acted. */
export class LostAnswer extends Error {
  override readonly name = 'LostAnswer';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The server does not know our log-in any more; what was asked was not done. */
export class LoggedOut extends Error {
  override readonly name = 'LoggedOut';
}

/** Wrong password, disabled account, missing rights: whoever goes on makes it worse. */
export const LOGIN_CODES: ReadonlySet<number> = new Set([4962, 5202, 5404]);
/** Our document does not fit the release: the same one is refused again. */
export const VALIDATION_CODE = 6004;
export const NOT_ASSIGNED_CODE = 4410;
const TEXT_MAX = 500;

/** An error of the server as a failure. Texts are its own, without what is secret. */
export function failureOf({ number, summary }: OciError, redact: (text: string) => string): BroadworksFailure {
  const text = redact(summary).slice(0, TEXT_MAX);
  // Refusals without a number are those of an overtaxed server.
  if (number === null) return new BroadworksFailure('overloaded', text, 'later');
  const code = `oci_${number}`;
  if (number === VALIDATION_CODE) return new BroadworksFailure(code, text, 'never');
  return new BroadworksFailure(code, text, 'never', SLOW_RETRY_MS);
}

/** Takes each of the secrets out of a text. */
export function makeRedact(secrets: readonly string[]): (text: string) => string {
  const kept = secrets.filter((secret) => secret !== '');
  return (text) => {
    let clean = text;
    for (const secret of kept) clean = clean.replaceAll(secret, '…');
    // A signed password is as good as one until its nonce is gone.
    return clean.replaceAll(/[0-9a-f]{32}/gi, '…');
  };
}
