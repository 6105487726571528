/** `numbers`: what a number provider offers, and buying it. */
import type { Command } from 'commander';

import type { EntityView } from '#cli/api-types.ts';
import { UsageError } from '#cli/exit-code.ts';
import { readFieldArguments } from '#cli/field-arguments.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { type Column, tableLines } from '#cli/render/table.ts';
import { entityName } from '#cli/render/words.ts';
import { argumentAt, remote, type Surroundings } from '#cli/session.ts';

interface Criteria {
  readonly country?: string;
  readonly class?: string;
  readonly areaCode?: string;
  readonly contains?: string;
}

interface Offer {
  readonly number: string;
  readonly numberClass: string;
  readonly locality?: string;
  readonly region?: string;
  readonly capabilities: readonly string[];
  readonly monthlyCost?: { readonly amount: string; readonly currency: string };
}

const COLUMNS: readonly Column<Offer>[] = [
  { title: 'number', cell: ({ number }) => number },
  { title: 'class', cell: ({ numberClass }) => numberClass },
  { title: 'place', cell: ({ locality, region }) => [locality, region].filter(Boolean).join(', ') || '-' },
  { title: 'takes', cell: ({ capabilities }) => capabilities.join(', ') || '-' },
  {
    title: 'a month',
    cell: ({ monthlyCost: cost }) => (cost === undefined ? '-' : `${cost.amount} ${cost.currency}`),
    align: 'right',
  },
];

export function addNumbers(program: Command, surroundings: Surroundings): void {
  const numbers = program
    .command('numbers')
    .helpGroup('Change:')
    .summary('search and buy telephone numbers')
    .description('Searches the numbers that a number provider offers, and buys them.');
  withCriteria(
    numbers
      .command('search')
      .summary('list numbers that can be bought')
      .description('Lists numbers that a provider offers.')
      .argument('<provider>', 'name of the number provider'),
  )
    .option('--limit <number>', 'this many at the most', wholeNumber(1, 100), 20)
    .addHelpText('after', '\nExample: abeyance numbers search carrier --country NL --area-code 20')
    .action(
      remote<Criteria & { readonly limit: number }>(surroundings, async (session, args, options) => {
        const { limit } = options;
        const { items } = await session.client.get<{ items: readonly Offer[] }>(
          `/v1/number-providers/${encodeURIComponent(argumentAt(args, 0))}/available-numbers`,
          { ...criteriaOf(options), limit },
        );
        session.show(items, () => {
          for (const line of tableLines(items, COLUMNS, session.terminal.paint)) session.terminal.line(line);
          if (items.length === 0) session.terminal.line('Nothing that fits is offered.');
        });
      }),
    );
  withCriteria(
    numbers
      .command('buy')
      .summary('buy a number for an account')
      .description('Buys the given number, or any that fits, for an account.')
      .argument('<provider>', 'name of the number provider')
      .argument('<account>', 'UUID, number or identifier of the account')
      .argument('[number-or-field=value...]', 'the number, and other fields of it'),
  )
    .addHelpText(
      'after',
      '\nExamples: abeyance numbers buy carrier ref:C-1001 +31208005100 friendlyName=Desk\n          abeyance numbers buy carrier ref:C-1001 --country NL --area-code 20',
    )
    .action(
      remote<Criteria>(surroundings, async (session, args, options) => {
        const rest = args.slice(2);
        const number = rest.find((arg) => !arg.includes('='));
        if (rest.filter((arg) => !arg.includes('=')).length > 1) throw new UsageError('give one number');
        if ((number === undefined) === (options.country === undefined))
          throw new UsageError('give either the number to buy or --country');
        const fields = readFieldArguments(
          'phone_number',
          rest.filter((arg) => arg.includes('=')),
        );
        const bought = await session.client.post<EntityView>(
          `/v1/number-providers/${encodeURIComponent(argumentAt(args, 0))}/purchases`,
          {
            account: argumentAt(args, 1),
            ...(number === undefined ? { criteria: criteriaOf(options) } : { number }),
            ...(Object.keys(fields).length > 0 ? { fields } : {}),
          },
        );
        session.show(bought, () => {
          const isPending = typeof bought['purchasePendingSince'] === 'string';
          session.terminal.line(
            isPending
              ? `Being bought: ${entityName(bought)}. The provider has not answered; the purchase goes on by itself.`
              : `Bought: ${entityName(bought)}.`,
          );
          session.terminal.line(session.terminal.paint('gray', bought.id));
        });
      }),
    );
}

function withCriteria(command: Command): Command {
  return command
    .option('--country <code>', 'ISO 3166-1 code, such as NL')
    .option('--class <class>', 'local, mobile or toll_free')
    .option('--area-code <digits>', 'digits after the country code')
    .option('--contains <digits>', 'digits that the number contains');
}

function criteriaOf({ country, class: numberClass, areaCode, contains }: Criteria): Record<string, string | undefined> {
  return { country, class: numberClass, areaCode, contains };
}
