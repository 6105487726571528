/** The real servers that the tests in `integrations/` need, and the Debian packages that bring them. */
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** A program, or a file of one of its modules, by the package that has it. */
const NEEDED: readonly (readonly [program: string, debianPackage: string])[] = [
  ['kamailio', 'kamailio'],
  ['/usr/lib/x86_64-linux-gnu/kamailio/modules/db_postgres.so', 'kamailio-postgres-modules'],
  ['/usr/lib/x86_64-linux-gnu/kamailio/modules/http_client.so', 'kamailio-utils-modules'],
  ['sipp', 'sip-tester'],
  ['pdns_server', 'pdns-server'],
  ['/usr/lib/x86_64-linux-gnu/pdns/libgpgsqlbackend.so', 'pdns-backend-pgsql'],
  ['dovecot', 'dovecot-core'],
  ['/usr/lib/dovecot/imap', 'dovecot-imapd'],
  ['/usr/lib/dovecot/pop3', 'dovecot-pop3d'],
  ['/usr/lib/dovecot/modules/auth/libdriver_pgsql.so', 'dovecot-pgsql'],
  ['/usr/lib/dovecot/lmtp', 'dovecot-lmtpd'],
  ['postfix', 'postfix'],
  ['/usr/lib/postfix/postfix-pgsql.so', 'postfix-pgsql'],
  ['nginx', 'nginx'],
  ['freeradius', 'freeradius'],
  ['/usr/lib/freeradius/rlm_sql_postgresql.so', 'freeradius-postgresql'],
  ['radclient', 'freeradius-utils'],
  ['dig', 'bind9-dnsutils'],
];

/** One line for each server that is not installed, and at the end how to install them all; none when nothing is missing. */
export async function findMissingServers(): Promise<string[]> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const missing: (readonly [string, string])[] = [];
  for (const [program, debianPackage] of NEEDED) {
    const generic = program.replace('/x86_64-linux-gnu/', `/${MULTIARCH[process.arch] ?? ''}/`);
    const places = isAbsolute(generic) ? [generic] : folders.map((folder) => join(folder, generic));
    const found = await Promise.allSettled(places.map((place) => access(place)));
    if (!found.some(({ status }) => status === 'fulfilled')) missing.push([generic, debianPackage]);
  }
  if (missing.length === 0) return [];
  const packages = [...new Set(missing.map(([, debianPackage]) => debianPackage))];
  return [
    ...missing.map(([program, debianPackage]) => `${program} is missing: it comes with ${debianPackage}`),
    `Install them on Debian 12 or later with: apt-get install --no-install-recommends ${packages.join(' ')}`,
    'Forbid the services to start where only the tests need them: see docs/integration-tests.md',
  ];
}

const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
