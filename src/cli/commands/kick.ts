/** `kick`: ends what a hold leaves running, in the systems that the environment names. */
import { type Command, Option } from 'commander';
import type { EntityView, ProfileView, StandingView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { EXIT, type ExitCode, UsageError } from '#cli/exit-code.ts';
import { makeKickDirectory } from '#cli/kick-directory.ts';
import { type KickScope, kickScope } from '#cli/kick-scope.ts';
import type { KickOutcome, LocalCommands, SystemKind } from '#cli/local-commands.ts';
import { makeProgress } from '#cli/progress.ts';
import { entityName } from '#cli/render/words.ts';
import { argumentAt, type CommonOptions, remote, type Session, type Surroundings } from '#cli/session.ts';

interface KickCommandOptions extends CommonOptions {
  readonly system?: readonly SystemKind[];
  readonly all?: true;
}

const KINDS = ['kamailio', 'powerdns', 'dovecot'] as const;

export function addKick(program: Command, surroundings: Surroundings): void {
  program
    .command('kick')
    .helpGroup('Change:')
    .summary('end what a hold leaves running')
    .description(
      'Ends calls, registrations and mail sessions beneath an entity where the profile of its holds says so, and purges what name servers remember. Run it where the systems can be reached; ABEYANCE_KAMAILIO_RPC, ABEYANCE_POWERDNS_API and ABEYANCE_DOVEADM say where they are. It changes no hold.',
    )
    .argument('<entity>', 'UUID, number or identifier')
    .addOption(new Option('--system <kind...>', 'tell these kinds of systems only').choices(KINDS))
    .option('--all', 'also what the profile lets finish; never what is allowed now')
    .addHelpText('after', '\nExample: abeyance kick ref:C-1001')
    .action(remote<KickCommandOptions>(surroundings, (...given) => run(surroundings.local, ...given)));
}

async function run(
  local: LocalCommands,
  session: Session,
  args: readonly string[],
  options: KickCommandOptions,
): Promise<ExitCode> {
  const { client, terminal } = session;
  const systems = await chooseSystems(local, options.system);
  const node = await client.get<EntityView>(entityPath(argumentAt(args, 0)));
  const standing = await client.get<StandingView>(entityPath(node.id, '/standing'));
  const scope = kickScope(standing, await readProfiles(session, standing), options.all === true);
  const progress = makeProgress(terminal, 'kick', 'systems', session.isJson);
  progress.update(0, null);
  const outcomes = await local
    .kick(
      { node: node.number, reason: reasonText(standing), ends: scope, systems },
      makeKickDirectory(client, node, scope),
      { signal: session.signal, timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1000 },
    )
    .finally(() => progress.stop());
  const { calls, registrations, mailSessions, finishing } = scope;
  const ends = { calls, registrations, mailSessions };
  session.show({ entity: node.id, number: node.number, standing: standing.standing, ends, finishing, outcomes }, () => {
    for (const line of scopeLines(node, standing, scope)) terminal.line(line);
    for (const outcome of outcomes) terminal.line(`${outcome.system} at ${outcome.at}: ${doneText(outcome)}`);
  });
  for (const { system, at, problems } of outcomes)
    for (const problem of problems) terminal.note(`${system} at ${at}: ${problem}`);
  return exitCode(outcomes);
}

async function chooseSystems(local: LocalCommands, named: readonly SystemKind[] | undefined): Promise<SystemKind[]> {
  const configured = await local.configuredSystems();
  const missing = (named ?? []).filter((kind) => !configured.includes(kind));
  const settings = {
    kamailio: 'ABEYANCE_KAMAILIO_RPC',
    powerdns: 'ABEYANCE_POWERDNS_API',
    dovecot: 'ABEYANCE_DOVEADM',
  };
  if (missing.length > 0 || configured.length === 0)
    throw new UsageError(
      `where ${missing.join(' and ') || 'the systems'} can be reached is not said: set ${(missing.length > 0 ? missing : KINDS).map((kind) => settings[kind]).join(', ')}`,
    );
  return [...(named ?? configured)];
}

async function readProfiles({ client }: Session, { reasons }: StandingView): Promise<ProfileView[]> {
  const names = new Set(reasons.map(({ profile }) => profile).filter((name) => name !== null));
  return Promise.all([...names].map((name) => client.get<ProfileView>(`/v1/profiles/${encodeURIComponent(name)}`)));
}

/** The parties of a call learn no more than that the account is held. */
function reasonText({ standing }: StandingView): string {
  return standing === 'closed' ? 'Account closed' : 'Account suspended';
}

function scopeLines(node: EntityView, { standing }: StandingView, scope: KickScope): string[] {
  const name = entityName(node);
  const parts = [
    ...(scope.calls ? ['calls'] : []),
    ...(scope.registrations ? ['registrations'] : []),
    ...(scope.mailSessions ? ['mail sessions'] : []),
  ];
  if (parts.length > 0) return [`${name} is ${standing}: ${parts.join(', ')} beneath it end.`];
  if (scope.finishing.length > 0)
    return [
      `${name} is ${standing}: profile ${scope.finishing.join(', ')} lets sessions finish, so none was ended; --all ends them.`,
    ];
  return [`${name} is ${standing}: nothing of it denies calls, registrations or mail, so none was ended.`];
}

const WORDS: Readonly<Record<string, readonly [one: string, many: string, done: string]>> = {
  calls: ['call', 'calls', 'ended'],
  registrations: ['registration', 'registrations', 'removed'],
  users: ['user', 'users', 'signed out'],
  zones: ['zone', 'zones', 'purged'],
  entries: ['entry', 'entries', 'forgotten'],
};

function doneText({ done, problems }: KickOutcome): string {
  const parts = Object.entries(done).map(([name, count]) => {
    const [one, many, verb] = WORDS[name] ?? [name, name, ''];
    return `${count === 'all' ? 'all' : count.toLocaleString('en')} ${count === 1 ? one : many} ${verb}`;
  });
  if (problems.length > 0) parts.push(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`);
  return parts.join(', ');
}

function exitCode(outcomes: readonly KickOutcome[]): ExitCode {
  const failed = outcomes.filter(({ problems }) => problems.length > 0);
  if (failed.length === 0) return EXIT.done;
  const hasDone = outcomes.some(({ done }) => Object.keys(done).length > 0);
  return hasDone ? EXIT.partlyDone : EXIT.failed;
}
