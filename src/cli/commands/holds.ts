/** `holds`: the holds that were placed on an entity. */
import type { Command } from 'commander';
import type { HoldView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { holdTable } from '#cli/render/hold-table.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

interface HoldsOptions {
  readonly ended?: true;
}

export function addHolds(program: Command, surroundings: Surroundings): void {
  program
    .command('holds')
    .helpGroup('Look:')
    .summary('list the holds placed on an entity')
    .description(
      'Lists the holds that were placed on the entity itself, in force and scheduled. Those from above are told by why.',
    )
    .argument('<entity>', 'UUID, number or identifier')
    .option('--ended', 'list those that have ended too')
    .action(
      remote<HoldsOptions>(surroundings, async (session, args, options) => {
        const path = entityPath(argumentAt(args, 0), '/holds');
        const holds = await session.client.listAll<HoldView>(path, options.ended ? { ended: true } : {});
        session.show(holds, () => {
          for (const line of holdTable(holds, session.terminal.paint)) session.terminal.line(line);
          if (holds.length === 0) session.terminal.line('No hold is placed on it.');
        });
      }),
    );
}
