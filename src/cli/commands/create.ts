/** `create`: one entity of any kind from fields on the command line. */
import { Argument, type Command } from 'commander';
import { KINDS } from '#core/kind.ts';
import type { EntityView } from '#cli/api-types.ts';
import { readFieldArguments, readKind } from '#cli/field-arguments.ts';
import { entityName } from '#cli/render/words.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

export function addCreate(program: Command, surroundings: Surroundings): void {
  program
    .command('create')
    .helpGroup('Change:')
    .summary('create an entity')
    .description('Creates an entity.')
    .addArgument(new Argument('<kind>', 'kind of the entity').choices(KINDS))
    .argument(
      '<field=value...>',
      'fields, parent and owner: name=text, name:=JSON, name=@file for a secret or a long value',
    )
    .addHelpText('after', '\nExample: abeyance create sip_account parent=sip:example.com username=alice password=@-')
    .action(
      remote(surroundings, async (session, args) => {
        const kind = readKind(argumentAt(args, 0));
        const body = readFieldArguments(kind, args.slice(1));
        if (body['parent'] === 'platform') body['parent'] = '0';
        const isAccount = kind === 'account';
        const entity = await session.client.post<EntityView>(
          isAccount ? '/v1/accounts' : '/v1/resources',
          isAccount ? body : { kind, ...body },
        );
        session.show(entity, () => {
          session.terminal.line(`Created: ${entityName(entity)}.`);
          session.terminal.line(session.terminal.paint('gray', entity.id));
        });
      }),
    );
}
