/**
 * What the tests of this room share: folders that vanish, servers that are stopped, and an Abeyance to be killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.ts';
import { findPostmasterFile } from './postmaster-file.ts';
import { findProcess } from './running-process.ts';

export const isRoot = process.getuid?.() === 0;
export const testSecret = Buffer.alloc(32, 'a secret for tests');
/** A test needs no data after a power cut, and little memory. */
export const testSettings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '16MB',
};

/** A folder that the server's user may pass through, removed at the end with any server that still runs in it. */
export async function makeTestFolder(t: TestContext, parent: string = tmpdir(), mode = 0o711): Promise<string> {
  const folder = await mkdtemp(join(parent, 'abeyance-test-'));
  await chmod(folder, mode);
  t.after(async () => {
    await killServer(join(folder, 'data', 'postgres'));
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

async function killServer(cluster: string): Promise<void> {
  const file = await findPostmasterFile(cluster);
  if (file === null) return;
  while ((await findProcess(file.pid))?.commandLine.includes('abeyance-test-')) {
    process.kill(file.pid, 'SIGQUIT');
    await sleep(50); // Until the process is gone.
  }
}

export function makeTestLog() {
  const messages: string[] = [];
  const note = (_facts: object, message: string) => void messages.push(message);
  return { messages, info: note, warn: note };
}

/** Starts a server on `<folder>/data` that is stopped at the end of the test at the latest. */
export async function startForTest(
  t: TestContext,
  folder: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataFolder: join(folder, 'data'),
    sharedFolder: join(folder, 'shared'),
    secret: testSecret,
    log: makeTestLog(),
    ...options,
    settings: { ...testSettings, ...options.settings },
  });
  t.after(() => server.stop());
  return server;
}

export async function query(connectionString: string, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows;
  } finally {
    await client.end();
  }
}

/** Starts a server from another Node process, with the code of `codeFolder`, and gives both. */
export async function startFromOtherProcess(
  t: TestContext,
  options: { dataFolder: string; sharedFolder: string; codeFolder?: string },
): Promise<{ abeyance: ChildProcess; server: EmbeddedPostgres }> {
  const { dataFolder, sharedFolder, codeFolder = import.meta.dirname } = options;
  const module = pathToFileURL(join(codeFolder, 'embedded-postgres.ts')).href;
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(module)};
    const log = { info() {}, warn() {} };
    const secret = Buffer.from('${testSecret.toString('hex')}', 'hex');
    const options = ${JSON.stringify({ dataFolder, sharedFolder, settings: testSettings })};
    const server = await startEmbeddedPostgres({ ...options, secret, log });
    console.log(JSON.stringify(server));
    process.stdin.resume().on('end', () => server.stop());
  `;
  const abeyance = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  t.after(() => abeyance.kill('SIGKILL'));
  const failure = text(abeyance.stderr).then((words) => Promise.reject(new Error(words)));
  failure.catch(() => {}); // Only of interest while the line below waits.
  const [line] = (await Promise.race([once(abeyance.stdout, 'data'), failure])) as [Buffer]; // One line, one chunk.
  return { abeyance, server: JSON.parse(line.toString()) as EmbeddedPostgres }; // Without the functions.
}
