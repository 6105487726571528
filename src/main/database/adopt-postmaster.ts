/**
 * When Abeyance is killed its database server runs on. The next start continues with that server if it is just the one
 * that it would start itself, and otherwise stops it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { checkConnection, makeConnectionString } from './check-connection.ts';
import { DatabaseStartError } from './database-start-error.ts';
import { type Postmaster, stopPostmaster, watchFoundPostmaster } from './postmaster.ts';
import { disownPostmasterFile, findPostmasterFile, removePostmasterFile } from './postmaster-file.ts';
import { findProcess } from './running-process.ts';
import type { ServerBinaries } from './server-binaries.ts';
import { findStoredSettings, renderSettings, type ServerSettings } from './server-settings.ts';
import type { StartLog } from './start-log.ts';

/** A healthy server answers at once. One that still recovers is quicker to start anew than to wait for in doubt. */
const ANSWER_WAIT_MAX_MS = 10_000;
const RETRY_DELAY_MS = 100;

/** Gives the running server of the cluster, or null when there is none any more and one can be started. */
export async function adoptPostmaster(options: {
  cluster: string;
  binaries: ServerBinaries;
  settings: ServerSettings;
  password: string;
  log: StartLog;
}): Promise<(Postmaster & { port: number }) | null> {
  const { cluster, binaries, settings, password, log } = options;
  const file = await findPostmasterFile(cluster);
  if (file === null) {
    // PostgreSQL refuses to start over an empty or damaged file. Holding the lock we know that nobody is writing it.
    await removePostmasterFile(cluster);
    return null;
  }
  const found = await findProcess(file.pid);
  if (found === null || !isServerOf(cluster, found.commandLine)) {
    await disownPostmasterFile(cluster);
    return null;
  }
  const postmaster = watchFoundPostmaster(found);
  if (found.commandLine.startsWith(`${binaries.postgres} `) && (await hasSettings(cluster, settings))) {
    const port = await waitForAnswer(cluster, file.pid, password);
    if (port !== null) {
      log.info({ pid: file.pid, port }, 'continuing with the database server that an earlier Abeyance left running');
      return { ...postmaster, port };
    }
  }
  log.warn({ pid: file.pid }, 'stopping the database server that an earlier Abeyance left running');
  await stopPostmaster(postmaster);
  return null;
}

/** Whether a process with this command line is a server on the cluster. */
export function isServerOf(cluster: string, commandLine: string): boolean {
  return commandLine.includes('postgres -D ') && `${commandLine} `.includes(` ${cluster} `);
}

async function hasSettings(cluster: string, settings: ServerSettings): Promise<boolean> {
  const stored = await findStoredSettings(cluster);
  return stored !== null && stored.port !== null && stored.text === renderSettings(stored.port, settings);
}

async function waitForAnswer(cluster: string, pid: number, password: string): Promise<number | null> {
  const deadline = Date.now() + ANSWER_WAIT_MAX_MS;
  while (Date.now() < deadline) {
    const file = await findPostmasterFile(cluster);
    if (file === null || file.pid !== pid) return null;
    if (file.isReady && file.port !== null) {
      try {
        await checkConnection(makeConnectionString(file.port, password), cluster);
        return file.port;
      } catch (error) {
        if (error instanceof DatabaseStartError) throw error;
      }
    }
    await sleep(RETRY_DELAY_MS); // The server writes its state to the file and tells nobody.
  }
  return null;
}
