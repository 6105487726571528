/** Where a server is asked whether it answers at all, and what it said. */
import { SystemFailure } from '#systems/http-call.ts';

export interface ProbePlace {
  readonly host: string;
  readonly port: number;
}

/** A server that is well answers at once. */
export const PROBE_TIMEOUT_MS = 3_000;

export function silent({ host, port }: ProbePlace): SystemFailure {
  return new SystemFailure(`${host}:${port} did not answer within ${PROBE_TIMEOUT_MS} ms`, 'later');
}

export function unreachable({ host, port }: ProbePlace, error: Error & { readonly code?: string }): SystemFailure {
  return new SystemFailure(`${host}:${port} cannot be reached (${error.code ?? error.message})`, 'later');
}
