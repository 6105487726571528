/** `credits`: what an account may have beneath it and has, and granting it more or less. */
import type { Command } from 'commander';
import type { CreditsView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { UsageError } from '#cli/exit-code.ts';
import { tableLines } from '#cli/render/table.ts';
import { countText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

interface CreditsOptions {
  readonly children?: true;
}

/** The most that the server shows. */
const CHILDREN_MAX = 1_000;

export function addCredits(program: Command, surroundings: Surroundings): void {
  const credits = program
    .command('credits')
    .helpGroup('Data:')
    .summary('show and grant credits of an account')
    .description('Credits say how many things of each kind an account may have beneath it.');
  credits
    .command('show', { isDefault: true })
    .description('Shows what an account was granted, what it uses and what is left; "credits <entity>" is enough.')
    .argument('<entity>', 'UUID, number or identifier of the account')
    .option('--children', 'show which accounts right beneath use how much, too')
    .action(remote<CreditsOptions>(surroundings, showCredits));
  credits
    .command('set')
    .description('Grants what is named and leaves the others. Less than what is used only stops creations.')
    .argument('<entity>', 'UUID, number or identifier of the account')
    .argument('<credit=number...>', 'such as sip_credit=10; none takes the grant away')
    .addHelpText('after', '\nExample: abeyance credits set ref:C-1001 sip_credit=10 number_credit=none')
    .action(remote(surroundings, setCredits));
}

async function showCredits(session: Session, args: readonly string[], options: CreditsOptions): Promise<void> {
  const view = await session.client.get<CreditsView>(entityPath(argumentAt(args, 0), '/credits'), {
    children: options.children ? CHILDREN_MAX : 0,
  });
  session.show(view, () => print(session, view, options.children === true));
}

async function setCredits(session: Session, args: readonly string[]): Promise<void> {
  const body = readGrantArguments(args.slice(1));
  const path = entityPath(argumentAt(args, 0), '/credits');
  const view = await session.client.request<CreditsView>('PUT', path, { body });
  session.show(view, () => print(session, view, false));
}

/** Only form is judged here; which credits there are, and how much may be granted, is the server's to say. */
function readGrantArguments(pairs: readonly string[]): Record<string, number | null> {
  const body: Record<string, number | null> = {};
  for (const pair of pairs) {
    const [, credit = '', text = ''] = /^(\w+)=(none|\d+)$/.exec(pair) ?? [];
    if (credit === '') throw new UsageError(`credits are granted as sip_credit=10 or sip_credit=none, not "${pair}"`);
    if (Object.hasOwn(body, credit)) throw new UsageError(`the credit ${credit} is given twice`);
    body[credit] = text === 'none' ? null : Number(text);
  }
  return body;
}

function print({ terminal }: Session, { credits }: CreditsView, withChildren: boolean): void {
  const lines = tableLines(
    credits,
    [
      { title: 'credit', cell: ({ credit }) => credit },
      { title: 'granted', align: 'right', cell: ({ granted }) => numberText(granted) },
      { title: 'used', align: 'right', cell: ({ used }) => numberText(used) },
      { title: 'left', align: 'right', cell: ({ left }) => numberText(left) },
      {
        title: 'over',
        align: 'right',
        cell: ({ over }) => (over === 0 ? '-' : terminal.paint('red', countText(over))),
      },
    ],
    terminal.paint,
  );
  for (const line of lines) terminal.line(line);
  if (!withChildren) return;
  for (const { credit, children } of credits) {
    if (children.total === 0) continue;
    terminal.line(`${terminal.paint('bold', credit)} is used by:`);
    const using = tableLines(
      children.items,
      [
        { title: 'used', align: 'right', cell: ({ used }) => countText(used) },
        { title: 'account', cell: ({ label }) => label },
        { title: 'id', cell: ({ id }) => id },
      ],
      terminal.paint,
    );
    for (const line of using) terminal.line(`  ${line}`);
    const more = children.total - children.items.length;
    if (more > 0) terminal.line(`  … ${countText(more)} more`);
  }
}

function numberText(count: number | null): string {
  return count === null ? '-' : countText(count);
}
