/** `why`: who holds what, since when, until when, inherited from where. */
import { Argument, type Command } from 'commander';
import { ACTIONS } from '#core/action.ts';
import type { DecisionView, EntityView, ExplainView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { decisionLines, whyLines } from '#cli/render/why-lines.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface WhyOptions {
  readonly destination?: string;
}

export function addWhy(program: Command, surroundings: Surroundings): void {
  program
    .command('why')
    .helpGroup('Look:')
    .summary('explain the standing of an entity, or one decision')
    .description(
      'Tells in words what holds an entity: which profile, placed by whom, since when, until when, inherited from where.',
    )
    .argument('<subject>', 'UUID, number or identifier, such as tel:+31208005100')
    .addArgument(new Argument('[action]', 'one action to decide too').choices(ACTIONS))
    .option('--destination <number>', 'who is called, for call.out: emergency numbers are known as such')
    .addHelpText('after', '\nExample: abeyance why sip:alice@example.com call.out')
    .action(remote<WhyOptions>(surroundings, run));
}

async function run(session: Session, args: readonly string[], options: WhyOptions): Promise<void> {
  const { client, terminal } = session;
  const subject = argumentAt(args, 0);
  const action = args[1];
  const entity = await client.get<EntityView>(entityPath(subject));
  const explained = await client.get<ExplainView>(entityPath(entity.id, '/explain'));
  const decision =
    action === undefined
      ? null
      : await client.get<DecisionView>('/v1/decisions', {
          subject: entity.id,
          action,
          destination: options.destination,
        });
  session.show(decision === null ? explained : { ...explained, decision }, () => {
    for (const line of whyLines(entity, explained.standing, explained.chain, terminal.paint)) terminal.line(line);
    if (decision === null) return;
    const names = new Map(explained.chain.map((node) => [node.id, node]));
    // The reasons of a target stand in the decision alone; those above were told already.
    const told = new Set(explained.standing.reasons.map(({ hold, entity: at }) => hold ?? at));
    const untold = decision.reasons.filter(({ hold, entity: at }) => !told.has(hold ?? at));
    for (const line of decisionLines({ ...decision, subject, reasons: untold }, names, terminal.paint))
      terminal.line(line);
  });
}
