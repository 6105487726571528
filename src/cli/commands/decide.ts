/** `decide`: may this subject do this now? The exit code is the answer. */
import { Argument, type Command } from 'commander';
import { ACTIONS } from '#core/action.ts';
import type { DecisionView, EntityView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { EXIT, type ExitCode } from '#cli/exit-code.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { decisionLines } from '#cli/render/why-lines.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface DecideOptions {
  readonly destination?: string;
  readonly atRevision?: number;
}

export function addDecide(program: Command, surroundings: Surroundings): void {
  program
    .command('decide')
    .helpGroup('Look:')
    .summary('ask whether a subject may do something')
    .description('Asks for one decision. The exit code is 0 for allow and 5 for deny, intercept and unknown.')
    .argument('<subject>', 'UUID, number or identifier, such as sip:alice@example.com')
    .addArgument(new Argument('<action>', 'what it wants to do').choices(ACTIONS))
    .option('--destination <number>', 'who is called, for call.out: emergency numbers are known as such')
    .option(
      '--at-revision <number>',
      'answer from this revision or a later one',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .addHelpText('after', '\nExample: abeyance decide sip:alice@example.com call.out --destination 112')
    .action(remote<DecideOptions>(surroundings, run));
}

async function run(session: Session, args: readonly string[], options: DecideOptions): Promise<ExitCode> {
  const { destination, atRevision } = options;
  const query = { subject: argumentAt(args, 0), action: argumentAt(args, 1), destination, atRevision };
  const decision = await session.client.get<DecisionView>('/v1/decisions', query);
  // A decision is made from memory, where entities have no labels; people want to read them.
  const places = session.isJson
    ? []
    : [...new Set(decision.reasons.map(({ entity }) => entity))].filter((id) => id !== null);
  const named = await Promise.all(places.map((id) => session.client.get<EntityView>(entityPath(id))));
  session.show(decision, () => {
    const names = new Map(named.map((entity) => [entity.id, entity]));
    for (const line of decisionLines(decision, names, session.terminal.paint)) session.terminal.line(line);
  });
  return decision.effect === 'allow' ? EXIT.done : EXIT.decidedNo;
}
