/** Waits for the signal to stop, and stops; a second signal ends the process at once. */
import type { Server } from './server.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const SIGNAL_EXIT = 130;

/** Resolves after a clean stop; rejects when the server fails by itself, after what is left was stopped. */
export async function untilStopped(server: Server): Promise<void> {
  let onSignal: () => void = () => {};
  const told = new Promise<void>((resolve) => {
    let isTold = false;
    onSignal = () => {
      if (isTold) process.exit(SIGNAL_EXIT);
      isTold = true;
      resolve();
    };
  });
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    await Promise.race([told, server.failed]);
  } finally {
    await server.stop();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
