/** `erase`: takes away the personal data of a closed account and of all beneath it, which nothing brings back. */
import type { Command } from 'commander';
import type { EntityView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { CommandFailed } from '#cli/exit-code.ts';
import { entitiesText, entityName } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

export function addErase(program: Command, surroundings: Surroundings): void {
  program
    .command('erase')
    .helpGroup('Change:')
    .summary('erase the personal data of a closed account, for ever')
    .description(
      'Erases what names people in a closed account, in everything beneath it and in what it owns elsewhere. The log of changes still proves itself. There is no way back.',
    )
    .argument('<entity>', 'UUID, number or identifier of a closed account')
    .action(remote(surroundings, run));
}

async function run(session: Session, args: readonly string[]): Promise<void> {
  const { client, terminal, isJson, isConfirmed } = session;
  const entity = await client.get<EntityView>(entityPath(argumentAt(args, 0)));
  if (!isConfirmed) {
    if (isJson || !terminal.canAsk)
      throw new CommandFailed(`Erasing ${entityName(entity)} is for ever, and nobody can be asked here: add --yes`);
    terminal.line(`Erasing ${entityName(entity)}: all that names people in it and beneath it goes, for ever.`);
    if (!(await terminal.confirm('Go on?', session.signal))) throw new CommandFailed('nothing was changed');
  }
  const erased = await client.post<{ readonly entities: number }>(entityPath(entity.id, '/erase'), {});
  session.show(erased, () =>
    terminal.line(
      erased.entities === 0
        ? 'It was erased before; nothing was left to do.'
        : `${terminal.paint('gray', 'Erased')}: the personal data of ${entitiesText(erased.entities)}.`,
    ),
  );
}
