/** `resume`: lifts the holds that were placed on an entity, and says what still holds it from elsewhere. */
import type { Command } from 'commander';
import type { EntityView, HoldView, StandingView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { ApiProblem } from '#cli/client-error.ts';
import { CommandFailed, EXIT, type ExitCode, UsageError } from '#cli/exit-code.ts';
import { whyLines } from '#cli/render/why-lines.ts';
import { entityName } from '#cli/render/words.ts';
import { type WaitOptions, addWaitOption, showAndWait } from '#cli/wait-for-systems.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface ResumeOptions extends WaitOptions {
  readonly hold?: string;
  readonly profile?: string;
}

export function addResume(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('resume')
    .helpGroup('Change:')
    .summary('lift the holds of an entity')
    .description(
      'Lifts the holds in force that were placed on the entity itself. Holds from above stay, and are named.',
    )
    .argument('<entity>', 'UUID, number or identifier')
    .option('--hold <id>', 'lift this hold only; also one that has not begun yet')
    .option('--profile <name>', 'lift the holds of this profile only');
  addWaitOption(command).action(remote<ResumeOptions>(surroundings, run));
}

async function run(session: Session, args: readonly string[], options: ResumeOptions): Promise<ExitCode> {
  const { client, terminal } = session;
  if (options.hold !== undefined && options.profile !== undefined)
    throw new UsageError('--hold and --profile are two choices: give one of them');
  const entity = await client.get<EntityView>(entityPath(argumentAt(args, 0)));
  const holds = (await client.listAll<HoldView>(entityPath(entity.id, '/holds'))).filter(
    (hold) => hold.endedAt === null,
  );
  const chosen = chooseHolds(holds, options, entity);
  const lifted: HoldView[] = [];
  const revisions: number[] = [];
  const onRevision = (revision: number) => void revisions.push(revision);
  const refused: { hold: HoldView; problem: ApiProblem }[] = [];
  for (const hold of chosen) {
    try {
      lifted.push(await client.request<HoldView>('DELETE', entityPath(entity.id, `/holds/${hold.id}`), { onRevision }));
    } catch (error) {
      if (!(error instanceof ApiProblem) || chosen.length === 1) throw error;
      refused.push({ hold, problem: error });
    }
  }
  const standing = await client.get<StandingView>(entityPath(entity.id, '/standing'));
  const scheduled = holds.filter((hold) => !hold.inForce && !chosen.includes(hold));
  const waited = await showAndWait(
    session,
    options,
    revisions,
    {
      lifted,
      refused: refused.map(({ hold, problem }) => ({ hold: hold.id, code: problem.code, detail: problem.message })),
      standing,
    },
    () => {
      for (const hold of lifted)
        terminal.line(
          `${terminal.paint('green', 'Lifted')}: ${hold.profile}${hold.note === null ? '' : `, ${hold.note}`}`,
        );
      if (chosen.length === 0) terminal.line('There was nothing to lift: no hold in force was placed on it.');
      for (const line of whyLines(entity, standing, [], terminal.paint)) terminal.line(line);
      for (const hold of scheduled)
        terminal.line(
          `A scheduled hold stays: ${hold.profile}; abeyance resume ${entity.number} --hold ${hold.id} takes it away.`,
        );
    },
  );
  for (const { hold, problem } of refused)
    terminal.note(`${hold.profile} (${hold.id}) was not lifted: ${problem.message}`);
  if (refused.length === 0) return waited;
  if (lifted.length > 0) return EXIT.partlyDone;
  return refused.some(({ problem }) => problem.httpStatus === 403) ? EXIT.notAllowed : EXIT.failed;
}

/** What was named must be there; without a name whatever is in force is meant, also when that is nothing. */
function chooseHolds(holds: readonly HoldView[], options: ResumeOptions, entity: EntityView): HoldView[] {
  const { hold: id, profile } = options;
  if (id === undefined && profile === undefined) return holds.filter((hold) => hold.inForce);
  const chosen =
    id === undefined
      ? holds.filter((hold) => hold.inForce && hold.profile === profile)
      : holds.filter((hold) => hold.id === id.toLowerCase());
  if (chosen.length > 0) return chosen;
  const wanted = id === undefined ? `no hold of profile ${profile} in force` : `no hold ${id}`;
  const there = holds.length === 0 ? 'none' : holds.map((hold) => `${hold.profile} (${hold.id})`).join(', ');
  throw new CommandFailed(`there is ${wanted} on ${entityName(entity)}; placed there: ${there}`);
}
