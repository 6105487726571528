/**
 * The passwords of the roles by which servers read. Each derives from the installation's secret key, so that every node
 * of a kind gets the same one and nothing has to be stored; after `rotate-secret` it is another.
 */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { invalid } from '#core/problem.ts';

/** Letters and digits alone: it stands in URLs, in connection strings and in quotes of many kinds. */
export function readerPassword(secret: Buffer, server: string): string {
  return createHmac('sha256', secret).update(`postgres reader ${server}`).digest('hex');
}

/** What stands for itself in every file that we ship, and is long enough not to be guessed. */
const PASSWORD = /^[A-Za-z0-9._~-]{16,255}$/;

/** The password in a file. Throws `invalid` for one that cannot be used; never shows it. */
export async function readPasswordFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw invalid({ field: '--password-file', message: `${path} cannot be read (${error.code ?? 'unknown error'})` });
  });
  const password = text.replace(/\r?\n$/, '');
  if (PASSWORD.test(password)) return password;
  throw invalid({
    field: '--password-file',
    message: `${path} must hold one line of 16 to 255 letters, digits and . _ ~ -`,
  });
}
