/** `rotate-secret` with the settings of this machine's environment. */
import { readConfiguration } from './configuration.ts';
import { makeLog } from './log.ts';
import { rotateSecret } from './rotate-secret.ts';

export async function rotate({ signal }: { readonly signal: AbortSignal }): Promise<readonly string[]> {
  const { dataFolder, databaseUrl, secretKey, newSecretKey } = readConfiguration(process.env);
  const rotated = await rotateSecret({
    dataFolder,
    databaseUrl,
    secretKeyEnv: secretKey,
    newSecretKeyEnv: newSecretKey,
    log: makeLog('warn'),
    signal,
  });
  return rotated.lines;
}
