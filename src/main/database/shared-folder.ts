/**
 * The folder for what the database server's own user must reach when the installation or the data folder lies where
 * only root may go.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseStartError } from './database-start-error.ts';
import { findClosedFolder, type OsUser } from './folder-access.ts';

export const DEFAULT_SHARED_FOLDER = '/var/lib/abeyance';

/** Creates the folder if it is absent and makes sure that the user can enter it; throws DatabaseStartError if not. */
export async function makeSharedFolder(folder: string, user: OsUser): Promise<string> {
  const firstCreated = await mkdir(folder, { recursive: true });
  if (firstCreated !== undefined) {
    // The umask may have closed what we have just made, and only that is ours to open.
    for (let made = folder; ; made = dirname(made)) {
      await chmod(made, 0o755);
      if (made === firstCreated) break;
    }
  }
  const closed = await findClosedFolder(folder, user);
  if (closed !== null) {
    throw new DatabaseStartError(
      `The user of the database server (uid ${user.uid}) cannot enter ${closed}. ` +
        `Allow it with "chmod o+x ${closed}", or start Abeyance as a user that is not root.`,
    );
  }
  return folder;
}
