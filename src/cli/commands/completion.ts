/** `completion`: the script by which a shell completes commands, options and their choices. */
import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '#cli/completion-script.ts';
import { EXIT } from '#cli/exit-code.ts';
import type { Surroundings } from '#cli/session.ts';

export function addCompletion(program: Command, { terminal, finish }: Surroundings): void {
  program
    .command('completion')
    .helpGroup('Server:')
    .summary('print the tab completion of a shell')
    .description('Prints the script for tab completion.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      [
        '',
        'bash: source <(abeyance completion bash)',
        'zsh:  source <(abeyance completion zsh)',
        'fish: abeyance completion fish | source',
      ].join('\n'),
    )
    .action(async (shell: Shell) => {
      await terminal.write(completionScript(program, shell));
      finish(EXIT.done);
    });
}
