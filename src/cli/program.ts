/**
 * The program `abeyance`: all commands with their common options and help, and the exit code of a run.
 *
 * Every failure ends here, as a message and a code; nothing is thrown to whoever runs it. What a command does stands in
 * its own file in `commands`.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addAccountLogin } from './commands/account-login.ts';
import { addApply } from './commands/apply.ts';
import { addBackup } from './commands/backup.ts';
import { addChanges } from './commands/changes.ts';
import { addClose } from './commands/close.ts';
import { addCompletion } from './commands/completion.ts';
import { addCredits } from './commands/credits.ts';
import { addCreate } from './commands/create.ts';
import { addDecide } from './commands/decide.ts';
import { addDeliveries } from './commands/deliveries.ts';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addErase } from './commands/erase.ts';
import { addEvents } from './commands/events.ts';
import { addExport } from './commands/export.ts';
import { addHolds } from './commands/holds.ts';
import { addImport } from './commands/import.ts';
import { addKeys } from './commands/keys.ts';
import { addKick } from './commands/kick.ts';
import { addLogins } from './commands/logins.ts';
import { addIntegrate } from './commands/integrate.ts';
import { addMove } from './commands/move.ts';
import { addNumbers } from './commands/numbers.ts';
import { addObservations } from './commands/observations.ts';
import { addOperations } from './commands/operations.ts';
import { addPassword } from './commands/password.ts';
import { addPlan } from './commands/plan.ts';
import { addProfiles } from './commands/profiles.ts';
import { addProperties } from './commands/properties.ts';
import { addRestore } from './commands/restore.ts';
import { addResume } from './commands/resume.ts';
import { addRoles } from './commands/roles.ts';
import { addRotateSecret } from './commands/rotate-secret.ts';
import { addServe } from './commands/serve.ts';
import { addShow } from './commands/show.ts';
import { addSuspend } from './commands/suspend.ts';
import { addSystems } from './commands/systems.ts';
import { addTargets } from './commands/targets.ts';
import { addTransfer } from './commands/transfer.ts';
import { addTree } from './commands/tree.ts';
import { addUpdate } from './commands/update.ts';
import { addVerify } from './commands/verify.ts';
import { addWhoami } from './commands/whoami.ts';
import { addWhy } from './commands/why.ts';
import { EXIT, EXIT_MEANINGS, type ExitCode, exitCodeOf, UsageError } from './exit-code.ts';
import type { LocalCommands } from './local-commands.ts';
import { wholeNumber } from './number-argument.ts';
import { processTerminal } from './process-terminal.ts';
import { reportError } from './report-error.ts';
import type { Surroundings } from './session.ts';
import type { Terminal } from './terminal.ts';

/** In the order in which help shows the groups and their commands. */
const COMMANDS: readonly ((program: Command, surroundings: Surroundings) => void)[] = [
  addServe,
  addDemo,
  addCompletion,
  addTree,
  addShow,
  addWhy,
  addDecide,
  addHolds,
  addChanges,
  addEvents,
  addDeliveries,
  addObservations,
  addPlan,
  addApply,
  addSuspend,
  addResume,
  addKick,
  addClose,
  addErase,
  addMove,
  addTransfer,
  addCreate,
  addUpdate,
  addNumbers,
  addImport,
  addExport,
  addProfiles,
  addProperties,
  addWhoami,
  addLogins,
  addAccountLogin,
  addPassword,
  addKeys,
  addRoles,
  addCredits,
  addSystems,
  addTargets,
  addOperations,
  addVerify,
  addDoctor,
  addIntegrate,
  addBackup,
  addRestore,
  addRotateSecret,
];

/** The longest time that a request may be given; who waits longer has lost the connection. */
const TIMEOUT_MAX_SECONDS = 3600;

/** Makes the program. It throws what commands throw; `runProgram` is what turns that into messages and codes. */
export function makeProgram(
  local: LocalCommands,
  terminal: Terminal = processTerminal(),
  finish: (code: ExitCode) => void = (code) => {
    process.exitCode = code;
  },
): Command {
  const program = new Command('abeyance')
    .description('Suspends, resumes and closes the accounts and resources of a communications provider.')
    .version(readVersion(), '-V, --version', 'show the version')
    .option('--url <address>', 'address of the server (ABEYANCE_URL, http://127.0.0.1:8080)')
    .option(
      '--token-file <file>',
      'file with a key or token (ABEYANCE_TOKEN, or ABEYANCE_LOGIN with ABEYANCE_PASSWORD, or admin.token in ABEYANCE_DATA or ./data)',
    )
    .option('--as <account>', 'act as an account beneath your own')
    .option('--reason <text>', 'why; the change log keeps it')
    .option('--timeout <seconds>', 'how long one answer may take (30)', wholeNumber(1, TIMEOUT_MAX_SECONDS))
    .option('--json', 'results as JSON for machines')
    .option('-y, --yes', 'carry out without asking')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void terminal.write(text),
      writeErr: (text) => void terminal.errorStream.write(text),
      // Usage errors are told by `reportError`, like all others.
      outputError: () => undefined,
    })
    .exitOverride()
    .helpOption('-h, --help', 'show help')
    .addHelpCommand(new Command('help').argument('[command]').summary('show help for a command').helpGroup('Server:'))
    .addHelpText(
      'after',
      `\nAn entity is named by its UUID, its number, or an identifier: sip:alice@example.com, tel:+31208005100,\ndns:example.com, mail:bob@example.com, ref:C-1001. "platform" is the root of the tree.\n\nExit codes:\n${exitCodeHelp()}`,
    );
  for (const add of COMMANDS) add(program, { local, terminal, finish });
  return program;
}

/** Runs one command line (`process.argv` with its two leading words) and gives its exit code. */
export async function runProgram(
  argv: readonly string[],
  local: LocalCommands,
  terminal: Terminal = processTerminal(),
): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = makeProgram(local, terminal, (finished) => {
    code = finished;
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? usageError(thrown) : thrown;
    if (error === null) return EXIT.done;
    if (error === 'help') return EXIT.usage;
    reportError(error, terminal, argv.includes('--json'));
    return exitCodeOf(error);
  }
}

/** Help and version that were asked for are no errors; help instead of a missing command has said everything. */
function usageError(error: CommanderError): UsageError | 'help' | null {
  if (error.exitCode === 0) return null;
  if (error.code === 'commander.help') return 'help';
  return new UsageError(
    `${error.message
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')
      .replace(/\.$/, '')}; --help shows what is possible`,
  );
}

function exitCodeHelp(): string {
  return EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join('\n');
}

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string }; // our own package.json
  return version;
}
