/**
 * A running PostgreSQL server, whether this process started it or found it: how to wait for its end and how to stop it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { hasErrorCode } from './database-start-error.ts';
import { findProcess, type RunningProcess } from './running-process.ts';

export type ServerExit = { code: number | null; signal: NodeJS.Signals | null };

export type Postmaster = { pid: number; exited: Promise<ServerExit> };

/** Enough for the last checkpoint on a slow disk; after it the next start has to recover from the log instead. */
const FAST_SHUTDOWN_MAX_MS = 20_000;
/** An immediate shutdown kills what has not ended after five seconds. */
const IMMEDIATE_SHUTDOWN_MAX_MS = 15_000;
/** How late the end of a server that is not our child may be noticed. */
const FOUND_SERVER_POLL_MS = 250;

/** A server that is not our child. The promise alone does not keep the process running. */
export function watchFoundPostmaster(found: RunningProcess): Postmaster {
  const watch = async (): Promise<ServerExit> => {
    while ((await findProcess(found.pid))?.startMark === found.startMark) {
      await sleep(FOUND_SERVER_POLL_MS, undefined, { ref: false }); // Nobody is told when a foreign process ends.
    }
    return { code: null, signal: null };
  };
  return { pid: found.pid, exited: watch() };
}

/** Shuts the server down and waits until it is gone; connections are cut, transactions rolled back. */
export async function stopPostmaster(postmaster: Postmaster): Promise<void> {
  for (const [signal, waitMaxMs] of [
    ['SIGINT', FAST_SHUTDOWN_MAX_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_MAX_MS],
  ] as const) {
    if (await endsWithin(postmaster, 0)) return;
    try {
      process.kill(postmaster.pid, signal);
    } catch (error) {
      if (!hasErrorCode(error, 'ESRCH')) throw error;
    }
    if (await endsWithin(postmaster, waitMaxMs)) return;
  }
  throw new Error(`The database server (pid ${postmaster.pid}) did not stop.`);
}

/** Gives false when the server still runs after the time. */
export async function endsWithin(postmaster: Postmaster, waitMaxMs: number): Promise<boolean> {
  const timer = new AbortController();
  const timeout = sleep(waitMaxMs, false, { signal: timer.signal }).catch(() => false);
  const ended = postmaster.exited.then(() => true);
  return Promise.race([ended, timeout]).finally(() => timer.abort());
}
