/** `show`: one entity with its fields, its standing and the holds that were placed on it. */
import type { Command } from 'commander';
import type { EntityView, HoldView, StandingView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { holdTable } from '#cli/render/hold-table.ts';
import { pairLines } from '#cli/render/table.ts';
import { kindTitle, standingWord, timeText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

/** Members that the head of the output shows, in its own words. */
const HEAD = new Set([
  'id',
  'number',
  'kind',
  'label',
  'standing',
  'lifecycle',
  'closedAt',
  'identifiers',
  'createdAt',
  'updatedAt',
]);

export function addShow(program: Command, surroundings: Surroundings): void {
  program
    .command('show')
    .helpGroup('Look:')
    .summary('show one entity')
    .description('Shows the fields of an entity, its standing, and the holds that were placed on it.')
    .argument('<entity>', 'UUID, number or identifier, such as sip:alice@example.com')
    .action(remote(surroundings, run));
}

async function run(session: Session, args: readonly string[]): Promise<void> {
  const { client, terminal } = session;
  const entity = await client.get<EntityView>(entityPath(argumentAt(args, 0)));
  const [standing, holds] = await Promise.all([
    client.get<StandingView>(entityPath(entity.id, '/standing')),
    client.listAll<HoldView>(entityPath(entity.id, '/holds')),
  ]);
  session.show({ ...entity, holds, reasons: standing.reasons }, () => {
    terminal.line(
      `${kindTitle(entity.kind)} ${terminal.paint('bold', entity.label)} is ${standingWord(entity.standing, terminal.paint)}`,
    );
    for (const line of pairLines(pairsOf(entity), '  ')) terminal.line(line);
    const inherited = standing.reasons.filter((reason) => reason.inherited).length;
    if (holds.length > 0) terminal.line(`${terminal.paint('bold', 'Holds')} placed on it:`);
    for (const line of holdTable(holds, terminal.paint)) terminal.line(`  ${line}`);
    if (inherited > 0)
      terminal.line(
        `${inherited} more from elsewhere: abeyance why ${entity.identifiers[0] ?? entity.number} tells them.`,
      );
  });
}

function pairsOf(entity: EntityView): [string, string][] {
  const fields = Object.entries(entity).filter(
    ([name, value]) =>
      !HEAD.has(name) && value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return [
    ['id', `${entity.id} (number ${entity.number})`],
    ...entity.identifiers.map((identifier): [string, string] => ['identifier', identifier]),
    ...fields.map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
    ['created', timeText(entity.createdAt)],
    ['updated', timeText(entity.updatedAt)],
    ...(entity.closedAt == null ? [] : [['closed', timeText(entity.closedAt)] satisfies [string, string]]),
  ];
}
