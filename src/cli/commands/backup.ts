/** `backup`: the whole installation into one file. */
import type { Command } from 'commander';
import { copying } from '#cli/copying.ts';
import { EXIT } from '#cli/exit-code.ts';
import type { Surroundings } from '#cli/session.ts';

export function addBackup(program: Command, { local, terminal, finish }: Surroundings): void {
  program
    .command('backup')
    .helpGroup('Care:')
    .summary('write a backup to a file')
    .description(
      "Writes a backup of the whole installation. It works on this machine's data folder or on DATABASE_URL, whether the server runs or not.",
    )
    .argument('<file>', 'file to write, - for standard output; it holds credentials, keep it safe')
    .action(async (file: string) => {
      const lines = await copying(terminal, 'backup', (options) => local.backup(file, options));
      // The standard output may be the backup itself.
      for (const line of lines) terminal.note(line);
      finish(EXIT.done);
    });
}
