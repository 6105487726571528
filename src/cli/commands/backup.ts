/** `backup`: the whole installation into one file. */
import type { Command } from 'commander';
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
    .argument('<file>', 'file to write; it holds credentials, keep it safe')
    .action(async (file: string) => {
      for (const line of await local.backup(file)) terminal.line(line);
      finish(EXIT.done);
    });
}
