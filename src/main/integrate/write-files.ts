/**
 * Files of an integration on disk. What is there and differs is shown first; each file is replaced whole or not at all.
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { problem } from '#core/problem.ts';
import { hasErrorCode } from '#main/database/database-start-error.ts';

import type { RenderedFile } from './integration.ts';

export type FileState = 'new' | 'same' | 'differs';

export interface PlannedFile extends RenderedFile {
  readonly path: string;
  readonly state: FileState;
  /** Lines that differ from what is there; of a file with a password those that are there are not shown. */
  readonly differences: readonly string[];
}

const SECRET_MODE = 0o600;
const OPEN_MODE = 0o644;
/** More differences than this are counted only. */
const SHOWN_MAX = 20;
export const MASK = '********';

/** Compares the files with those that are there. Throws `invalid` for what cannot be read. */
export function planFiles(
  folder: string,
  files: readonly RenderedFile[],
  secrets: readonly string[],
): Promise<PlannedFile[]> {
  return Promise.all(
    files.map(async (file) => {
      const path = join(folder, file.name);
      const there = await readIfThere(path);
      if (there === null) return { ...file, path, state: 'new', differences: [] };
      if (there === file.text) return { ...file, path, state: 'same', differences: [] };
      return { ...file, path, state: 'differs', differences: differencesOf(there, file, secrets) };
    }),
  );
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ENOTDIR')) return null;
    throw problem('conflict', `${path} cannot be read (${codeOf(error)}).`);
  }
}

/** Text without passwords and keys. */
export function masked(text: string, secrets: readonly string[]): string {
  return secrets.reduce((said, secret) => said.replaceAll(secret, MASK), text);
}

function differencesOf(there: string, file: RenderedFile, secrets: readonly string[]): string[] {
  const [old, wanted] = [there.split('\n'), file.text.split('\n')];
  const [oldOnly, wantedOnly] = [linesBeyond(old, wanted), linesBeyond(wanted, old)];
  const lines = [
    // A password that was written by hand is known to nobody here, so nothing of such a file is shown.
    ...oldOnly.map(
      ([number, line]) => `- line ${number}: ${file.secret ? '(not shown: a password is in this file)' : line}`,
    ),
    ...wantedOnly.map(([number, line]) => `+ line ${number}: ${masked(line, secrets)}`),
  ];
  if (lines.length === 0) return ['the same lines in another order'];
  if (lines.length <= SHOWN_MAX) return lines;
  return [...lines.slice(0, SHOWN_MAX), `and ${lines.length - SHOWN_MAX} more`];
}

/** The lines of one text that another has not, or not as often, with their numbers. */
function linesBeyond(lines: readonly string[], others: readonly string[]): [number, string][] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.flatMap((line, index): [number, string][] => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count > 0 ? [] : [[index + 1, line]];
  });
}

/** Throws `conflict`, with what differs, when a file would be overwritten that says something else. */
export function refuseOverwriting(files: readonly PlannedFile[]): void {
  const differing = files.filter(({ state }) => state === 'differs');
  if (differing.length === 0) return;
  const lines = differing.flatMap(({ path, differences }) => [`${path}:`, ...differences.map((line) => `  ${line}`)]);
  throw problem(
    'conflict',
    ['Files that are there say something else; --force replaces them. Nothing was changed.', ...lines].join('\n'),
  );
}

/** Writes what is new or differs. A file that was there keeps its owner and what its group may do. */
export async function writeFiles(files: readonly PlannedFile[]): Promise<void> {
  for (const file of files) {
    try {
      await mkdir(dirname(file.path), { recursive: true });
      await (file.state === 'same' ? narrow(file) : replace(file));
    } catch (error) {
      throw problem('conflict', `${file.path} cannot be written (${codeOf(error)}).`);
    }
  }
}

/** A file with a password may be open to all since before it had one. */
async function narrow({ path, secret }: PlannedFile): Promise<void> {
  if (!secret) return;
  const { mode } = await stat(path);
  if ((mode & 0o007) !== 0) await chmod(path, mode & 0o770);
}

async function replace({ path, text, secret }: PlannedFile): Promise<void> {
  // A link is followed: what it leads to is what the server reads.
  const target = await realpath(path).catch(() => path);
  const there = await stat(target).catch(() => null);
  const allowed = secret ? 0o660 : 0o777;
  const mode = there === null ? (secret ? SECRET_MODE : OPEN_MODE) : there.mode & allowed;
  const unfinished = `${target}.${randomBytes(6).toString('hex')}`;
  const file = await open(unfinished, 'wx', SECRET_MODE);
  try {
    await file.writeFile(text);
    await file.sync();
    if (there !== null && process.getuid?.() === 0) await chown(unfinished, there.uid, there.gid);
    await chmod(unfinished, mode);
    await rename(unfinished, target);
  } finally {
    await file.close();
    await rm(unfinished, { force: true });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
