/**
 * The user of the operating system as whom PostgreSQL runs. It refuses to run as root, so root needs another one.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DatabaseStartError } from './database-start-error.ts';
import type { OsUser } from './folder-access.ts';
import type { StartLog } from './start-log.ts';

export type ServerUser = OsUser & {
  /** False when it is the user of this very process, and nothing has to be switched or handed over. */
  isOther: boolean;
};

const run = promisify(execFile);
const OWN_USER_NAME = 'abeyance';
const USER_NAMES = [OWN_USER_NAME, 'postgres'];

/** Gives the user; as root that is `abeyance`, else `postgres`, else a new system user `abeyance`. */
export async function chooseServerUser(log: StartLog): Promise<ServerUser> {
  if (process.getuid === undefined || process.getgid === undefined) {
    throw new DatabaseStartError(
      'The embedded database runs on Linux and macOS only. Set DATABASE_URL to a PostgreSQL server.',
    );
  }
  if (process.getuid() !== 0) return { uid: process.getuid(), gid: process.getgid(), isOther: false };
  for (const name of USER_NAMES) {
    const user = await findUser(name);
    if (user !== null) return user;
  }
  return createUser(log);
}

async function findUser(name: string): Promise<ServerUser | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout), isOther: true };
  } catch {
    return null;
  }
}

async function createUser(log: StartLog): Promise<ServerUser> {
  const home = ['--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin'];
  let cause: unknown;
  try {
    await run('useradd', ['--system', '--user-group', ...home, OWN_USER_NAME]);
  } catch (error) {
    cause = error;
  }
  const user = await findUser(OWN_USER_NAME);
  if (user === null) {
    throw new DatabaseStartError(
      'PostgreSQL does not run as root, and the system user "abeyance" could not be created for it. ' +
        'Create it (for example: adduser -S abeyance), or start Abeyance as a user that is not root.',
      { cause },
    );
  }
  log.info({ user: OWN_USER_NAME }, 'created the system user as whom the database server runs');
  return user;
}
