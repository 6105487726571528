/** The hand-over of certificates to APS endpoints, as operations ask for it. */
import { problem } from '#core/problem.ts';
import type { HandOver } from '#operations/systems/hand-over.ts';
import { handOver } from '#systems/aps/hand-over.ts';
import { SystemFailure } from '#systems/http-call.ts';

/** Somebody waits for it, and an endpoint may work on it for a while. */
const PATIENCE_MS = 120_000;

export const handOverNow: HandOver = async (system, { timeoutMs, fingerprint }) => {
  try {
    return await handOver(system, { signal: AbortSignal.timeout(PATIENCE_MS), timeoutMs, fingerprint });
  } catch (error) {
    if (error instanceof SystemFailure)
      throw problem(error.again === 'later' ? 'unavailable' : 'conflict', error.message);
    throw error;
  }
};
