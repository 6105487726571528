/**
 * Waits for the signal to stop, and stops; a second signal ends the process at once. With a certificate SIGHUP does not
 * stop: it has the files read again.
 */
import type { Server } from './server.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const SIGNAL_EXIT = 130;

/** Hears signals from when it is made until it is released. */
export interface StopSignal {
  /** Resolves with the first signal. */
  readonly told: Promise<void>;
  readonly isTold: () => boolean;
  readonly release: () => void;
}

/**
 * Hears signals from now on. To be called before anything is started: a process that a signal ends while it starts
 * leaves its database running.
 */
export function hearSignals(onHangup?: () => void): StopSignal {
  const { promise: told, resolve } = Promise.withResolvers<void>();
  let isTold = false;
  const onSignal = () => {
    if (isTold) process.exit(SIGNAL_EXIT);
    isTold = true;
    resolve();
  };
  const handlers = SIGNALS.map((signal) => [signal, (signal === 'SIGHUP' && onHangup) || onSignal] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const release = () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
  return { told, isTold: () => isTold, release };
}

/** Resolves after a clean stop; rejects when the server fails by itself, after what is left was stopped. */
export async function untilStopped(server: Pick<Server, 'failed' | 'stop'>, signal: StopSignal): Promise<void> {
  try {
    await Promise.race([signal.told, server.failed]);
  } finally {
    await server.stop();
  }
}
