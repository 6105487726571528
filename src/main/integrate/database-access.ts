/** How a server reaches the database, as its files say it: taken from a connection string, and judged for what files can say. */
import { invalid } from '#core/problem.ts';
import { readerName } from '#store/reader.ts';

import type { DatabaseAccess } from './integration.ts';

export interface AccessOptions {
  /** How the server reaches the database, where it is another way than ours. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

const PORT = 5432;
const HOST = /^[A-Za-z0-9._:-]{1,253}$/;
/** What needs no quotes in any of the files. */
const NAME = /^[A-Za-z0-9_.-]{1,63}$/;
const SSLMODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** Throws `invalid`, by name, for what cannot stand in a file. */
export function accessFrom(
  connectionString: string,
  role: string,
  password: string,
  { host: givenHost, port: givenPort }: AccessOptions,
): DatabaseAccess {
  const url = new URL(connectionString);
  const host = givenHost ?? (url.searchParams.get('host') ?? url.hostname).replace(/^\[(.*)\]$/, '$1');
  const port = givenPort ?? Number(url.searchParams.get('port') ?? (url.port || PORT));
  const name = decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username);
  if (!HOST.test(host))
    throw invalid({
      field: '--database-host',
      message: `must say the host name or address by which the server reaches the database; DATABASE_URL says ${JSON.stringify(host)}`,
    });
  if (!NAME.test(name))
    throw invalid({
      field: 'DATABASE_URL',
      message: `the database is called ${JSON.stringify(name)}, and files of servers can say letters, digits and _ . - only`,
    });
  const sslmode = url.searchParams.get('sslmode') ?? undefined;
  if (sslmode !== undefined && sslmode !== 'no-verify' && !SSLMODES.includes(sslmode))
    throw invalid({ field: 'DATABASE_URL', message: `sslmode must be one of ${SSLMODES.join(', ')}` });
  return {
    host,
    port,
    name,
    user: readerName(role),
    password,
    // node-postgres alone knows no-verify: encrypted, and nothing is looked at.
    sslmode: sslmode === 'no-verify' ? 'require' : sslmode,
  };
}

/** Whether a host is this machine and no other. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
