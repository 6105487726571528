/**
 * Lets a kind of server in: its role with a password, its files with the connection filled in, and what to do next.
 *
 * Everything is judged before anything is changed, and a second run with the same options changes nothing.
 */
import { resolve } from 'node:path';

import pg from 'pg';

import { problem } from '#core/problem.ts';
import { type Session, makePool } from '#store/database.ts';
import { admitReader, findReader, readerName, setReaderVerifier, whoIsConnected } from '#store/reader.ts';

import { scramVerifier } from '#main/database/superuser-password.ts';
import { type AccessOptions, accessFrom, isLoopback } from './database-access.ts';
import {
  type InstallationDatabase,
  type InstallationPlace,
  withInstallationDatabase,
} from './installation-database.ts';
import {
  type DatabaseAccess,
  type Manifest,
  fillIn,
  readManifest,
  renderIntegration,
  SHIPPED,
  usesValue,
  valuesOf,
} from './integration.ts';
import { readPasswordFile, readerPassword } from './reader-password.ts';
import { masked, planFiles, refuseOverwriting, writeFiles } from './write-files.ts';

export interface IntegrateOptions {
  readonly server: string;
  /** The folder of the files; made when it is absent. */
  readonly out: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly database: AccessOptions;
  /** A file with the password of the role, instead of the one that derives from the secret key. */
  readonly passwordFile?: string | undefined;
  /** Replaces files that say something else. */
  readonly force: boolean;
  /** Changes nothing, and gives the texts with the password masked. */
  readonly dryRun: boolean;
}

export interface Integrated {
  readonly server: string;
  readonly title: string;
  readonly folder: string;
  /** The role by which the server reads; null where it reads no database. */
  readonly role: string | null;
  readonly files: readonly {
    readonly path: string;
    readonly state: 'new' | 'same' | 'differs';
    readonly secret: boolean;
    readonly differences: readonly string[];
    /** In a dry run alone, without the password. */
    readonly text?: string;
  }[];
  readonly next: readonly string[];
  /** What the operator should know about it. */
  readonly notes: readonly string[];
}

/** Throws `Problem`: `invalid` for a setting, `conflict` for files that differ, `forbidden` where the role may not be made. */
export async function integrate(
  place: InstallationPlace,
  options: IntegrateOptions,
  shipped: URL = SHIPPED,
): Promise<Integrated> {
  const manifest = await readManifest(options.server, shipped);
  valuesOf(manifest, null, options.settings); // A wrong setting is told before anything is asked of a database.
  if (manifest.role === null) return deploy(manifest, options, null, [], shipped, () => Promise.resolve());
  const role = manifest.role;
  const given = options.passwordFile === undefined ? null : await readPasswordFile(options.passwordFile);
  return withInstallationDatabase(place, async (database) => {
    const password = given ?? readerPassword(database.secret, role);
    const access = accessFrom(database.connectionString, role, password, options.database);
    const notes = [
      ...(await notesOn(options.server, manifest, access, database.isEmbedded, shipped)),
      ...(given === null
        ? ['The password of the role derives from the secret key: after rotate-secret run this again, with --force.']
        : []),
    ];
    return deploy(manifest, options, access, notes, shipped, () => admit(database, role, access));
  });
}

async function deploy(
  manifest: Manifest,
  options: IntegrateOptions,
  access: DatabaseAccess | null,
  notes: readonly string[],
  shipped: URL,
  admitRole: () => Promise<void>,
): Promise<Integrated> {
  const folder = resolve(options.out);
  const values = valuesOf(manifest, access, options.settings);
  const secrets = secretsIn(manifest, values);
  const files = await planFiles(folder, await renderIntegration(options.server, manifest, values, shipped), secrets);
  if (!options.dryRun) {
    if (!options.force) refuseOverwriting(files);
    await admitRole();
    await writeFiles(files);
  }
  const said = new Map([...values, ['out', folder]]);
  return {
    server: options.server,
    title: manifest.title,
    folder,
    role: manifest.role === null ? null : readerName(manifest.role),
    files: files.map(({ path, state, secret, differences, text }) => ({
      path,
      state,
      secret,
      differences,
      ...(options.dryRun ? { text: masked(text, secrets) } : {}),
    })),
    next: manifest.next.map((step) => masked(fillIn(step, said), secrets)),
    notes,
  };
}

/** Passwords and keys among the values, which are written and never shown. */
function secretsIn(manifest: Manifest, values: ReadonlyMap<string, string>): string[] {
  const names = ['database_password', ...manifest.settings.map(({ name }) => name)];
  return names
    .filter((name) => /(?:^|_)(?:key|password|secret|token)$/.test(name))
    .map((name) => values.get(name) ?? '')
    .filter((value) => value !== '' && !value.startsWith('/'));
}

async function notesOn(
  server: string,
  manifest: Manifest,
  { host, port, sslmode }: DatabaseAccess,
  isEmbedded: boolean,
  shipped: URL,
): Promise<string[]> {
  const notes: string[] = [];
  if (isLoopback(host))
    notes.push(
      isEmbedded
        ? `The database is the embedded one, which listens on ${host}:${port} for this machine alone: the server has to run here.`
        : `The files say ${host}:${port} for the database: give --database-host when the server runs on another machine.`,
    );
  else if (isEmbedded)
    notes.push(`The embedded database listens on 127.0.0.1 alone: something has to carry ${host}:${port} there.`);
  if (
    sslmode !== undefined &&
    !['disable', 'allow', 'prefer'].includes(sslmode) &&
    !(await usesValue(server, manifest, 'database_sslmode', shipped))
  )
    notes.push(
      `DATABASE_URL demands sslmode=${sslmode}, and the files of ${manifest.title} cannot say it: protect the connection otherwise.`,
    );
  return notes;
}

/** Makes the role, sets its password unless it is the right one already, and grants what is its. */
async function admit(database: InstallationDatabase, role: string, { password }: DatabaseAccess): Promise<void> {
  const { session } = database;
  try {
    if (!(await admitReader(session, role))) throw await mayNotMakeRole(session, role);
    if (!(await isPassword(database.connectionString, role, password)))
      await setReaderVerifier(session, role, scramVerifier(password));
  } catch (error) {
    if (isRefused(error)) throw await mayNotMakeRole(session, role);
    throw error;
  }
}

/** Whether it is the role's password: then nothing needs to be set, nor any right to set it. */
async function isPassword(connectionString: string, role: string, password: string): Promise<boolean> {
  if (!(await canSignIn(connectionString, role, password))) return false;
  // Where no password is asked for at all, any other would do too.
  return !(await canSignIn(connectionString, role, `${password}-not`));
}

/** Whether the role signs in with a password. */
export async function canSignIn(connectionString: string, role: string, password: string): Promise<boolean> {
  const url = new URL(connectionString);
  url.username = readerName(role);
  url.password = password;
  const pool = makePool({ connectionString: url.href, connectionsMax: 1 });
  try {
    await pool.query('select');
    return true;
  } catch {
    return false;
  } finally {
    await pool.end();
  }
}

const INSUFFICIENT_PRIVILEGE = '42501';

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === INSUFFICIENT_PRIVILEGE;
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : pg.escapeIdentifier(name);
}

/** Says what a superuser has to run, once, so that the rest can be done from here. */
async function mayNotMakeRole(session: Session, role: string) {
  const { user, major } = await whoIsConnected(session);
  const reader = readerName(role);
  const isThere = (await findReader(session, role)) !== null;
  const statements = [
    `alter role ${quoted(user)} createrole;`,
    ...(isThere ? [] : [`create role ${reader} login;`]),
    // From PostgreSQL 16 on, CREATEROLE counts for roles that were given with the admin option alone.
    ...(major >= 16 ? [`grant ${reader} to ${quoted(user)} with admin option, inherit false;`] : []),
  ];
  return problem(
    'forbidden',
    [
      `${user} may not make or change the role ${reader}. Have a superuser run this once, then run the command again:`,
      ...statements.map((statement) => `  ${statement}`),
    ].join('\n'),
  );
}
