/**
 * What every chapter of the demo's story needs: who plays, where it is told, and questions whose answers are checked.
 */
import type { DecisionView, EntityView, InstallationView } from './api-types.ts';
import type { Client } from './client.ts';
import type { Cast, World } from './demo-world.ts';
import { CommandFailed } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export type Out = Pick<Terminal, 'line' | 'paint'>;

/** Who and what a chapter needs. */
export interface Stage {
  readonly client: Client;
  readonly out: Out;
  readonly cast: Cast;
  readonly world: World;
}

/** Asks one question, checks the answer, tells it in one line and its reason in another. */
export async function ask(
  { client, out, world }: Stage,
  entity: EntityView,
  action: string,
  wanted: DecisionView['effect'],
  destination?: string,
): Promise<void> {
  const atRevision = await revisionOf(client);
  const subject = entity.identifiers[0] ?? entity.id;
  const decision = await client.get<DecisionView>('/v1/decisions', { subject, action, destination, atRevision });
  const question = `${subject} ${action}${destination === undefined ? '' : ` to ${destination}`}`;
  expect(decision.effect === wanted, `${question} should be answered with ${wanted}, and was with ${decision.effect}`);
  if (wanted === 'allow') {
    out.line(`  ${out.paint('green', 'allow')}  ${question}`);
    return;
  }
  const [reason] = decision.reasons;
  expect(reason !== undefined && decision.refusal !== null, `${question} was refused without a reason`);
  out.line(`  ${out.paint('red', decision.effect)}   ${question}: ${decision.refusal?.sip} ${decision.refusal?.text}`);
  out.line(
    out.paint(
      'gray',
      `         ${reason?.profile} at ${world.get(reason?.entity ?? '')?.label ?? reason?.label}${reason?.note ? `, ${reason.note}` : ''}`,
    ),
  );
}

/** The latest revision, so that decisions include all that was done. */
export async function revisionOf(client: Client): Promise<number> {
  return (await client.get<InstallationView>('/v1/status')).revision;
}

/** The head of a chapter. */
export function title(out: Out, text: string): void {
  out.line();
  out.line(out.paint('bold', text));
}

/** A story that is not true must not be told to its end. */
export function expect(isAsTold: boolean, otherwise: string): void {
  if (!isAsTold) throw new CommandFailed(`the story goes otherwise: ${otherwise}`);
}
