/** `integrate`: the configuration files of a server that enforces, with the connection filled in. */
import { readFileSync } from 'node:fs';
import { Argument, type Command } from 'commander';
import { EXIT, UsageError } from '#cli/exit-code.ts';
import type { Integrated, IntegrationView } from '#cli/local-commands.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { pairLines } from '#cli/render/table.ts';
import type { CommonOptions, Surroundings } from '#cli/session.ts';
import type { Terminal } from '#cli/terminal.ts';

interface IntegrateOptions extends CommonOptions {
  readonly out?: string;
  readonly set: Readonly<Record<string, string>>;
  readonly databaseHost?: string;
  readonly databasePort?: number;
  readonly passwordFile?: string;
  readonly force?: true;
  readonly dryRun?: true;
  readonly list?: true;
}

export const INTEGRATED_SERVERS = ['kamailio', 'powerdns', 'dovecot', 'freeradius', 'nginx', 'freeswitch'] as const;
const PORT_MAX = 65_535;

export function addIntegrate(program: Command, { local, terminal, finish }: Surroundings): void {
  program
    .command('integrate')
    .helpGroup('Care:')
    .summary('write the configuration of a server that enforces')
    .description(
      "Lets a kind of server read what is held, and writes its configuration files with the connection filled in. It works on this machine's data folder while the server runs, or on DATABASE_URL.",
    )
    .addArgument(new Argument('[server]', 'the kind of server').choices(INTEGRATED_SERVERS))
    .option('-o, --out <folder>', 'where to write the files; made when it is absent')
    .option(
      '--set <name=value>',
      'a setting of the server, repeatable; @file for a value in a file; --list shows them',
      readSetting,
      {},
    )
    .option('--database-host <host>', 'how the server reaches the database, when it runs on another machine')
    .option('--database-port <number>', 'the port for it', wholeNumber(1, PORT_MAX))
    .option('--password-file <file>', 'file with the password of the role; otherwise it derives from the secret key')
    .option('--force', 'replace files that say something else')
    .option('--dry-run', 'change nothing, show the files without the password')
    .option('--list', 'show the servers and what can be set for each')
    .addHelpText(
      'after',
      '\nExample: abeyance integrate kamailio --out /etc/kamailio --set emergency_route=sip:psap.example:5060',
    )
    .action(async (server: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<IntegrateOptions>();
      const isJson = options.json === true;
      const show = (value: unknown, lines: readonly string[]) => {
        if (isJson) void terminal.write(`${JSON.stringify(value, null, terminal.isTty ? 2 : undefined)}\n`);
        else for (const line of lines) terminal.line(line);
      };
      if (options.list === true) {
        const integrations = (await local.listIntegrations()).filter(
          (one) => server === undefined || one.server === server,
        );
        show(integrations, listLines(integrations, terminal));
      } else {
        if (server === undefined) throw new UsageError('name a server, or --list to see them');
        if (options.out === undefined) throw new UsageError('--out must name the folder of the files');
        const done = await local.integrate({
          server,
          out: options.out,
          settings: options.set,
          database: { host: options.databaseHost, port: options.databasePort },
          passwordFile: options.passwordFile,
          force: options.force === true,
          dryRun: options.dryRun === true,
        });
        show(done, doneLines(done, options.dryRun === true, terminal));
      }
      finish(EXIT.done);
    });
}

function readSetting(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at < 1) throw new UsageError(`--set must be name=value, not "${text}"`);
  if (Object.hasOwn(before, name)) throw new UsageError(`--set says ${name} twice`);
  return { ...before, [name]: readValue(name, text.slice(at + 1)) };
}

/** `@file` is what stands in a file: everybody on a machine can read the arguments of its programs. */
function readValue(name: string, value: string): string {
  if (!value.startsWith('@')) return value;
  try {
    return readFileSync(value.slice(1), 'utf8').replace(/\r?\n$/, '');
  } catch {
    throw new UsageError(`--set ${name}: the file ${value.slice(1)} cannot be read`);
  }
}

function listLines(integrations: readonly IntegrationView[], terminal: Terminal): string[] {
  return integrations.flatMap(({ server, title, settings }) => [
    `${terminal.paint('bold', server)}: ${title}`,
    ...pairLines(
      settings.map(({ name, default: value, note }): [string, string] => [
        name,
        `${note} (${value === '' ? 'empty' : value})`,
      ]),
      '  ',
    ),
  ]);
}

const DONE = { new: 'written', same: 'unchanged', differs: 'replaced' } as const;
const WOULD = {
  new: 'would be written',
  same: 'would stay as it is',
  differs: 'differs, and would be replaced by --force',
} as const;

function doneLines(done: Integrated, isDry: boolean, terminal: Terminal): string[] {
  const { paint } = terminal;
  const files = done.files.flatMap(({ path, state, secret, differences, text }) => [
    `${path}: ${isDry ? WOULD[state] : DONE[state]}${secret ? ', for its owner alone' : ''}`,
    ...differences.map((line) => `  ${line}`),
    ...(text === undefined
      ? []
      : text
          .trimEnd()
          .split('\n')
          .map((line) => `  ${paint('gray', '|')} ${line}`)),
  ]);
  const role = done.role === null ? [] : [`The role for ${done.title} is ${done.role}: it reads and nothing else.`];
  return [
    ...files,
    ...(isDry ? [] : role),
    ...done.notes.map((note) => `${paint('yellow', 'Note:')} ${note}`),
    ...(done.next.length === 0 ? [] : [paint('bold', 'What to do next:')]),
    ...done.next.map((step, index) => `  ${index + 1}. ${step}`),
  ];
}
