/** `systems`: the downstream systems that are told; added, looked at, changed, paused, removed. */
import type { Command } from 'commander';
import type { CreatedSystemView, FieldView, HandedOver, SystemKindView, SystemView } from '#cli/system-types.ts';
import { CommandFailed, UsageError } from '#cli/exit-code.ts';
import { pairLines, tableLines } from '#cli/render/table.ts';
import { countText, timeText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';
import { type SecretOptions, collect, listKinds, readSystemBody } from '#cli/system-arguments.ts';

interface ListOptions {
  readonly kind?: string;
  readonly account?: string;
}

interface HandOverOptions {
  readonly fingerprint?: string;
}

interface PauseOptions {
  readonly note?: string;
}

const SECRET_NOTE = 'a credential: name=@file, name=@- (standard input), name (asked for), name= (taken away)';

export function addSystems(program: Command, surroundings: Surroundings): void {
  const systems = program
    .command('systems')
    .helpGroup('Systems:')
    .summary('list and manage the systems that are told')
    .description('Systems are platforms that must be told of holds and closures: APS, BroadWorks, Kamailio and others.')
    .addHelpText(
      'afterAll',
      '\nExamples: abeyance systems add ns1 powerdns url=http://127.0.0.1:8081 --secret key=@pdns.key\n          abeyance systems change ns1 concurrency=4 rate=50\n          abeyance systems pause ns1 --note "new release"',
    );
  systems
    .command('list', { isDefault: true })
    .description('Lists systems, and how it stands with their targets.')
    .option('--kind <kind>', 'of this kind only')
    .option('--account <account>', 'of this account only')
    .action(remote<ListOptions>(surroundings, listSystems));
  systems
    .command('show')
    .description('Shows a system: settings, which secrets are set, its pace, and how it stands.')
    .argument('<system>', 'its name or id')
    .action(remote(surroundings, showSystem));
  systems
    .command('kinds')
    .description('Shows the kinds of systems with their settings and secrets.')
    .argument('[kind]', 'one of them')
    .action(remote(surroundings, showKinds));
  systems
    .command('add')
    .description('Adds a system. What it serves catches up by itself.')
    .argument('<name>', 'what foreign resources name in their field system, and numbers in provider')
    .argument('<kind>', 'abeyance systems kinds shows them')
    .argument('[field=value...]', 'settings of the kind, and concurrency, rate, timeoutMs, drift and the like')
    .option('--secret <name=@file>', SECRET_NOTE, collect)
    .action(remote<SecretOptions>(surroundings, addSystem));
  systems
    .command('change')
    .description('Changes what is named of a system, and leaves the rest. name:=null takes a value away.')
    .argument('<system>', 'its name or id')
    .argument('[field=value...]', 'settings, and concurrency, rate, timeoutMs, drift and the like')
    .option('--secret <name=@file>', SECRET_NOTE, collect)
    .action(remote<SecretOptions>(surroundings, changeSystem));
  systems
    .command('remove')
    .description('Removes a system, with all that is known of its targets. Nothing is told to it.')
    .argument('<system>', 'its name or id')
    .action(remote(surroundings, removeSystem));
  systems
    .command('pause')
    .description('Stops telling a system for a time. What is due stays due.')
    .argument('<system>', 'its name or id')
    .option('--note <text>', 'what for')
    .action(remote<PauseOptions>(surroundings, pauseSystem));
  systems
    .command('resume')
    .description('Tells a system again.')
    .argument('<system>', 'its name or id')
    .action(remote(surroundings, resumeSystem));
  systems
    .command('hand-over')
    .description('Hands certificates over to an APS endpoint that trusts by x509, or replaces them.')
    .argument('<system>', 'its name or id')
    .option('--fingerprint <sha256>', 'of its certificate, as you compared it, where no authority vouches for it')
    .action(remote<HandOverOptions>(surroundings, handOver));
}

/** The path of a system, by name or id. */
export function systemPath(system: string, rest = ''): string {
  return `/v1/systems/${encodeURIComponent(system)}${rest}`;
}

function stateWord({ state }: SystemView, paint: Session['terminal']['paint']): string {
  if (state.paused !== null) return paint('yellow', 'paused');
  if (state.circuit === 'open') return paint('red', 'failing');
  return state.circuit === 'trying' ? paint('yellow', 'trying') : paint('green', 'working');
}

async function listSystems(session: Session, _args: readonly string[], options: ListOptions): Promise<void> {
  const { client, terminal } = session;
  const systems = await client.listAll<SystemView>('/v1/systems', { ...options });
  session.show(systems, () => {
    const number = (of: keyof SystemView['targets']) => (system: SystemView) => countText(system.targets[of]);
    const lines = tableLines(
      systems,
      [
        { title: 'name', cell: (system) => system.name },
        { title: 'kind', cell: (system) => system.kind },
        { title: 'state', cell: (system) => stateWord(system, terminal.paint) },
        { title: 'targets', align: 'right', cell: number('total') },
        { title: 'agree', align: 'right', cell: number('confirmed') },
        { title: 'to come', align: 'right', cell: ({ targets }) => countText(openOf(targets)) },
        { title: 'failed', align: 'right', cell: number('failed') },
        { title: 'drifted', align: 'right', cell: number('drifted') },
        { title: 'last problem', cell: ({ state }) => state.lastProblem ?? '' },
      ],
      terminal.paint,
    );
    for (const line of lines) terminal.line(line);
    if (systems.length === 0) terminal.line('There is no system.');
  });
}

const openOf = ({ pending, waiting, retrying }: SystemView['targets']) => pending + waiting + retrying;

async function showSystem(session: Session, args: readonly string[]): Promise<void> {
  const system = await session.client.get<SystemView>(systemPath(argumentAt(args, 0)));
  session.show(system, () => {
    for (const line of systemLines(system, session)) session.terminal.line(line);
  });
}

function systemLines(system: SystemView, { terminal }: Session): string[] {
  const { state, targets } = system;
  const outcomes = Object.entries(targets).filter(([name, count]) => name !== 'total' && count > 0);
  const paused =
    state.paused === null
      ? []
      : [
          [
            'paused',
            `since ${timeText(state.paused.since)}${state.paused.note === null ? '' : `: ${state.paused.note}`}`,
          ],
        ];
  const open = state.openUntil === null ? [] : [['left alone', `until ${timeText(state.openUntil)}`]];
  const lag =
    state.sweepLag.changes === 0
      ? []
      : [['behind', `${countText(state.sweepLag.changes)} changes are not looked at yet`]];
  const pace = ['concurrency', 'rate', 'timeoutMs', 'flightMaxMs', 'retryMinMs', 'retryMaxMs', 'breakerFailures']
    .concat('breakerOpenMs', 'drift', 'driftEveryMs')
    .map((name) => [name, system[name] === null ? 'no limit' : String(system[name])]);
  const pairs = [
    ['kind', system.kind],
    ['state', stateWord(system, terminal.paint)],
    ...paused,
    ...open,
    ...(state.lastProblem === null ? [] : [['last problem', state.lastProblem]]),
    ...lag,
    [
      'targets',
      [countText(targets.total), ...outcomes.map(([name, count]) => `${name} ${countText(count)}`)].join(', '),
    ],
    ...Object.entries(system.settings).map(([name, value]) => [name, valueText(value)]),
    ...Object.entries(system.secrets).map(([name, isSet]) => [name, isSet ? '(set, not shown)' : '(not set)']),
    ...pace,
  ].map(([name = '', value = '']) => [name, value] as const);
  return [terminal.paint('bold', system.name), ...pairLines(pairs, '  '), terminal.paint('gray', system.id)];
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function showKinds(session: Session, args: readonly string[]): Promise<void> {
  const { terminal } = session;
  const [wanted] = args;
  const all = await listKinds(session);
  const kinds = wanted === undefined ? all : all.filter(({ kind }) => kind === wanted);
  if (kinds.length === 0) throw new CommandFailed(`there is no kind ${wanted}; there are ${wordsOf(all)}`);
  session.show(kinds, () => {
    for (const kind of kinds) {
      terminal.line(`${terminal.paint('bold', kind.kind)}  ${kind.note}`);
      const rows: (readonly [string, string])[] = [
        ...kind.settings.map((field) => [field.name, fieldText(field)] as const),
        ...kind.secrets.map((field) => [`--secret ${field.name}`, fieldText(field)] as const),
      ];
      if (wanted !== undefined) rows.push(...paceRows(kind));
      for (const line of pairLines(rows, '  ')) terminal.line(line);
    }
  });
}

/** What every system has beside its settings, as this kind has it when nothing is said. */
function paceRows({ pace }: SystemKindView): (readonly [string, string])[] {
  return Object.entries(pace).map(([name, value]) => [name, `Default: ${value ?? 'no limit'}`] as const);
}

const wordsOf = (kinds: readonly SystemKindView[]) => kinds.map(({ kind }) => kind).join(', ');

function fieldText({ note, required, computed, default: fallback, oneOf }: FieldView): string {
  const parts = [
    ...(oneOf === null ? [] : [`One of ${oneOf.join(', ')}.`]),
    ...(required ? ['Required.'] : []),
    ...(fallback === null || fallback === undefined || computed ? [] : [`Default: ${valueText(fallback)}`]),
    ...(computed ? ['Kept by Abeyance itself.'] : []),
  ];
  return [note, ...parts].join(' ');
}

async function addSystem(session: Session, args: readonly string[], options: SecretOptions): Promise<void> {
  const [name, kindName, ...pairs] = args;
  const kinds = await listKinds(session);
  const kind = kinds.find((known) => known.kind === kindName);
  if (kind === undefined) throw new UsageError(`kind must be one of ${wordsOf(kinds)}, not "${kindName}"`);
  const body = await readSystemBody(session, kind, pairs, options);
  const system = await session.client.post<CreatedSystemView>('/v1/systems', { name, kind: kind.kind, ...body });
  session.show(system, () => {
    session.terminal.line(`Added: system ${system.name}, ${system.kind}.`);
    for (const [secret, value] of Object.entries(system.generated ?? {}))
      session.terminal.line(`The ${secret}, shown this once: ${value}`);
    session.terminal.line(session.terminal.paint('gray', system.id));
  });
}

async function handOver(session: Session, args: readonly string[], options: HandOverOptions): Promise<void> {
  const body = options.fingerprint === undefined ? {} : { fingerprint: options.fingerprint };
  const handed = await session.client.post<HandedOver>(systemPath(argumentAt(args, 0), '/hand-over'), body);
  session.show(handed, () => {
    const { system, fingerprint, isRotation } = handed;
    session.terminal.line(
      isRotation
        ? `Replaced: the certificates of ${system.name}; the former ones stay good there for an hour.`
        : `Handed over: the certificates of ${system.name}.`,
    );
    session.terminal.line(`Its own certificate has the SHA-256 ${fingerprint}`);
  });
}

async function changeSystem(session: Session, args: readonly string[], options: SecretOptions): Promise<void> {
  const [name = '', ...pairs] = args;
  const before = await session.client.get<SystemView>(systemPath(name));
  const kind = (await listKinds(session)).find((known) => known.kind === before.kind);
  const body = await readSystemBody(session, kind, pairs, options);
  if (Object.keys(body).length === 0) throw new UsageError('nothing is to be changed; --help shows what is possible');
  const system = await session.client.request<SystemView>('PATCH', systemPath(before.id), { body });
  session.show(system, () =>
    session.terminal.line(`Changed: system ${system.name}, now at version ${system.version}.`),
  );
}

async function removeSystem(session: Session, args: readonly string[]): Promise<void> {
  const { client, terminal } = session;
  const system = await client.get<SystemView>(systemPath(argumentAt(args, 0)));
  const { total } = system.targets;
  const targets = total === 1 ? '1 target' : `${countText(total)} targets`;
  const what = `system ${system.name} with ${targets}, ${countText(openOf(system.targets))} of them to come`;
  if (!session.isConfirmed) {
    if (session.isJson || !terminal.canAsk)
      throw new CommandFailed(`nobody can be asked here: add --yes to remove ${what}`);
    if (!(await terminal.confirm(`Remove ${what}?`, session.signal))) throw new CommandFailed('nothing was changed');
  }
  const removed = await client.request<SystemView>('DELETE', systemPath(system.id));
  session.show(removed, () => terminal.line(`Removed: ${what}.`));
}

async function pauseSystem(session: Session, args: readonly string[], options: PauseOptions): Promise<void> {
  const body = options.note === undefined ? {} : { note: options.note };
  const system = await session.client.post<SystemView>(systemPath(argumentAt(args, 0), '/pause'), body);
  session.show(system, () =>
    session.terminal.line(
      `Paused: system ${system.name}. What is due stays due: abeyance systems resume ${system.name}`,
    ),
  );
}

async function resumeSystem(session: Session, args: readonly string[]): Promise<void> {
  const system = await session.client.post<SystemView>(systemPath(argumentAt(args, 0), '/resume'), {});
  session.show(system, () => session.terminal.line(`Resumed: system ${system.name}.`));
}
