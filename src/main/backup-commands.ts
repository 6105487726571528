/** `backup` and `restore` with the settings of this machine's environment. */
import type { CopyOptions, RestoreOptions } from '#cli/local-commands.ts';

import { backupInstallation, restoreInstallation } from './backup.ts';
import { readConfiguration } from './configuration.ts';
import { makeLog } from './log.ts';

function installation(file: string, { progress, signal }: CopyOptions) {
  const { dataFolder, databaseUrl, secretKey } = readConfiguration(process.env);
  return { dataFolder, databaseUrl, secretKeyEnv: secretKey, file, log: makeLog('warn'), progress, signal };
}

export async function backup(file: string, options: CopyOptions): Promise<readonly string[]> {
  return (await backupInstallation(installation(file, options))).lines;
}

export async function restore(file: string, options: RestoreOptions): Promise<readonly string[]> {
  const { acceptOtherKey } = options;
  return (await restoreInstallation({ ...installation(file, options), acceptOtherKey })).lines;
}
