/**
 * Runs programs of PostgreSQL as the user of the server, with an environment that holds nothing of ours: the secret key
 * may be in it, and the variables that begin with PG would steer the server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { DatabaseStartError } from './database-start-error.ts';
import type { ServerUser } from './server-user.ts';

/** Options for `spawn`. `folder` must be one the user can enter. */
export function serverProcessOptions(user: ServerUser, folder: string) {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };
  return user.isOther ? { cwd: folder, env, uid: user.uid, gid: user.gid } : { cwd: folder, env };
}

/** Runs the program to its end with `input` on stdin. Throws DatabaseStartError with its last words if it fails. */
export async function runServerProgram(
  program: string,
  args: string[],
  options: { user: ServerUser; folder: string; input?: string },
): Promise<void> {
  const child = spawn(program, args, { ...serverProcessOptions(options.user, options.folder), stdio: 'pipe' });
  // A program that ends early closes its stdin; its exit code tells that, so the broken pipe has nothing to add.
  child.stdin.on('error', () => {});
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  let exitCode: number | null = null;
  let cause: unknown;
  try {
    await once(child, 'spawn');
    child.stdin.end(options.input ?? '');
    [exitCode] = (await once(child, 'close')) as [number | null]; // The documented argument of 'close'.
  } catch (error) {
    cause = error;
  }
  if (exitCode === 0) return;
  const words = cause instanceof Error ? cause.message : lastLines((await output).join('\n'));
  throw new DatabaseStartError(`${program} failed: ${words}`, { cause });
}

const LAST_LINES_MAX = 5;

/** The end of an output, where the reason of a failure stands. */
export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-LAST_LINES_MAX).join('\n');
}
