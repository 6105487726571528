/** `changes`: what was changed by whom, the latest first asked for, and then as it happens. */
import type { Command } from 'commander';
import type { ChangeView, EntityView, InstallationView } from '#cli/api-types.ts';
import { entityPath } from '#cli/client.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { changeLine } from '#cli/render/change-line.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';

interface ChangesOptions {
  readonly follow?: true;
  readonly after?: string;
  readonly entity?: string;
  readonly last: number;
}

export function addChanges(program: Command, surroundings: Surroundings): void {
  program
    .command('changes')
    .helpGroup('Look:')
    .summary('show the log of changes')
    .description('Shows the latest changes, or all after a cursor. With --json one change a line.')
    .option('-f, --follow', 'go on with each change as it happens, until Ctrl-C')
    .option('--after <cursor>', 'begin after this cursor: <epoch>:<revision>')
    .option('--entity <id>', 'changes of this entity only')
    .option(
      '--last <number>',
      'without a cursor: begin with this many of the latest revisions',
      wholeNumber(0, 1_000_000),
      20,
    )
    .action(remote<ChangesOptions>(surroundings, run));
}

async function run(session: Session, _args: readonly string[], options: ChangesOptions): Promise<void> {
  const { client, terminal } = session;
  const entity =
    options.entity === undefined ? undefined : (await client.get<EntityView>(entityPath(options.entity))).id;
  const show = async (change: ChangeView) => {
    if (session.isJson) await terminal.write(`${JSON.stringify(change)}\n`);
    else terminal.line(changeLine(change, terminal.paint));
  };
  const after = options.after ?? (await latestCursor(session, entity === undefined ? options.last : null));
  if (options.follow) {
    for await (const { data } of client.events('/v1/changes', { entity }, after ?? null))
      await show(JSON.parse(data) as ChangeView); // the contract of the API
    return;
  }
  await showPages(session, entity, after, show);
}

/** Pages of this list are chained by `after`, and the last one has no items. */
async function showPages(
  session: Session,
  entity: string | undefined,
  from: string | undefined,
  show: (change: ChangeView) => Promise<void>,
): Promise<void> {
  let after = from;
  for (;;) {
    const page = await session.client.get<{ items: ChangeView[]; next: string | null }>('/v1/changes', {
      entity,
      after,
      limit: 1000,
    });
    for (const change of page.items) await show(change);
    if (page.items.length === 0 || page.next === null || page.next === after) return;
    after = page.next;
  }
}

/** The cursor so many revisions before the latest; none for all of them, as the few changes of one entity lie anywhere. */
async function latestCursor(session: Session, last: number | null): Promise<string | undefined> {
  if (last === null) return undefined;
  const { epoch, revision } = await session.client.get<InstallationView>('/v1/status');
  return `${epoch}:${Math.max(0, revision - last)}`;
}
