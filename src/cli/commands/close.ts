/** `close`: ends an entity and all beneath it for ever, which is why it is never done unasked. */
import type { Command } from 'commander';
import type { EntityView } from '#cli/api-types.ts';
import { carryOut } from '#cli/carry-out.ts';
import { entityPath } from '#cli/client.ts';
import { entityName } from '#cli/render/words.ts';
import { type WaitOptions, addWaitOption, showAndWait } from '#cli/wait-for-systems.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

export function addClose(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('close')
    .helpGroup('Change:')
    .summary('close an entity and all beneath it, for ever')
    .description(
      'Closes an entity with its whole subtree. There is no way back; to hold something for a while, suspend it.',
    )
    .argument('<entity>', 'UUID, number or identifier');
  addWaitOption(command).action(
    remote<WaitOptions>(surroundings, async (session, args, options) => {
      const revisions: number[] = [];
      const entity = await session.client.get<EntityView>(entityPath(argumentAt(args, 0)));
      const closed = await carryOut<EntityView>(session, {
        entity,
        doing: 'Closing for ever',
        intent: { action: 'close' },
        direct: null,
        onRevision: (revision) => void revisions.push(revision),
      });
      return showAndWait(session, options, revisions, closed, () =>
        session.terminal.line(`${session.terminal.paint('gray', 'Closed')}: ${entityName(entity)}.`),
      );
    }),
  );
}
