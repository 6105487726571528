/**
 * The data folder: all that Abeyance keeps on the machine. Every file in it is private to its owner.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { DatabaseStartError, hasErrorCode } from './database-start-error.ts';

const PRIVATE_MODE = 0o700;
/**
 * PostgreSQL refuses to run as root, so its own user must pass through the folder to reach the cluster. It may pass but
 * not list. With 0700 the cluster of a container would have to lie outside the volume and be lost with the container.
 */
const PRIVATE_BUT_PASSABLE_MODE = 0o711;

/** Creates the data folder if it is absent. A folder that exists keeps the permissions it has. */
export async function makeDataFolder(dataFolder: string): Promise<void> {
  try {
    const firstCreated = await mkdir(dataFolder, { recursive: true });
    if (firstCreated === undefined) return;
  } catch (error) {
    if (!hasErrorCode(error, 'EEXIST', 'ENOTDIR')) throw error;
    throw new DatabaseStartError(`${dataFolder} is not a folder; give Abeyance a data folder of its own.`, {
      cause: error,
    });
  }
  await chmod(dataFolder, process.getuid?.() === 0 ? PRIVATE_BUT_PASSABLE_MODE : PRIVATE_MODE);
}
