/** `restore`: an empty installation becomes what a backup holds. */
import type { Command } from 'commander';
import { copying } from '#cli/copying.ts';
import { EXIT } from '#cli/exit-code.ts';
import type { Surroundings } from '#cli/session.ts';

export function addRestore(program: Command, { local, terminal, finish }: Surroundings): void {
  program
    .command('restore')
    .helpGroup('Care:')
    .summary('fill an empty installation from a backup')
    .description(
      'Fills an empty installation with what the backup holds, all of it or nothing. Followers of changes load afresh. Stop the server first, and put the secret.key that belongs to the backup into the data folder.',
    )
    .argument('<file>', 'file that backup wrote, - for standard input')
    .option(
      '--accept-other-key',
      'restore although the secret key is another: the change log can never be verified then, and sealed values are left out',
    )
    .action(async (file: string, options: { acceptOtherKey?: boolean }) => {
      const acceptOtherKey = options.acceptOtherKey === true;
      const lines = await copying(terminal, 'restore', (common) => local.restore(file, { ...common, acceptOtherKey }));
      for (const line of lines) terminal.line(line);
      finish(EXIT.done);
    });
}
