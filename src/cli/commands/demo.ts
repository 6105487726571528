/** `demo`: a server on fresh data, the sample operator, and the story of a suspension. */
import type { Command } from 'commander';
import { EXIT } from '#cli/exit-code.ts';
import type { Surroundings } from '#cli/session.ts';

export function addDemo(program: Command, { local, finish }: Surroundings): void {
  program
    .command('demo')
    .helpGroup('Server:')
    .summary('show what it does, on sample data')
    .description(
      'Starts a server on fresh temporary data, imports the sample operator, suspends and resumes a reseller before your eyes, and stays up until Ctrl-C.',
    )
    .option('--exit', 'end after the story')
    .action(async (options: { exit?: true }) => {
      await local.demo({ exit: options.exit === true });
      finish(EXIT.done);
    });
}
