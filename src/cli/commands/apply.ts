/** `apply`: carries out a plan that was made before, unless the tree has changed where it looked. */
import type { Command } from 'commander';
import { applyPlan } from '#cli/carry-out.ts';
import { entitiesText } from '#cli/render/words.ts';
import { type WaitOptions, addWaitOption, showAndWait } from '#cli/wait-for-systems.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

export function addApply(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('apply')
    .helpGroup('Change:')
    .summary('carry out a plan')
    .description(
      'Carries out a plan by its token. Refused when a change of shape, hold, profile or lifecycle has touched what it looked at.',
    )
    .argument('<token>', 'token that plan gave');
  addWaitOption(command).action(
    remote<WaitOptions>(surroundings, async (session, args, options) => {
      const revisions: number[] = [];
      const applied = await applyPlan<Record<string, unknown>>(
        session,
        argumentAt(args, 0),
        (revision) => void revisions.push(revision),
      );
      return showAndWait(session, options, revisions, applied, () => {
        session.terminal.line('Done as planned.');
        if (applied.createdSince > 0)
          session.terminal.line(`${entitiesText(applied.createdSince)} came in beneath it since the plan was made.`);
      });
    }),
  );
}
