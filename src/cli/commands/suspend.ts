/** `suspend`: places a hold on an entity, and so on all that lies beneath it. */
import type { Command } from 'commander';
import type { EntityView, HoldView, PlanView, ProfileView } from '#cli/api-types.ts';
import { carryOut } from '#cli/carry-out.ts';
import { entityPath } from '#cli/client.ts';
import { ApiProblem } from '#cli/client-error.ts';
import type { ExitCode } from '#cli/exit-code.ts';
import { addHoldOptions, type HoldOptions, readHold } from '#cli/hold-arguments.ts';
import { entityName, timeText } from '#cli/render/words.ts';
import { type WaitOptions, addWaitOption, showAndWait } from '#cli/wait-for-systems.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

export function addSuspend(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('suspend')
    .helpGroup('Change:')
    .summary('place a hold on an entity and all beneath it')
    .description(
      'Places a hold. At a terminal it shows first what it would change, and asks when that is more than one entity.',
    )
    .argument('<entity>', 'UUID, number or identifier');
  addWaitOption(addHoldOptions(command))
    .addHelpText(
      'after',
      '\nExample: abeyance suspend ref:C-1001 --profile bad_payer --note "invoice 4711" --ref INV-4711',
    )
    .action(remote<HoldOptions & WaitOptions>(surroundings, run));
}

async function run(session: Session, args: readonly string[], options: HoldOptions & WaitOptions): Promise<ExitCode> {
  const revisions: number[] = [];
  const onRevision = (revision: number) => void revisions.push(revision);
  let enders: readonly string[] = [];
  const { client, terminal } = session;
  const body = readHold(options);
  const entity = await client.get<EntityView>(entityPath(argumentAt(args, 0)));
  const hold = await carryOut<HoldView>(session, {
    entity,
    doing: `A hold of profile ${body.profile} on`,
    intent: { action: 'hold', ...body },
    direct: () => client.post<HoldView>(entityPath(entity.id, '/holds'), body, { onRevision }),
    onPlan: (plan) => (enders = endersOf(plan)),
    onRevision,
  });
  const ends = hold.inForce && !session.isJson && (await endsSessions(session, hold.profile));
  return showAndWait(session, options, revisions, hold, () => {
    const until = hold.endsAt === null ? 'until somebody lifts it' : `until ${timeText(hold.endsAt)}`;
    if (hold.inForce)
      terminal.line(`${terminal.paint('red', 'Held')}: ${entityName(entity)}, profile ${hold.profile}, ${until}.`);
    else
      terminal.line(
        `${terminal.paint('yellow', 'Scheduled')}: ${entityName(entity)}, profile ${hold.profile}, from ${timeText(hold.startsAt ?? hold.placedAt)} ${until}.`,
      );
    terminal.line(terminal.paint('gray', `hold ${hold.id}`));
    if (ends && enders.length === 0)
      terminal.line(`Calls and sessions that run go on until they are ended: abeyance kick ${entity.number}`);
    if (ends && enders.length > 0) terminal.line(`What runs is ended by ${enders.join(', ')}.`);
  });
}

/** The systems that are told to end what runs. */
function endersOf({ effect }: PlanView): string[] {
  const ending = (effect.systems ?? []).filter(({ told }) => Object.keys(told).some((verb) => /^end\b/.test(verb)));
  return ending.map(({ system }) => system);
}

/** Whether the profile ends what runs; the hold is placed, so not being told is no failure. */
async function endsSessions({ client }: Session, profile: string): Promise<boolean> {
  try {
    return (await client.get<ProfileView>(`/v1/profiles/${encodeURIComponent(profile)}`)).sessions === 'end';
  } catch (error) {
    if (error instanceof ApiProblem) return false;
    throw error;
  }
}
