/** `import`: what operators have, read from files and folders. */
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { EXIT, type ExitCode } from '#cli/exit-code.ts';
import { type ImportResult, importPaths } from '#cli/import-paths.ts';
import type { ImportFormat } from '#cli/import/import-source.ts';
import { makeProgress } from '#cli/progress.ts';
import { countText } from '#cli/render/words.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';

interface ImportOptions {
  readonly format: keyof typeof FORMATS;
  readonly account?: string;
  readonly domains?: string;
  readonly errors?: string;
}

/** What users call the formats, and what the readers call them. */
const FORMATS = {
  auto: null,
  kamailio: 'subscriber',
  zones: 'zone',
  dids: 'dids',
  accounts: 'accounts',
  mailboxes: 'mailboxes',
  jsonl: 'jsonl',
} as const satisfies Readonly<Record<string, ImportFormat | null>>;

export function addImport(program: Command, surroundings: Surroundings): void {
  program
    .command('import')
    .helpGroup('Data:')
    .summary('read accounts, SIP accounts, numbers, zones, mailboxes from files')
    .description(
      'Imports files and folders in the order in which their contents depend on each other. Started again it goes on where it stopped.',
    )
    .argument('<path...>', 'files, folders, or - for standard input')
    .addOption(
      new Option('--format <format>', 'format of the files; auto tells it by name and columns')
        .choices(Object.keys(FORMATS))
        .default('auto'),
    )
    .option('--account <id>', 'account for domains and zones that no mapping names, such as ref:C-1001')
    .option('--domains <csv>', 'CSV of domains and zones with their accounts')
    .option('--errors <file>', 'write every line that was not imported to this file')
    .addHelpText(
      'after',
      '\nExample: abeyance import samples/ --errors refused.txt\nLines that were not imported are told as file:line: reason, and the exit code is then 6, or 1 when none was imported.',
    )
    .action(remote<ImportOptions>(surroundings, run));
}

async function run(session: Session, paths: readonly string[], options: ImportOptions): Promise<ExitCode> {
  const { terminal } = session;
  const progress = makeProgress(terminal, 'import', 'bytes', session.isJson);
  const format = FORMATS[options.format];
  let result: ImportResult;
  // A file that cannot be written is better known before an hour of work than after it.
  if (options.errors !== undefined) writeFileSync(options.errors, '');
  try {
    result = await importPaths(session.client, paths, {
      ...(format === null ? {} : { format }),
      ...(options.account === undefined ? {} : { account: options.account }),
      ...(options.domains === undefined ? {} : { domains: options.domains }),
      onProgress: (done, total, totals) =>
        progress.update(done, total, `${countText(totals.created)} created, ${countText(totals.failed)} failed`),
    });
  } finally {
    progress.stop();
  }
  const { created, existed, failed, refusals } = result;
  const lines = refusals.map(({ file, line, reason }) => `${file}:${line}: ${reason}`);
  if (options.errors !== undefined) writeFileSync(options.errors, lines.map((line) => `${line}\n`).join(''));
  else if (!session.isJson) for (const line of lines) terminal.note(line);
  session.show({ created, existed, failed, refusals }, () => {
    terminal.line(`${countText(created)} created, ${countText(existed)} there already, ${countText(failed)} failed`);
    if (options.errors !== undefined && failed > 0) terminal.note(`What failed, and why: ${options.errors}`);
  });
  if (failed === 0) return EXIT.done;
  return created + existed > 0 ? EXIT.partlyDone : EXIT.failed;
}
