/** `close`: ends an entity and all beneath it for ever, which is why it is never done unasked. */
import type { Command } from 'commander';
import type { EntityView } from '#cli/api-types.ts';
import { carryOut } from '#cli/carry-out.ts';
import { entityPath } from '#cli/client.ts';
import { entityName } from '#cli/render/words.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

export function addClose(program: Command, surroundings: Surroundings): void {
  program
    .command('close')
    .helpGroup('Change:')
    .summary('close an entity and all beneath it, for ever')
    .description(
      'Closes an entity with its whole subtree. There is no way back; to hold something for a while, suspend it.',
    )
    .argument('<entity>', 'UUID, number or identifier')
    .action(
      remote(surroundings, async (session, args) => {
        const entity = await session.client.get<EntityView>(entityPath(argumentAt(args, 0)));
        const closed = await carryOut<EntityView>(session, {
          entity,
          doing: 'Closing for ever',
          intent: { action: 'close' },
          direct: null,
        });
        session.show(closed, () =>
          session.terminal.line(`${session.terminal.paint('gray', 'Closed')}: ${entityName(entity)}.`),
        );
      }),
    );
}
