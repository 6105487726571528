/**
 * The examinations of `doctor` from the database to the servers: role, settings, rights, password, a held account, and
 * whether each server answers. Nothing is changed, and what cannot be seen from here is said to be so.
 */
import { Problem } from '#core/problem.ts';
import type { ChainFinding, ChainProbes } from '#cli/local-commands.ts';
import { findReader, listForeignRights, listReaderThings, readerName } from '#store/reader.ts';
import { type ReaderQuestion, probeReader } from '#store/reader-probe.ts';
import { readGreeting } from '#systems/dovecot/imap-greeting.ts';
import { SystemFailure } from '#systems/http-call.ts';
import { askOptions } from '#systems/kamailio/sip-options.ts';
import { askRoot } from '#systems/powerdns/dns-question.ts';
import type { ProbePlace } from '#systems/probe.ts';

import { DatabaseStartError } from '#main/database/database-start-error.ts';
import { canSignIn } from './integrate.ts';
import {
  type InstallationDatabase,
  type InstallationPlace,
  withInstallationDatabase,
} from './installation-database.ts';
import { SHIPPED, listIntegrations, readManifest } from './integration.ts';
import { readerPassword } from './reader-password.ts';

const SETTINGS = [
  'search_path=enforce',
  'default_transaction_read_only=on',
  'statement_timeout=5s',
  'enable_seqscan=off',
  'jit=off',
];

/** What is found, from near to far. */
export async function examineChain(
  place: InstallationPlace,
  probes: ChainProbes,
  shipped: URL = SHIPPED,
): Promise<ChainFinding[]> {
  const findings = await examineDatabase(place, shipped);
  const answers = await Promise.all([
    probed('kamailio', probes.kamailio, askOptions),
    probed('dns', probes.dns, askRoot),
    probed('imap', probes.imap, readGreeting),
  ]);
  return [...findings, ...answers.flat()];
}

async function examineDatabase(place: InstallationPlace, shipped: URL): Promise<ChainFinding[]> {
  try {
    return await withInstallationDatabase(place, async (database) => {
      const findings: ChainFinding[] = [];
      for (const server of await listIntegrations(shipped)) {
        const { role, probe } = await readManifest(server, shipped);
        if (role !== null) findings.push(...(await examineReader(database, server, role, probe)));
      }
      return findings;
    });
  } catch (error) {
    if (!(error instanceof Problem || error instanceof DatabaseStartError)) throw error;
    return [
      {
        state: 'doubtful',
        subject: 'roles of servers',
        detail: `not examined from here: ${error.message}`,
        help: 'run it where Abeyance runs, as its user, or with DATABASE_URL and ABEYANCE_SECRET_KEY',
      },
    ];
  }
}

async function examineReader(
  database: InstallationDatabase,
  server: string,
  role: string,
  probe: ReaderQuestion | undefined,
): Promise<ChainFinding[]> {
  const { session } = database;
  const subject = `role ${readerName(role)}`;
  const again = `abeyance integrate ${server} puts it right`;
  const reader = await findReader(session, role);
  if (reader === null) return [{ state: 'wrong', subject, detail: 'is missing', help: again }];
  const things = await listReaderThings(session, role);
  const views = things.filter(({ name }) => !name.endsWith('()'));
  const [closed, foreign] = [things.filter(({ readable }) => !readable), await listForeignRights(session, role)];
  const lacking = SETTINGS.filter((setting) => !reader.settings.includes(setting));
  const tooMuch = [...reader.powers, ...reader.memberOf.map((name) => `member of ${name}`), ...foreign];
  const findings: ChainFinding[] = [];
  const wrong = (detail: string, help: string) => findings.push({ state: 'wrong', subject, detail, help });
  if (!reader.canLogIn) wrong('may not sign in', `alter role ${readerName(role)} login`);
  if (lacking.length > 0) wrong(`lacks ${lacking.join(', ')}`, again);
  if (closed.length > 0) wrong(`may not use ${closed.map(({ name }) => name).join(', ')}`, again);
  if (tooMuch.length > 0) wrong(`may more than it needs: ${tooMuch.join(', ')}`, 'revoke it');
  if (findings.length === 0)
    findings.push({ state: 'right', subject, detail: `reads its ${views.length} views and nothing else` });
  return [...findings, await examinePassword(database, server, role), await examineHeld(database, role, probe)];
}

async function examinePassword({ connectionString, secret }: InstallationDatabase, server: string, role: string) {
  const subject = `password of ${readerName(role)}`;
  const password = readerPassword(secret, role);
  const finding = (state: ChainFinding['state'], detail: string, help?: string): ChainFinding =>
    help === undefined ? { state, subject, detail } : { state, subject, detail, help };
  if (!(await canSignIn(connectionString, role, password)))
    return finding(
      'doubtful',
      'the one of the secret key does not sign in',
      `right when ${server} is not in use, or has its own by --password-file; otherwise: abeyance integrate ${server}`,
    );
  if (await canSignIn(connectionString, role, `${password}-not`))
    return finding('wrong', 'any password signs in', 'demand scram-sha-256 in pg_hba.conf');
  return finding('right', 'signs in');
}

const INSUFFICIENT_PRIVILEGE = '42501';

async function examineHeld(
  { pool }: InstallationDatabase,
  role: string,
  question: ReaderQuestion | undefined,
): Promise<ChainFinding> {
  const subject = `what ${readerName(role)} sees`;
  const what = question?.what ?? 'account';
  try {
    const probe = await probeReader(pool, role, question);
    if (probe === null) return { state: 'right', subject, detail: `there is no ${what} yet that could be held` };
    if (probe.isRefused)
      return { state: 'right', subject, detail: `a held ${what} is refused (${probe.profile}, tried and taken back)` };
    const detail = probe.failure === null ? `a held ${what} is not refused` : `it cannot ask: ${probe.failure}`;
    return { state: 'wrong', subject, detail, help: 'start Abeyance of this version once, which renews the views' };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === INSUFFICIENT_PRIVILEGE)) throw error;
    const help = `grant ${readerName(role)} to the owner of the database`;
    return { state: 'doubtful', subject, detail: 'not examined: the owner may not act as the role', help };
  }
}

async function probed(
  name: string,
  place: ProbePlace | undefined,
  ask: (place: ProbePlace) => Promise<string>,
): Promise<ChainFinding[]> {
  if (place === undefined) return [];
  const subject = `${name} at ${place.host}:${place.port}`;
  try {
    return [{ state: 'right', subject, detail: `answers: ${await ask(place)}` }];
  } catch (error) {
    if (!(error instanceof SystemFailure)) throw error;
    return [{ state: 'wrong', subject, detail: error.message }];
  }
}
