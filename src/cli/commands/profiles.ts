/** `profiles`: the named suspension statuses, listed, shown, put from a file, deleted. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { EntityView, ProfileView } from '#cli/api-types.ts';
import { carryOut } from '#cli/carry-out.ts';
import { entityPath } from '#cli/client.ts';
import { ApiProblem } from '#cli/client-error.ts';
import { UsageError } from '#cli/exit-code.ts';
import { pairLines, tableLines } from '#cli/render/table.ts';
import { timeText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

/** What the server keeps itself; a profile that `show --json` wrote can be put back with them in it. */
const COMPUTED = new Set(['name', 'version', 'builtin', 'updatedAt']);

export function addProfiles(program: Command, surroundings: Surroundings): void {
  const profiles = program
    .command('profiles')
    .helpGroup('Data:')
    .summary('list and edit profiles')
    .description('Profiles say what a hold denies and how it is worded.');
  profiles
    .command('list', { isDefault: true })
    .description('Lists all profiles.')
    .action(remote(surroundings, listProfiles));
  profiles
    .command('show')
    .description('Shows one profile.')
    .argument('<name>', 'name of the profile')
    .action(remote(surroundings, showProfile));
  profiles
    .command('put')
    .description(
      'Makes a profile, or replaces what it says, from a JSON file. When it is in use, shows first what would change.',
    )
    .argument('<name>', 'name of the profile')
    .argument('<file>', 'JSON file, as show --json writes it; - for standard input')
    .action(remote(surroundings, putProfile));
  profiles
    .command('delete')
    .description('Deletes a profile that is not in use.')
    .argument('<name>', 'name of the profile')
    .action(remote(surroundings, deleteProfile));
}

function profilePath(name: string): string {
  return `/v1/profiles/${encodeURIComponent(name)}`;
}

async function listProfiles(session: Session): Promise<void> {
  const profiles = await session.client.listAll<ProfileView>('/v1/profiles');
  session.show(profiles, () => {
    const lines = tableLines(
      profiles.toSorted((a, b) => b.severity - a.severity),
      [
        { title: 'name', cell: (profile) => profile.name },
        { title: 'severity', align: 'right', cell: (profile) => String(profile.severity) },
        { title: 'version', align: 'right', cell: (profile) => String(profile.version) },
        { title: 'origin', cell: (profile) => (profile.builtin ? 'built in' : 'own') },
        { title: 'description', cell: (profile) => profile.description },
      ],
      session.terminal.paint,
    );
    for (const line of lines) session.terminal.line(line);
  });
}

async function showProfile(session: Session, args: readonly string[]): Promise<void> {
  const profile = await session.client.get<ProfileView>(profilePath(argumentAt(args, 0)));
  const { refusal, legalOverride } = profile;
  session.show(profile, () => {
    session.terminal.line(`${session.terminal.paint('bold', profile.name)}: ${profile.description}`);
    const pairs: [string, string][] = [
      ['denied', profile.denied.join(', ') || '-'],
      ['intercepted', profile.intercepted.join(', ') || '-'],
      [
        'refusal',
        `SIP ${refusal.sip}, HTTP ${refusal.http}, "${refusal.text}"${refusal.announcement ? `, announcement ${refusal.announcement}` : ''}`,
      ],
      ['running sessions', profile.sessions === 'end' ? 'are ended' : 'may finish'],
      ['severity', String(profile.severity)],
      ['version', `${profile.version}, of ${timeText(profile.updatedAt)}`],
    ];
    if (legalOverride !== null)
      pairs.push([
        'legal override',
        `${legalOverride.author}, ${legalOverride.reason}, until ${timeText(legalOverride.expiresAt)}`,
      ]);
    for (const line of pairLines(pairs, '  ')) session.terminal.line(line);
  });
}

async function putProfile(session: Session, args: readonly string[]): Promise<void> {
  const { client, terminal } = session;
  const name = argumentAt(args, 0);
  const body = readProfileFile(argumentAt(args, 1));
  const put = () => client.request<ProfileView>('PUT', profilePath(name), { body });
  let profile: ProfileView;
  try {
    profile = await put();
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.code !== 'plan_required') throw error;
    const platform = await client.get<EntityView>(entityPath('platform'));
    profile = await carryOut<ProfileView>(session, {
      entity: platform,
      doing: `The new profile ${name} on`,
      intent: { action: 'profile', name, body },
      direct: put,
    });
  }
  session.show(profile, () => terminal.line(`Profile ${profile.name} is now at version ${profile.version}.`));
}

function readProfileFile(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw new UsageError(
      error instanceof SyntaxError ? `${file} is no JSON: ${error.message}` : `${file} cannot be read`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${file} must hold one JSON object`);
  return Object.fromEntries(Object.entries(value).filter(([member]) => !COMPUTED.has(member)));
}

async function deleteProfile(session: Session, args: readonly string[]): Promise<void> {
  const name = argumentAt(args, 0);
  await session.client.request('DELETE', profilePath(name));
  session.show({ deleted: name }, () => session.terminal.line(`Profile ${name} is deleted.`));
}
