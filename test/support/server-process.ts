/** The real server as a process of its own, with a data folder of its own, for tests that end it the hard way. */
import { execFileSync, spawn } from 'node:child_process';
import { chmod, chown, cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findClosedFolder } from '#main/database/folder-access.ts';
import { findPostmasterFile } from '#main/database/postmaster-file.ts';
import { findProcess } from '#main/database/running-process.ts';

import { waitUntil } from './barrier.ts';
import type { Cleanup } from './database.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const ADMIN_TOKEN = 'a-token-of-the-crash-tests';
/** A user without any rights, where tests may become one: as on most systems, nobody. */
export const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : null;

/** Undoes at the end of a test what was made last first: processes end before their folders go. */
export function lastFirst(t: Cleanup): Cleanup {
  const works: (() => Promise<void> | void)[] = [];
  t.after(async () => {
    for (const work of works.toReversed()) await work();
  });
  return { after: (work) => void works.push(work) };
}

/** A data folder that vanishes at the end, with any database that still runs in it. */
export async function makeHome(
  t: Cleanup,
  owner: { readonly uid: number; readonly gid: number } | null = null,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'abeyance-crash-'));
  await chmod(folder, 0o711); // The database may run as another user, who has to pass through.
  if (owner !== null) await chown(folder, owner.uid, owner.gid);
  t.after(async () => {
    const postmaster = await postmasterOf(folder);
    if (postmaster !== null) {
      process.kill(postmaster, 'SIGQUIT');
      await waitUntil('the database has ended', async () => (await findProcess(postmaster)) === null);
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return folder;
}

/** The process of the database in a data folder, or null when none runs. */
export async function postmasterOf(dataFolder: string): Promise<number | null> {
  const cluster = join(dataFolder, 'postgres');
  const file = await findPostmasterFile(cluster);
  const found = file === null ? null : await findProcess(file.pid);
  return found?.commandLine.includes(cluster) ? found.pid : null;
}

/** The command lines of all processes that name a folder. */
export async function processesOf(folder: string): Promise<string[]> {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-A', '-o', 'command='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(folder));
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(pids.map(async (pid) => (await findProcess(Number(pid)))?.commandLine ?? ''));
  return lines.filter((line) => line.includes(folder));
}

/** The files in a folder that hold a text, which must stand in none. */
export async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(path)).includes(text)) found.push(path);
  }
  return found;
}

export interface ServerProcess {
  readonly pid: number;
  /** Where it answers; rejects with what it said when it ended before. */
  readonly address: Promise<string>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly output: () => { readonly stdout: string; readonly stderr: string };
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Sends a request with the token of the administrator. */
  readonly ask: (
    path: string,
    body?: unknown,
    method?: string,
  ) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly user?: { readonly uid: number; readonly gid: number } | null;
}

/** Starts `abeyance serve` on a data folder and any free port; killed at the end of the test at the latest. */
export async function startServerProcess(
  t: Cleanup,
  dataFolder: string,
  options: StartOptions = {},
): Promise<ServerProcess> {
  const { user = null } = options;
  const code = user === null ? ROOT : await reachableCode(t, user);
  const child = spawn(join(code, 'abeyance'), ['serve'], {
    cwd: dataFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      ABEYANCE_DATA: dataFolder,
      ABEYANCE_PORT: '0',
      ABEYANCE_ADMIN_TOKEN: ADMIN_TOKEN,
      ...options.env,
    },
    ...user,
  });
  const output = { stdout: '', stderr: '' };
  const address = Promise.withResolvers<string>();
  address.promise.catch(() => {}); // Whoever asks hears of it; a server that is to be refused is asked nothing.
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
    const found = /Abeyance is at (http:\S+?),/.exec(output.stdout)?.[1];
    if (found !== undefined) address.resolve(found);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (status, signal) => {
      address.reject(new Error(`the server ended (${status ?? signal}): ${output.stderr}`));
      resolve({ code: status, signal });
    });
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const ask = async (path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') => {
    const response = await fetch(`${await address.promise}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${options.env?.['ABEYANCE_ADMIN_TOKEN'] ?? ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>,
    };
  };
  return {
    pid: child.pid ?? 0,
    address: address.promise,
    exited,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    ask,
  };
}

/** The code where the user may read it: here, or else a copy. */
async function reachableCode(t: Cleanup, user: { readonly uid: number; readonly gid: number }): Promise<string> {
  if ((await findClosedFolder(join(ROOT, 'src', 'main'), user)) === null) return ROOT;
  const copy = await mkdtemp(join(tmpdir(), 'abeyance-code-'));
  t.after(() => rm(copy, { recursive: true, force: true }));
  await chmod(copy, 0o755);
  for (const name of ['abeyance', 'package.json', 'db', 'src', 'node_modules'])
    await cp(join(ROOT, name), join(copy, name), { recursive: true, verbatimSymlinks: true });
  return copy;
}
