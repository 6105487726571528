/**
 * Whether another user of the operating system could reach a path, judged by owner, group and mode. Access control
 * lists are not read; where they matter the answer may be no though the truth is yes.
 */
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The user has no supplementary groups: Node drops them when it starts a process as another user. */
export type OsUser = { uid: number; gid: number };

const READ = 0o4;
const ENTER = 0o1;

/** The outermost folder on the way to `path` (itself included) that the user may not enter; null when none bars it. */
export async function findClosedFolder(path: string, user: OsUser): Promise<string | null> {
  const folders: string[] = [];
  for (let folder = await realpath(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of folders) {
    const stats = await stat(folder);
    if (stats.isDirectory() && !isPermitted(stats, user, ENTER)) return folder;
  }
  return null;
}

/** Whether the user may read the file, or enter and list the folder. The folders on the way are not looked at. */
export async function canRead(path: string, user: OsUser): Promise<boolean> {
  const stats = await stat(path);
  return isPermitted(stats, user, stats.isDirectory() ? READ | ENTER : READ);
}

function isPermitted(stats: { uid: number; gid: number; mode: number }, user: OsUser, wanted: number): boolean {
  if (user.uid === 0) return true;
  const shift = stats.uid === user.uid ? 6 : stats.gid === user.gid ? 3 : 0;
  return ((stats.mode >> shift) & wanted) === wanted;
}
