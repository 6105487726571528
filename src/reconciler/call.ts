/** One call of a driver: it ends in time, whatever the driver does, and every way in which it can end is an outcome. */
import type { Json } from '#core/field.ts';
import type { Order, Outcome, SystemDriver } from '#systems/system.ts';

/** A driver that does not end when it is told to is left behind after this. */
const DEAF_MS = 1_000;

export interface CallOf {
  readonly driver: SystemDriver;
  readonly order: Order;
  readonly timeoutMs: number;
  readonly slot: number;
  /** Aborted when the process stops. */
  readonly stopping: AbortSignal;
  readonly keep: (value: Json) => Promise<void>;
  readonly onBug: (error: unknown) => void;
}

export async function callDriver({ driver, order, timeoutMs, slot, stopping, keep, onBug }: CallOf): Promise<Outcome> {
  const cut = new AbortController();
  const abort = () => cut.abort(new DOMException('the process stops', 'AbortError'));
  stopping.addEventListener('abort', abort);
  const timer = setTimeout(
    () => cut.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError')),
    timeoutMs,
  );
  let deaf: NodeJS.Timeout | undefined;
  const isLeft = new Promise<Outcome>((resolve) => {
    cut.signal.addEventListener('abort', () => {
      deaf = setTimeout(() => resolve(silence(stopping)), DEAF_MS);
    });
  });
  if (stopping.aborted) abort();
  try {
    return await Promise.race([driver.converge(order, { signal: cut.signal, timeoutMs, slot, keep }), isLeft]);
  } catch (error) {
    if (cut.signal.aborted) return silence(stopping);
    return thrownAsOutcome(error, onBug);
  } finally {
    clearTimeout(timer);
    clearTimeout(deaf);
    stopping.removeEventListener('abort', abort);
  }
}

function silence(stopping: AbortSignal): Outcome {
  return stopping.aborted
    ? { type: 'unknown', code: 'stopped', detail: 'The worker was stopped before the answer came.' }
    : { type: 'unknown', code: 'timeout', detail: 'No answer came in time.' };
}

/** What a driver threw. A failure that it names as one is known by its name, since this room knows drivers by type alone. */
function thrownAsOutcome(error: unknown, onBug: (error: unknown) => void): Outcome {
  if (error instanceof Error && error.name === 'SystemFailure') {
    const isFinal = 'again' in error && error.again === 'never';
    const code = 'code' in error && typeof error.code === 'string' ? error.code : isFinal ? 'refused' : 'unreachable';
    const detail = error.message;
    if ('isUnanswered' in error && error.isUnanswered === true) return { type: 'unknown', code, detail };
    const afterMs = 'afterMs' in error && typeof error.afterMs === 'number' ? error.afterMs : undefined;
    return { type: isFinal ? 'never' : 'later', code, detail, afterMs };
  }
  onBug(error);
  // It may have acted before it failed.
  return { type: 'unknown', code: 'bug', detail: 'The driver failed in a way that it should not; it is logged.' };
}

/**
 * What the work comes to, or the reason of the signal: a driver that does not end a moment after it is left behind, so that it
 * holds up nobody who waits for it.
 */
export async function unlessDeaf<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  let deaf: NodeJS.Timeout | undefined;
  const abort = () => {
    deaf = setTimeout(() => reject(signal.reason), DEAF_MS);
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(deaf);
    signal.removeEventListener('abort', abort);
  }
}
