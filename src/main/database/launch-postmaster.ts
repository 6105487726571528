/**
 * Starts the database server and waits until it answers. When that fails no server is left running.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { checkConnection, makeConnectionString } from './check-connection.ts';
import { DatabaseStartError } from './database-start-error.ts';
import { chooseFreePort } from './free-port.ts';
import { endsWithin, type Postmaster, type ServerExit, stopPostmaster } from './postmaster.ts';
import { findPostmasterFile } from './postmaster-file.ts';
import { serverProcessOptions } from './run-server-program.ts';
import type { ServerBinaries } from './server-binaries.ts';
import { openServerLog, readLastLogLines } from './server-log.ts';
import {
  FIXED_SETTINGS,
  findStoredSettings,
  renderSettings,
  type ServerSettings,
  storeSettings,
} from './server-settings.ts';
import type { ServerUser } from './server-user.ts';
import type { StartLog } from './start-log.ts';

export type LaunchOptions = {
  dataFolder: string;
  cluster: string;
  binaries: ServerBinaries;
  user: ServerUser;
  settings: ServerSettings;
  password: string;
  log: StartLog;
};

/** Recovering the two gigabytes of log that `max_wal_size` allows takes minutes on a slow disk. */
const READY_WAIT_MAX_MS = 10 * 60_000;
const READY_POLL_MS = 20;
/** A port may be taken between our look and the server's, and processes of a killed server need a moment to end. */
const ATTEMPTS_MAX = 3;
const ATTEMPT_DELAY_MS = 1_000;

export async function launchPostmaster(options: LaunchOptions): Promise<Postmaster & { port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await settlePort(options);
    const postmaster = await spawnPostmaster(options);
    try {
      if (await waitUntilReady(options.cluster, postmaster)) {
        await checkConnection(makeConnectionString(port, options.password), options.cluster);
        return { pid: postmaster.pid, exited: postmaster.exited, port };
      }
      const words = await postmaster.lastWords();
      if (attempt === ATTEMPTS_MAX) {
        throw new DatabaseStartError(`The database server on ${options.cluster} ended while starting:\n${words}`);
      }
      options.log.warn({ attempt, words }, 'the database server ended while starting; trying again');
    } catch (error) {
      await stopPostmaster(postmaster);
      throw error;
    }
    await endsWithin(postmaster, ATTEMPT_DELAY_MS);
  }
}

async function settlePort({ cluster, settings, user, log }: LaunchOptions): Promise<number> {
  const storedPort = (await findStoredSettings(cluster))?.port ?? null;
  const port = await chooseFreePort(storedPort);
  if (storedPort !== null && port !== storedPort) {
    log.warn(
      { storedPort, port },
      'the port of the database is taken by another process; using another one from now on',
    );
  }
  await storeSettings(cluster, renderSettings(port, settings), user);
  return port;
}

async function spawnPostmaster(options: LaunchOptions): Promise<Postmaster & { lastWords(): Promise<string> }> {
  const { dataFolder, cluster, binaries, user } = options;
  const fixed = Object.entries(FIXED_SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const serverLog = await openServerLog(dataFolder);
  try {
    const child = spawn(binaries.postgres, ['-D', cluster, ...fixed], {
      ...serverProcessOptions(user, cluster),
      // A process group of its own: Ctrl-C is for Abeyance, which stops the server when it has finished its work.
      detached: true,
      stdio: ['ignore', serverLog.file.fd, serverLog.file.fd],
    });
    const exited = new Promise<ServerExit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error('A process that has been spawned has no pid.');
    return { pid: child.pid, exited, lastWords: () => readLastLogLines(serverLog) };
  } finally {
    await serverLog.file.close();
  }
}

/** Gives false when the server has ended. */
async function waitUntilReady(cluster: string, postmaster: Postmaster): Promise<boolean> {
  const deadline = Date.now() + READY_WAIT_MAX_MS;
  while (Date.now() < deadline) {
    const file = await findPostmasterFile(cluster);
    if (file?.pid === postmaster.pid && file.isReady) return true;
    if (await endsWithin(postmaster, READY_POLL_MS)) return false;
  }
  throw new DatabaseStartError(
    `The database server on ${cluster} was not ready after ${READY_WAIT_MAX_MS / 60_000} minutes.`,
  );
}
