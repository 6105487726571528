/** `update`: sets fields of an entity. */
import type { Command } from 'commander';
import type { EntityView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { readFieldArguments } from '#cli/field-arguments.ts';
import { entityName } from '#cli/render/words.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

export function addUpdate(program: Command, surroundings: Surroundings): void {
  program
    .command('update')
    .helpGroup('Change:')
    .summary('set fields of an entity')
    .description('Sets the fields that are named and leaves the others. name:=null takes a value away.')
    .argument('<entity>', 'UUID, number or identifier')
    .argument('<field=value...>', 'name=text, name:=JSON, name=@file for a secret or a long value')
    .addHelpText('after', '\nExample: abeyance update ref:C-1001 city=Utrecht postcode:=null')
    .action(
      remote(surroundings, async (session, args) => {
        const before = await session.client.get<EntityView>(entityPath(argumentAt(args, 0)));
        const body = readFieldArguments(before.kind, args.slice(1));
        const after = await session.client.request<EntityView>('PATCH', entityPath(before.id), { body });
        session.show(after, () =>
          session.terminal.line(`Updated: ${entityName(after)}, now at version ${after.version}.`),
        );
      }),
    );
}
