/** The demonstration: a server on fresh data, the sample operator in it, and the story of one suspension. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeClient } from '#cli/client.ts';
import { playStory } from '#cli/demo-story.ts';
import { importPaths } from '#cli/import-paths.ts';
import { processTerminal } from '#cli/process-terminal.ts';

import { readConfiguration } from './configuration.ts';
import { makeLog } from './log.ts';
import { type Server, startServer } from './server.ts';
import { type StopSignal, hearSignals, untilStopped } from './signals.ts';
import { readVersion } from './version.ts';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const TOKEN_BYTES = 24;
/** Data that is thrown away needs no protection against a power cut. */
const DATABASE_SETTINGS = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };

export async function demo(options: { readonly exit: boolean }): Promise<void> {
  const signal = hearSignals();
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-demo-'));
  await chmod(folder, 0o711); // The database may run as another user, who has to pass through.
  try {
    await play(folder, options.exit, signal);
  } finally {
    signal.release();
    await rm(folder, { recursive: true, force: true });
  }
}

async function play(folder: string, exit: boolean, signal: StopSignal): Promise<void> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const wanted = readConfiguration(
    {
      ...process.env,
      DATABASE_URL: '',
      ABEYANCE_SECRET_KEY: '',
      ABEYANCE_NEW_SECRET_KEY: '',
      ABEYANCE_ADMIN_TOKEN: token,
      ABEYANCE_TLS_CERT: '',
      ABEYANCE_TLS_KEY: '',
    },
    { data: join(folder, 'data') },
  );
  const configuration = { ...wanted, port: (await isFree(wanted.host, wanted.port)) ? wanted.port : 0 };
  const log = makeLog(process.env['ABEYANCE_LOG_LEVEL'] ?? 'warn');
  const { line } = processTerminal();
  line('Starting Abeyance on an embedded PostgreSQL in a fresh folder …');
  const server = await startServer({
    configuration,
    log,
    version: await readVersion(),
    databaseSettings: DATABASE_SETTINGS,
  });
  try {
    const story = tell(server, token);
    story.catch(() => {}); // Once it is told to stop, nobody waits for the end of the story.
    await Promise.race([story, signal.told]);
    if (exit || signal.isTold()) return;
    line('Ctrl-C ends the demonstration and removes its data.');
    await untilStopped(server, signal);
  } finally {
    await server.stop();
  }
}

async function tell(server: Server, token: string): Promise<void> {
  const { line } = processTerminal();
  const client = makeClient({ url: server.address, token });
  const imported = await importPaths(client, [SAMPLES]);
  if (imported.refusals.length > 0)
    throw new Error(`The samples were not imported whole: ${JSON.stringify(imported.refusals[0])}`);
  line(
    `Imported the sample operator: ${imported.created.toLocaleString('en')} entities from ${imported.files.length} files.`,
  );
  await playStory(client, processTerminal());
  line('');
  line(`The API is at ${server.address}, its interactive documentation at ${server.address}/docs`);
  line(`The first login, for this demonstration only: export ABEYANCE_URL=${server.address} ABEYANCE_TOKEN=${token}`);
}

/** Whether a port can be listened on now. */
async function isFree(host: string, port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
