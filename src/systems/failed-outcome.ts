/** What became of a call when a system failed. */
import { CredentialsRefused, SystemFailure } from './http-call.ts';
import type { Outcome } from './system.ts';

/** Throws again whatever is no failure of the system: a bug, or an order that was given up. */
export function failedOutcome(error: unknown): Outcome {
  if (!(error instanceof SystemFailure)) throw error;
  const code =
    error.again === 'later' ? 'unavailable' : error instanceof CredentialsRefused ? 'credentials' : 'refused';
  return { type: error.again, code, detail: error.message, afterMs: error.afterMs };
}
