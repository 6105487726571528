/** `events`: what happened to the standing of accounts, and then as it happens. */
import type { Command } from 'commander';

import type { EventNews } from '#core/event.ts';
import type { EntityView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { eventLine } from '#cli/render/event-line.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';

interface EventsOptions {
  readonly follow?: true;
  readonly after?: string;
  readonly account?: string;
  readonly beneath?: string;
  readonly type?: string;
  readonly last: number;
}

interface EventPage {
  readonly items: readonly EventNews[];
  readonly next: string | null;
}

const PAGE = 1_000;

export function addEvents(program: Command, surroundings: Surroundings): void {
  program
    .command('events')
    .helpGroup('Look:')
    .summary('show what happened to the standing of accounts')
    .description('Shows the latest events, or all after a cursor. With --json one event a line.')
    .option('-f, --follow', 'go on with each event as it happens, until Ctrl-C')
    .option('--after <cursor>', 'begin after this cursor: <epoch>:<event>')
    .option('--account <id>', 'events of this account only')
    .option('--beneath <id>', 'events of this account and of all beneath it')
    .option('--type <types>', 'events of these types only: account.suspended,account.resumed')
    .option('--last <number>', 'without a cursor: this many of the latest', wholeNumber(0, 1_000_000), 20)
    .action(remote<EventsOptions>(surroundings, run));
}

async function run(session: Session, _args: readonly string[], options: EventsOptions): Promise<void> {
  const { client, terminal } = session;
  const idOf = async (given: string | undefined) =>
    given === undefined ? undefined : (await client.get<EntityView>(entityPath(given))).id;
  const filter = { account: await idOf(options.account), beneath: await idOf(options.beneath), type: options.type };
  const show = async (event: EventNews) => {
    if (session.isJson) await terminal.write(`${JSON.stringify(event)}\n`);
    else terminal.line(eventLine(event, terminal.paint));
  };
  let { after } = options;
  if (after === undefined) {
    // Where to go on is known before the latest are listed: what comes meanwhile is not missed.
    const head = await client.get<EventPage>('/v1/events', { ...filter, order: 'desc', limit: 1 });
    const latest = await listLatest(session, filter, options.last);
    for (const event of latest.toReversed()) await show(event);
    const [newest] = latest.length > 0 ? latest : head.items;
    if (!options.follow) return;
    after = newest === undefined ? undefined : String(newest.sequence);
  }
  if (options.follow) {
    for await (const { data } of client.events('/v1/events', filter, after ?? null))
      await show(JSON.parse(data) as EventNews); // the contract of the API
    return;
  }
  for (;;) {
    const page: EventPage = await client.get<EventPage>('/v1/events', { ...filter, after, limit: PAGE });
    for (const event of page.items) await show(event);
    if (page.next === null || page.next === after || page.items.length === 0) return;
    after = page.next;
  }
}

/** So many of the latest that the filter lets through, the newest first. */
async function listLatest(
  { client }: Session,
  filter: Readonly<Record<string, string | undefined>>,
  count: number,
): Promise<EventNews[]> {
  const latest: EventNews[] = [];
  for (let after: string | undefined; latest.length < count;) {
    const limit = Math.min(PAGE, count - latest.length);
    const page: EventPage = await client.get<EventPage>('/v1/events', { ...filter, order: 'desc', after, limit });
    latest.push(...page.items);
    if (page.next === null) break;
    after = page.next;
  }
  return latest;
}
