/** How many targets are claimed at once: as much as can begin within a moment, learnt from how long the last batch lasted. */

export const BATCH_MAX = 1_000;
/** A batch that lasted less is doubled, one that lasted more than four times as long is halved. */
const BATCH_LASTS_MS = 500;

export class BatchSize {
  #claimedAtMs = -Infinity;
  /** The last one; 0 while there was little to do. */
  size = 0;

  next(nowMs: number, least: number): number {
    const lastedMs = nowMs - this.#claimedAtMs;
    this.#claimedAtMs = nowMs;
    if (lastedMs < BATCH_LASTS_MS) this.size *= 2;
    else if (lastedMs > 4 * BATCH_LASTS_MS) this.size /= 2;
    this.size = Math.min(BATCH_MAX, Math.max(least, Math.round(this.size)));
    return this.size;
  }
}
