/** Real servers for tests: each in a folder of its own, on loopback ports of its own, ended with the test. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import { chooseFreePort } from '#main/database/free-port.ts';
import { type DatabaseAccess, readManifest, renderIntegration, valuesOf } from '#main/integrate/integration.ts';

import type { Cleanup } from './database.ts';

/** The password of every role that servers in tests have. */
export const READER_PASSWORD = 'a-password-of-the-tests';
const START_MAX_MS = 20_000;
const STOP_MAX_MS = 10_000;
const POLL_MS = 25;

/** A port that is free for TCP and for UDP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await chooseFreePort(null);
    const socket = createSocket('udp4');
    try {
      socket.bind(port, '127.0.0.1');
      await once(socket, 'listening');
      return port;
    } catch {
      continue; // Taken for UDP.
    } finally {
      socket.close();
    }
  }
}

/** A folder that anybody may enter: servers drop their rights. It vanishes at the end. */
export async function makeFolder(t: Cleanup, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `abeyance-${name}-`));
  await chmod(folder, 0o755);
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Gives every role of a server the password that the tests know. Roles are for all databases of the tests. */
export async function setReaderPasswords(database: Pick<pg.Pool, 'query'>): Promise<void> {
  const { rows } = await database.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname like 'abeyance\\_%'`,
  );
  for (const { rolname } of rows) await database.query(`alter role ${rolname} password '${READER_PASSWORD}'`);
}

/** How a role reaches a database of the tests. */
export function accessAs(role: string, connectionString: string): DatabaseAccess {
  const url = new URL(connectionString);
  return {
    host: url.hostname,
    port: Number(url.port),
    name: url.pathname.slice(1),
    user: `abeyance_${role}`,
    password: READER_PASSWORD,
  };
}

/** The connection string of a role. */
export function connectionAs(role: string, connectionString: string): string {
  const url = new URL(connectionString);
  url.username = `abeyance_${role}`;
  url.password = READER_PASSWORD;
  return url.href;
}

/** Writes the files that we ship into a folder, with the connection to a test's database, as `abeyance integrate` does. */
export async function deploy(
  server: string,
  folder: string,
  connectionString: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const manifest = await readManifest(server);
  const access = manifest.role === null ? null : accessAs(manifest.role, connectionString);
  for (const file of await renderIntegration(server, manifest, valuesOf(manifest, access, settings))) {
    await mkdir(dirname(join(folder, file.name)), { recursive: true });
    await writeFile(join(folder, file.name), file.text);
  }
}

export interface RealServer {
  readonly process: ChildProcess;
  /** All that it has said on its outputs. */
  readonly output: () => string;
  stop(): Promise<void>;
}

/** Starts a program that stays in the foreground, and waits until it is ready. Fails with what it said when it ends before. */
export async function startProgram(
  t: Cleanup,
  command: string,
  args: readonly string[],
  isReady: (output: string) => boolean | Promise<boolean>,
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<RealServer> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      output += String(error);
      resolve();
    });
  });
  let hasExited = false;
  void exited.then(() => (hasExited = true));
  const stop = async () => {
    if (hasExited || child.pid === undefined) return;
    child.kill('SIGTERM');
    if (await Promise.race([exited.then(() => true), sleep(STOP_MAX_MS, false, { ref: false })])) return;
    process.kill(-child.pid, 'SIGKILL'); // With all its workers.
    await exited;
  };
  t.after(stop);
  const until = Date.now() + START_MAX_MS;
  while (!(await isReady(output))) {
    assert.ok(!hasExited, `${command} ended:\n${output}`);
    assert.ok(Date.now() < until, `${command} is not ready after ${START_MAX_MS} ms:\n${output}`);
    await sleep(POLL_MS);
  }
  return { process: child, output: () => output, stop };
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<Ran> {
  const { input, ...rest } = options;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...rest });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => {}); // A program need not read what it is given.
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
