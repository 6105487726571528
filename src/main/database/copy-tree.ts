/**
 * Copies a folder so that under its final name there is only ever a complete copy.
 */
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, lstat, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseStartError, hasErrorCode } from './database-start-error.ts';

/**
 * Copies `from` to `to` unless a complete copy is there already; gives true if it copied. Everybody may read the copy,
 * whatever the modes of the original. `complete` adds what the copy needs beyond the original, before it gets its name.
 */
export async function copyTreeOnce(
  from: string,
  to: string,
  complete: (copy: string) => Promise<void>,
): Promise<boolean> {
  if (await isComplete(from, to)) return false;
  const unfinished = `${to}.${randomBytes(6).toString('hex')}`;
  try {
    await copyTree(from, unfinished);
    await complete(unfinished);
    if (!(await isComplete(from, unfinished))) {
      throw new DatabaseStartError(`The copy of ${from} in ${unfinished} is not complete; is the disk full?`);
    }
    await replace(to, unfinished);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return true;
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      await copyTree(source, target);
    } else if (entry.isSymbolicLink()) {
      await symlink(await readlink(source), target);
    } else {
      await copyFile(source, target);
      await chmod(target, (await lstat(source)).mode & 0o111 ? 0o755 : 0o644);
    }
  }
}

/** Whether everything of `from` is in `to`: each file in its full length, and readable for everybody. */
async function isComplete(from: string, to: string): Promise<boolean> {
  const copy = await lstat(to).catch(() => null);
  if (copy === null || !copy.isDirectory() || (copy.mode & 0o005) !== 0o005) return false;
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      if (!(await isComplete(source, target))) return false;
    } else {
      const [original, copied] = [await lstat(source), await lstat(target).catch(() => null)];
      if (copied === null || copied.size !== original.size || (copied.mode & 0o004) === 0) return false;
    }
  }
  return true;
}

async function replace(to: string, finished: string): Promise<void> {
  try {
    await rename(finished, to);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    // A damaged copy is moved away rather than emptied, because a running server may still read files of it.
    const damaged = `${finished}.old`;
    await rename(to, damaged);
    await rename(finished, to);
    await rm(damaged, { recursive: true, force: true });
  }
}
