/** `serve`: runs the server here until it is told to stop. */
import type { Command } from 'commander';
import { readPort } from '#cli/number-argument.ts';
import type { ServeOptions } from '#cli/local-commands.ts';
import { EXIT } from '#cli/exit-code.ts';
import type { Surroundings } from '#cli/session.ts';

export function addServe(program: Command, { local, finish }: Surroundings): void {
  program
    .command('serve')
    .helpGroup('Server:')
    .summary('run the server')
    .description('Runs the server until Ctrl-C or SIGTERM. Each option wins over its setting in the environment.')
    .option('--host <address>', 'address to listen on (ABEYANCE_HOST, 127.0.0.1)')
    .option('--port <number>', 'port to listen on (ABEYANCE_PORT, 8080)', readPort)
    .option('--data <folder>', 'data folder (ABEYANCE_DATA, ./data)')
    .option('--role <role>', 'all, api or worker (ABEYANCE_ROLE, all)')
    .action(async (options: ServeOptions) => {
      await local.serve(options);
      finish(EXIT.done);
    });
}
