/** `plan`: what a change would do, without doing it. */
import type { Command } from 'commander';
import type { EntityView } from '#cli/api-types.ts';
import { makePlan } from '#cli/carry-out.ts';
import { entityPath } from '#cli/client.ts';
import { UsageError } from '#cli/exit-code.ts';
import { addHoldOptions, type HoldOptions, readHold } from '#cli/hold-arguments.ts';
import { planLines } from '#cli/render/plan-lines.ts';
import { entityName } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface PlanOptions extends HoldOptions {
  readonly lift?: string;
  readonly close?: true;
}

export function addPlan(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('plan')
    .helpGroup('Change:')
    .summary('show what a change would do')
    .description(
      'Shows how many entities of each kind a hold, a lift or a close would change, and gives a token with which exactly that can be applied.',
    )
    .argument('<entity>', 'UUID, number or identifier')
    .option('--lift <hold>', 'plan the lifting of this hold')
    .option('--close', 'plan the closing');
  addHoldOptions(command)
    .addHelpText('after', '\nExample: abeyance plan ref:R-1 --profile bad_payer')
    .action(remote<PlanOptions>(surroundings, run));
}

async function run(session: Session, args: readonly string[], options: PlanOptions): Promise<void> {
  const { terminal } = session;
  const chosen = [options.lift !== undefined, options.close === true, options.profile !== undefined].filter(
    Boolean,
  ).length;
  if (chosen > 1) throw new UsageError('--profile, --lift and --close are three plans: give one of them');
  const entity = await session.client.get<EntityView>(entityPath(argumentAt(args, 0)));
  const [doing, intent] = intentOf(options);
  const plan = await makePlan(session, entity, intent);
  session.show(plan, () => {
    for (const line of planLines(`${doing} ${entityName(entity)}`, plan, terminal.paint)) terminal.line(line);
    terminal.line(`To carry it out: abeyance apply ${plan.token}`);
  });
}

function intentOf(options: PlanOptions): [doing: string, intent: { action: string } & Record<string, unknown>] {
  if (options.lift !== undefined) return ['Lifting this hold of', { action: 'lift', hold: options.lift }];
  if (options.close) return ['Closing', { action: 'close' }];
  const hold = readHold(options);
  return [`A hold of profile ${hold.profile} on`, { action: 'hold', ...hold }];
}
