/** `rotate-secret`: another secret key, and everything that the former one sealed sealed anew. */
import type { Command } from 'commander';
import { copying } from '#cli/copying.ts';
import { EXIT } from '#cli/exit-code.ts';
import type { Surroundings } from '#cli/session.ts';

export function addRotateSecret(program: Command, { local, terminal, finish }: Surroundings): void {
  program
    .command('rotate-secret')
    .helpGroup('Care:')
    .summary('replace the secret key')
    .description(
      'Replaces the secret key of the installation and seals anew what the former one sealed, all of it or nothing. Stop the server first. The new key is made, or taken from ABEYANCE_NEW_SECRET_KEY.',
    )
    .action(async () => {
      const lines = await copying(terminal, 'rotate-secret', ({ signal }) => local.rotateSecret({ signal }));
      for (const line of lines) terminal.line(line);
      finish(EXIT.done);
    });
}
