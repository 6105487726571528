/**
 * The settings of the embedded server. They are written to a file of our own at each start; postgresql.auto.conf is
 * read after it, so what an operator sets with ALTER SYSTEM wins.
 */
import { chown, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode } from './database-start-error.ts';
import type { ServerUser } from './server-user.ts';

export type ServerSettings = Readonly<Record<string, string>>;

export const SETTINGS_FILE_NAME = 'abeyance.conf';

/** For a machine of about 4 GB that runs Abeyance beside the server, on solid state disks. */
const DEFAULT_SETTINGS: ServerSettings = {
  max_connections: '100',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  random_page_cost: '1.1',
  // Our statements are short; compiling them takes longer than running them.
  jit: 'off',
  wal_compression: 'on',
  // Holding a large subtree writes hundreds of megabytes at once, which should not force a checkpoint each time.
  max_wal_size: '2GB',
  min_wal_size: '160MB',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_destination: 'stderr',
  logging_collector: 'off',
  log_min_messages: 'warning',
  // A refusal of the last moment, such as one for want of credit, would log the statement with its personal values.
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  log_lock_waits: 'on',
  log_line_prefix: '%m [%p] %q%u@%d ',
};

/** Always passed on the command line, which nothing overrides: the server is for this machine alone. */
export const FIXED_SETTINGS: ServerSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

export const HOST_ACCESS_RULES = `# The database is reached over TCP on this machine only, and always with a password.
host all all 127.0.0.1/32 scram-sha-256
`;

export function renderSettings(port: number, overrides: ServerSettings): string {
  const settings = { ...DEFAULT_SETTINGS, ...overrides };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  return [
    '# Written by Abeyance at each start. To change a setting, use ALTER SYSTEM: it wins over this file.',
    `port = ${port}`,
    ...lines,
    '',
  ].join('\n');
}

/** The settings with which the cluster was last started, and the port among them; null before the first start. */
export async function findStoredSettings(cluster: string): Promise<{ text: string; port: number | null } | null> {
  try {
    const text = await readFile(join(cluster, SETTINGS_FILE_NAME), 'utf8');
    const port = /^port = (\d+)$/m.exec(text)?.[1];
    return { text, port: port === undefined ? null : Number(port) };
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw error;
  }
}

export async function storeSettings(cluster: string, text: string, user: ServerUser): Promise<void> {
  const path = join(cluster, SETTINGS_FILE_NAME);
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  if (user.isOther) await chown(`${path}.new`, user.uid, user.gid);
  await rename(`${path}.new`, path);
}
