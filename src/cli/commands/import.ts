/** `import`: what operators have, read from files and folders. */
import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { EXIT, type ExitCode, UsageError } from '#cli/exit-code.ts';
import { type ImportResult, importPaths } from '#cli/import-paths.ts';
import { importRestcomm, type RestcommResult } from '#cli/import-restcomm.ts';
import type { ImportTotals, KindTotals } from '#cli/import/import-run.ts';
import type { ImportFormat } from '#cli/import/import-source.ts';
import type { BadLine } from '#cli/import/parsed.ts';
import { makeProgress } from '#cli/progress.ts';
import { tableLines } from '#cli/render/table.ts';
import { countText } from '#cli/render/words.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';
import type { Paint } from '#cli/terminal.ts';

interface ImportOptions {
  readonly format: keyof typeof FORMATS;
  readonly account?: string;
  readonly domains?: string;
  readonly errors?: string;
  readonly restcomm?: string;
  readonly parent?: string;
  readonly domain?: string;
  readonly provider?: string;
  readonly ownHolds?: boolean;
  readonly dryRun?: boolean;
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
    .argument('[path...]', 'files, folders, or - for standard input')
    .addOption(
      new Option('--format <format>', 'format of the files; auto tells it by name and columns')
        .choices(Object.keys(FORMATS))
        .default('auto'),
    )
    .option('--account <id>', 'account for domains and zones that no mapping names, such as ref:C-1001')
    .option('--domains <csv>', 'CSV of domains and zones with their accounts')
    .option('--errors <file>', 'write every line that was not imported to this file')
    .option('--restcomm <folder>', 'import the database of a Restcomm-Connect, from CSV files of its tables')
    .option('--parent <id>', 'with --restcomm: account beneath which all is made; absent: the platform')
    .option('--domain <name>', 'with --restcomm: SIP domain of accounts without an organization')
    .option('--provider <name>', 'with --restcomm: number provider that has the numbers')
    .option('--own-holds', 'with --restcomm: hold each suspended account by itself, also beneath a suspended one')
    .option('--dry-run', 'with --restcomm: read and judge, and send nothing')
    .addHelpText(
      'after',
      '\nExample: abeyance import samples/ --errors refused.txt\nLines that were not imported are told as file:line: reason, and the exit code is then 6, or 1 when none was imported.',
    )
    .action(remote<ImportOptions>(surroundings, run));
}

async function run(session: Session, paths: readonly string[], options: ImportOptions): Promise<ExitCode> {
  const { terminal } = session;
  if (options.restcomm !== undefined) return runRestcomm(session, options.restcomm, paths, options);
  refuseWithoutRestcomm(paths, options);
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
  tellRefusals(session, refusals, options.errors);
  session.show({ created, existed, failed, refusals }, () => tellTotals(session, result, options.errors));
  return exitCodeOf(result);
}

/** What belongs to `--restcomm` alone does nothing elsewhere, and is refused rather than passed over. */
function refuseWithoutRestcomm(paths: readonly string[], options: ImportOptions): void {
  const { parent, domain, provider, ownHolds, dryRun } = options;
  if ([parent, domain, provider, ownHolds, dryRun].some((value) => value !== undefined))
    throw new UsageError('--parent, --domain, --provider, --own-holds and --dry-run belong to --restcomm <folder>');
  if (paths.length === 0) throw new UsageError('name files or folders to import, or --restcomm <folder>');
}

async function runRestcomm(
  session: Session,
  folder: string,
  paths: readonly string[],
  options: ImportOptions,
): Promise<ExitCode> {
  const { terminal } = session;
  if (paths.length > 0 || options.account !== undefined || options.domains !== undefined || options.format !== 'auto')
    throw new UsageError('--restcomm takes one folder, and none of the other paths, --format, --account and --domains');
  const { parent, domain, provider, ownHolds = false, dryRun = false, errors } = options;
  if (errors !== undefined) writeFileSync(errors, '');
  const progress = makeProgress(terminal, 'import', 'bytes', session.isJson);
  let result: RestcommResult;
  try {
    result = await importRestcomm(session.client, folder, {
      ...(parent === undefined ? {} : { parent }),
      ...(domain === undefined ? {} : { domain }),
      ...(provider === undefined ? {} : { provider }),
      hasOwnHolds: ownHolds,
      isDry: dryRun,
      onProgress: (done, total, totals, part) =>
        progress.update(done, total, `${part}: ${countText(totals.created)} done, ${countText(totals.failed)} failed`),
    });
  } finally {
    progress.stop();
  }
  const { created, existed, failed, refusals, notes } = result;
  tellRefusals(session, refusals, errors);
  if (!session.isJson) for (const line of linesOf(notes)) terminal.note(`note: ${line}`);
  const kinds = Object.fromEntries(result.kinds);
  session.show({ isDryRun: dryRun, created, existed, failed, kinds, refusals, notes }, () => {
    for (const line of kindLines(result.kinds, terminal.paint)) terminal.line(line);
    if (dryRun) terminal.line('Nothing was sent: this is what would be done on a server that has none of it.');
    else tellTotals(session, result, errors);
  });
  return exitCodeOf(result);
}

const linesOf = (lines: readonly BadLine[]) => lines.map(({ file, line, reason }) => `${file}:${line}: ${reason}`);

function tellRefusals(session: Session, refusals: readonly BadLine[], errors: string | undefined): void {
  const lines = linesOf(refusals);
  if (errors !== undefined) writeFileSync(errors, lines.map((line) => `${line}\n`).join(''));
  else if (!session.isJson) for (const line of lines) session.terminal.note(line);
}

function tellTotals({ terminal }: Session, totals: ImportTotals, errors: string | undefined): void {
  const { created, existed, failed } = totals;
  terminal.line(`${countText(created)} created, ${countText(existed)} there already, ${countText(failed)} failed`);
  if (errors !== undefined && failed > 0) terminal.note(`What failed, and why: ${errors}`);
}

function kindLines(kinds: ReadonlyMap<string, KindTotals>, paint: Paint): string[] {
  type Row = readonly [string, KindTotals];
  return tableLines<Row>(
    [...kinds],
    [
      { title: 'KIND', cell: ([kind]) => kind },
      { title: 'CREATED', cell: ([, { created }]) => countText(created), align: 'right' },
      { title: 'THERE', cell: ([, { existed }]) => countText(existed), align: 'right' },
      { title: 'FAILED', cell: ([, { failed }]) => countText(failed), align: 'right' },
    ],
    paint,
  );
}

function exitCodeOf({ created, existed, failed }: ImportTotals): ExitCode {
  if (failed === 0) return EXIT.done;
  return created + existed > 0 ? EXIT.partlyDone : EXIT.failed;
}
