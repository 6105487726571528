/** `deliveries`: what was sent to a webhook and what became of it; sending it once more. */
import type { Command } from 'commander';

import { listArgument } from '#cli/list-argument.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { type Column, pairLines, tableLines } from '#cli/render/table.ts';
import { timeText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';
import { readTime } from '#cli/time-argument.ts';

interface Delivery {
  readonly id: string;
  readonly outcome: string;
  readonly reason: string;
  readonly event: string | null;
  readonly type: string;
  readonly account: string | null;
  readonly createdAt: string;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly settledAt: string | null;
  readonly responseCode: number | null;
  readonly problem: string | null;
}

interface DeliveryDetails extends Delivery {
  readonly tries: readonly {
    readonly attempt: number;
    readonly at: string;
    readonly responseCode: number | null;
    readonly responseText: string | null;
    readonly problem: string | null;
  }[];
}

interface ListOptions {
  readonly outcome?: string;
  readonly event?: string;
  readonly account?: string;
  readonly last: number;
}

interface ReplayOptions {
  readonly events?: string[];
  readonly from?: string;
  readonly to?: string;
  readonly failed?: true;
}

const PAGE = 1_000;
const COLUMNS: readonly Column<Delivery>[] = [
  { title: 'created', cell: ({ createdAt }) => timeText(createdAt) },
  { title: 'type', cell: ({ type }) => type },
  { title: 'account', cell: ({ account }) => account ?? '-' },
  { title: 'outcome', cell: ({ outcome }) => outcome },
  { title: 'attempts', cell: ({ attempts }) => String(attempts), align: 'right' },
  { title: 'answer', cell: ({ responseCode, problem }) => problem ?? String(responseCode ?? '-') },
  { title: 'next', cell: ({ nextAttemptAt }) => (nextAttemptAt === null ? '-' : timeText(nextAttemptAt)) },
  { title: 'id', cell: ({ id }) => id },
];

export function addDeliveries(program: Command, surroundings: Surroundings): void {
  const deliveries = program
    .command('deliveries')
    .helpGroup('Look:')
    .summary('show what was sent to a webhook')
    .description('Shows what was sent to a webhook and what became of it, and sends it once more.');
  deliveries
    .command('list', { isDefault: true })
    .description('Lists the deliveries of a webhook, the newest first.')
    .argument('<webhook>', 'its name or id')
    .option('--outcome <outcome>', 'these only: pending, delivered, failed or skipped')
    .option('--event <id>', 'deliveries of this event')
    .option('--account <id>', 'deliveries of events of this account')
    .option('--last <number>', 'this many of the newest', wholeNumber(1, 1_000_000), 50)
    .action(remote<ListOptions>(surroundings, list));
  deliveries
    .command('show')
    .description('Shows a delivery with each attempt at it.')
    .argument('<webhook>', 'its name or id')
    .argument('<delivery>', 'the id of the delivery')
    .action(remote(surroundings, showOne));
  deliveries
    .command('replay')
    .description('Sends events once more: some, those of a period, or what was given up.')
    .argument('<webhook>', 'its name or id')
    .option('--events <ids>', 'these events', listArgument)
    .option('--from <time>', 'events not before this time, such as 2026-01-31T22:00:00Z')
    .option('--to <time>', 'events not after this time')
    .option('--failed', 'only what was given up, and not delivered since')
    .action(remote<ReplayOptions>(surroundings, replay));
  deliveries
    .command('test')
    .description('Sends a test now.')
    .argument('<webhook>', 'its name or id')
    .action(remote(surroundings, sendTest));
}

const pathOf = (webhook: string, more = '') => `/v1/systems/${encodeURIComponent(webhook)}/deliveries${more}`;

async function list(session: Session, args: readonly string[], options: ListOptions): Promise<void> {
  const { client, terminal } = session;
  const { last, ...filter } = options;
  const found: Delivery[] = [];
  for (let cursor: string | undefined; found.length < last;) {
    const limit = Math.min(PAGE, last - found.length);
    const page: { items: readonly Delivery[]; next: string | null } = await client.get(pathOf(argumentAt(args, 0)), {
      ...filter,
      limit,
      cursor,
    });
    found.push(...page.items);
    if (page.next === null) break;
    cursor = page.next;
  }
  session.show(found, () => {
    for (const line of tableLines(found, COLUMNS, terminal.paint)) terminal.line(line);
    if (found.length === 0) terminal.line('Nothing was sent.');
  });
}

async function showOne(session: Session, args: readonly string[]): Promise<void> {
  const { client, terminal } = session;
  const path = pathOf(argumentAt(args, 0), `/${encodeURIComponent(argumentAt(args, 1))}`);
  const delivery = await client.get<DeliveryDetails>(path);
  session.show(delivery, () => {
    const { event, account, nextAttemptAt } = delivery;
    const pairs: [string, string][] = [
      ['type', delivery.type],
      ['outcome', delivery.outcome],
      ['event', event ?? '-'],
      ['account', account ?? '-'],
      ['next attempt', nextAttemptAt === null ? '-' : timeText(nextAttemptAt)],
    ];
    for (const line of pairLines(pairs)) terminal.line(line);
    for (const { attempt, at, responseCode, responseText, problem } of delivery.tries)
      terminal.line(
        `${attempt}. ${timeText(at)}  ${problem ?? responseCode ?? '-'}${responseText === null ? '' : `  ${responseText}`}`,
      );
  });
}

async function replay(session: Session, args: readonly string[], options: ReplayOptions): Promise<void> {
  const timeOf = (name: 'from' | 'to') =>
    options[name] === undefined ? {} : { [name]: readTime(options[name], `--${name}`) };
  const replayed = await session.client.post<{ deliveries: number }>(pathOf(argumentAt(args, 0), '/replay'), {
    ...(options.events === undefined ? {} : { events: options.events }),
    ...timeOf('from'),
    ...timeOf('to'),
    ...(options.failed === true ? { onlyFailed: true } : {}),
  });
  session.show(replayed, () => session.terminal.line(`${replayed.deliveries} are sent once more.`));
}

async function sendTest(session: Session, args: readonly string[]): Promise<void> {
  const delivery = await session.client.post<Delivery>(pathOf(argumentAt(args, 0), '/test'), undefined);
  session.show(delivery, () =>
    session.terminal.line(
      `A test is sent; abeyance deliveries show ${argumentAt(args, 0)} ${delivery.id} tells the answer.`,
    ),
  );
}
