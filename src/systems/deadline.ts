/** The end of the time in which an order begins something new: what is left is told by the next try. */

/** The rest is for the request that runs then, and for recording what was done. */
const SHARE = 0.6;

/** Tells whether most of the time of an order has passed, counted from now. */
export function deadlineOf(timeoutMs: number): () => boolean {
  const untilMs = performance.now() + timeoutMs * SHARE;
  return () => performance.now() > untilMs;
}
