/**
 * Work that must not hang: it gets a signal, and whoever waits for it goes on when the time is over, whether the work
 * listens to the signal or not.
 */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Starts the time again: something has come. */
  readonly renew: () => void;
}

/** Runs the work until it ends, `quietMs` pass without a sign of it, or `stop` is aborted. */
export async function withDeadline<T>(
  what: string,
  stop: AbortSignal,
  quietMs: number,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const expire = () => controller.abort(new Error(`${what} gave nothing for ${quietMs} ms`));
  const end = () => controller.abort(new Error(`${what} was stopped`));
  let isOver = false;
  let timer = setTimeout(expire, quietMs);
  const renew = () => {
    clearTimeout(timer);
    if (!isOver && !controller.signal.aborted) timer = setTimeout(expire, quietMs);
  };
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  try {
    return await Promise.race([rejectionOf(controller.signal), work({ signal: controller.signal, renew })]);
  } finally {
    isOver = true;
    clearTimeout(timer);
    stop.removeEventListener('abort', end);
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(signal.reason as Error); // aborted with an Error above
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
