/** Runs the server for keeps: says where it is, stops cleanly when told. */
import type { ServeOptions } from '#cli/local-commands.ts';

import { readConfiguration } from './configuration.ts';
import { makeLog } from './log.ts';
import { startServer } from './server.ts';
import { hearSignals, untilStopped } from './signals.ts';
import { startWorker } from './worker.ts';
import { readVersion } from './version.ts';

export async function serve(overrides: ServeOptions): Promise<void> {
  const configuration = readConfiguration(process.env, overrides);
  const log = makeLog(configuration.logLevel);
  let reread: (() => Promise<void>) | null = null;
  const signal = hearSignals(configuration.http.tls === null ? undefined : () => void reread?.());
  try {
    const options = { configuration, log, version: await readVersion() };
    const isWorker = configuration.role === 'worker';
    const server = await (isWorker ? startWorker(options) : startServer(options));
    reread = server.rereadCertificate;
    process.stdout.write(
      isWorker
        ? `A worker of Abeyance is at ${server.address}\n`
        : `Abeyance is at ${server.address}, its interactive documentation at ${server.address}/docs\n`,
    );
    if (server.newToken !== null)
      process.stdout.write(
        `The administrator's token, shown this once: ${server.newToken}\nUse it as ABEYANCE_TOKEN, or as Authorization: Bearer <token>.\n`,
      );
    await untilStopped(server, signal);
  } finally {
    signal.release();
  }
}
