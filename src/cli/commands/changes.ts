/** `changes`: what was changed by whom, the latest first asked for, and then as it happens. */
import type { Command } from 'commander';
import type { ChangeView, EntityView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { findInstallation } from '#cli/find-installation.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { changeLine } from '#cli/render/change-line.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';

interface ChangesOptions {
  readonly follow?: true;
  readonly after?: string;
  readonly entity?: string;
  readonly beneath?: string;
  readonly actor?: string;
  readonly kind?: string;
  readonly from?: string;
  readonly to?: string;
  readonly last: number;
}

type Filter = Readonly<Record<'entity' | 'beneath' | 'actor' | 'kind' | 'from' | 'to', string | undefined>>;

const PAGE = 1_000;

export function addChanges(program: Command, surroundings: Surroundings): void {
  program
    .command('changes')
    .helpGroup('Look:')
    .summary('show the log of changes')
    .description('Shows the latest changes, or all after a cursor or a time. With --json one change a line.')
    .option('-f, --follow', 'go on with each change as it happens, until Ctrl-C')
    .option('--after <cursor>', 'begin after this cursor: <epoch>:<revision>')
    .option('--entity <id>', 'changes of this entity only')
    .option('--beneath <id>', 'changes of this entity and of everything beneath it')
    .option('--actor <name>', 'changes by this actor only, such as token:admin')
    .option('--kind <kinds>', 'changes of these kinds only: hold.placed,entity.*')
    .option('--from <time>', 'not before this time, such as 2026-01-31T22:00:00Z')
    .option('--to <time>', 'not after this time')
    .option(
      '--last <number>',
      'without a cursor, a time or an entity: this many of the latest',
      wholeNumber(0, 1_000_000),
      20,
    )
    .action(remote<ChangesOptions>(surroundings, run));
}

async function run(session: Session, _args: readonly string[], options: ChangesOptions): Promise<void> {
  const { client, terminal } = session;
  const { actor, kind, from, to } = options;
  const idOf = async (given: string | undefined) =>
    given === undefined ? undefined : (await client.get<EntityView>(entityPath(given))).id;
  const filter: Filter = {
    entity: await idOf(options.entity),
    beneath: await idOf(options.beneath),
    actor,
    kind,
    from,
    to,
  };
  const show = async (change: ChangeView) => {
    if (session.isJson) await terminal.write(`${JSON.stringify(change)}\n`);
    else terminal.line(changeLine(change, terminal.paint));
  };
  const isWhole = options.after !== undefined || filter.entity !== undefined || from !== undefined;
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  let { after } = options;
  if (!isWhole) {
    const installation = isFiltered && !options.follow ? null : await findInstallation(client);
    if (installation === null) {
      const revision = await showLatest(session, filter, options.last, show);
      if (!options.follow) return;
      after = String(revision);
    } else after = `${installation.epoch}:${Math.max(0, installation.revision - options.last)}`;
  }
  if (options.follow) {
    for await (const { data } of client.events('/v1/changes', filter, after ?? null))
      await show(JSON.parse(data) as ChangeView); // the contract of the API
    return;
  }
  await showPages(session, filter, after, show);
}

/** Pages are chained by `after`, up to what was the end at the beginning: a busy log has no other. */
async function showPages(
  session: Session,
  filter: Filter,
  from: string | undefined,
  show: (change: ChangeView) => Promise<void>,
): Promise<void> {
  const end = await endOf(session);
  let after = from;
  for (;;) {
    const page = await session.client.get<ChangePage>('/v1/changes', { ...filter, after, limit: PAGE });
    for (const change of page.items) await show(change);
    if (page.next === null || page.next === after || revisionIn(page.next) >= end) return;
    after = page.next;
  }
}

function revisionIn(cursor: string): number {
  return Number(cursor.slice(cursor.lastIndexOf(':') + 1));
}

/** The latest revision, or the latest that a caller sees who does not see the installation. */
async function endOf({ client }: Session): Promise<number> {
  const installation = await findInstallation(client);
  if (installation !== null) return installation.revision;
  const { items } = await client.get<ChangePage>('/v1/changes', { order: 'desc', limit: 1 });
  return items[0]?.revision ?? 0;
}

/** So many of the latest that the filter lets through, the oldest of them first. Answers the latest revision, or 0. */
async function showLatest(
  session: Session,
  filter: Filter,
  count: number,
  show: (change: ChangeView) => Promise<void>,
): Promise<number> {
  const latest: ChangeView[] = [];
  let after: string | undefined;
  while (latest.length < count) {
    const limit = Math.min(PAGE, count - latest.length);
    const page = await session.client.get<ChangePage>('/v1/changes', { ...filter, order: 'desc', after, limit });
    latest.push(...page.items);
    if (page.next === null) break;
    after = page.next;
  }
  for (const change of latest.toReversed()) await show(change);
  return latest[0]?.revision ?? 0;
}

interface ChangePage {
  readonly items: readonly ChangeView[];
  readonly next: string | null;
}
