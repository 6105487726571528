/** `operations`: the receipt of a change: how it stands with each system that has to be told of it. */
import type { Command } from 'commander';
import type { ReceiptView, TargetView } from '#cli/system-types.ts';
import type { ExitCode } from '#cli/exit-code.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { timeText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';
import {
  type WaitOptions,
  addWaitOption,
  exitOf,
  operationPath,
  readWait,
  receiptLines,
  waitForSystems,
} from '#cli/wait-for-systems.ts';

import { targetLines } from './targets.ts';

interface ReceiptOptions extends WaitOptions {
  readonly system?: string;
  readonly outcome?: string;
  readonly limit?: number;
}

/** As many as a person reads. */
const SHOWN_DEFAULT = 20;
const SHOWN_MAX = 1_000;

export function addOperations(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('operations')
    .helpGroup('Systems:')
    .summary('show what became of a change in every system')
    .description('Shows the receipt of a change: totals for each system, then its targets.')
    .argument('<revision>', 'the revision of the change, as changes shows it')
    .option('--system <name>', 'targets of this system only')
    .option('--outcome <outcomes>', 'targets of these outcomes only, with commas between them: failed,retrying')
    .option('--limit <number>', 'so many targets at the most (20)', wholeNumber(1, SHOWN_MAX));
  addWaitOption(command)
    .addHelpText('after', '\nExample: abeyance operations 4019 --wait=5m')
    .action(remote<ReceiptOptions>(surroundings, run));
}

async function run(session: Session, args: readonly string[], options: ReceiptOptions): Promise<ExitCode> {
  const { client, terminal } = session;
  const revision = argumentAt(args, 0);
  // A revision that is none is told before anything is waited for.
  const path = operationPath(revision);
  const read = () =>
    client.get<ReceiptView>(path, {
      system: options.system,
      outcome: options.outcome,
      limit: options.limit ?? SHOWN_DEFAULT,
    });
  let receipt = await read();
  if (options.wait !== undefined) {
    await waitForSystems(session, [receipt.revision], readWait(options.wait));
    receipt = await read();
  }
  session.show(receipt, () => {
    terminal.line(`${receipt.kind} by ${receipt.actor} at ${timeText(receipt.at)}: ${receipt.state}.`);
    for (const line of receiptLines(receipt)) terminal.line(line);
    const items: readonly TargetView[] = receipt.items;
    for (const line of targetLines(items, session, true)) terminal.line(line);
    if (receipt.next !== null) terminal.line('There are more targets; --limit, --system and --outcome choose.');
  });
  return exitOf(options.wait === undefined ? [{ ...receipt, state: 'settled' }] : [receipt]);
}
