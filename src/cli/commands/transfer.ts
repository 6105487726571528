/** `transfer`: gives a record to another owner, or back to its container's account. */
import type { Command } from 'commander';
import type { EntityView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { entityName, standingWord } from '#cli/render/words.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

export function addTransfer(program: Command, surroundings: Surroundings): void {
  program
    .command('transfer')
    .helpGroup('Change:')
    .summary('give a record to another owner')
    .description(
      "Assigns a record to an account. Its place in the tree stays; holds of the new owner's side reach it from now on.",
    )
    .argument('<entity>', 'UUID, number or identifier of the record')
    .argument('<owner>', 'the account, named in the same way; "none" gives it back to its container\'s account')
    .action(
      remote(surroundings, async (session, args) => {
        const { client, terminal } = session;
        const wanted = argumentAt(args, 1);
        const owner = wanted === 'none' ? null : await client.get<EntityView>(entityPath(wanted));
        const given = await client.post<EntityView>(entityPath(argumentAt(args, 0), '/transfer'), {
          owner: owner?.id ?? null,
        });
        const whose = owner === null ? "its container's account" : entityName(owner);
        session.show(given, () =>
          terminal.line(
            `Transferred: ${entityName(given)} belongs to ${whose} and is ${standingWord(given.standing, terminal.paint)}.`,
          ),
        );
      }),
    );
}
