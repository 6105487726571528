/** `restore`: the installation as a backup has it. What is there now is replaced, so the user is asked. */
import type { Command } from 'commander';
import { CommandFailed, EXIT } from '#cli/exit-code.ts';
import type { CommonOptions, Surroundings } from '#cli/session.ts';

export function addRestore(program: Command, { local, terminal, finish }: Surroundings): void {
  program
    .command('restore')
    .helpGroup('Care:')
    .summary('replace the installation by a backup')
    .description(
      'Replaces everything by what the backup holds. Followers of changes load afresh. Stop the server first.',
    )
    .argument('<file>', 'file that backup wrote')
    .action(async (file: string, _options: object, command: Command) => {
      if (command.optsWithGlobals<CommonOptions>().yes !== true) {
        if (!terminal.canAsk)
          throw new CommandFailed('restore replaces everything, and nobody can be asked here: add --yes');
        const isMeant = await terminal.confirm(`Replace everything by ${file}?`, new AbortController().signal);
        if (!isMeant) throw new CommandFailed('nothing was changed');
      }
      for (const line of await local.restore(file)) terminal.line(line);
      finish(EXIT.done);
    });
}
