/** `move`: puts an entity with its subtree beneath another parent. */
import type { Command } from 'commander';
import type { EntityView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { entityName, standingWord } from '#cli/render/words.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

export function addMove(program: Command, surroundings: Surroundings): void {
  program
    .command('move')
    .helpGroup('Change:')
    .summary('move an entity beneath another parent')
    .description(
      'Moves an entity with all that lies beneath it. Holds placed on it come along; those of the old parents end, those of the new ones begin.',
    )
    .argument('<entity>', 'UUID, number or identifier')
    .argument('<parent>', 'the new parent, named in the same way; "platform" is the root')
    .action(
      remote(surroundings, async (session, args) => {
        const parent = await session.client.get<EntityView>(entityPath(argumentAt(args, 1)));
        const moved = await session.client.post<EntityView>(entityPath(argumentAt(args, 0), '/move'), {
          parent: parent.id,
        });
        session.show(moved, () =>
          session.terminal.line(
            `Moved: ${entityName(moved)} lies beneath ${entityName(parent)} and is ${standingWord(moved.standing, session.terminal.paint)}.`,
          ),
        );
      }),
    );
}
