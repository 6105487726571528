/** `targets`: what systems have of things, and what people do about it. */
import type { Command } from 'commander';
import type { EntityView } from '#cli/api-types.ts';
import type { TargetView } from '#cli/system-types.ts';
import { entityPath } from '#cli/client.ts';
import { UsageError } from '#cli/exit-code.ts';
import { wholeNumber } from '#cli/number-argument.ts';
import { type Column, tableLines } from '#cli/render/table.ts';
import { countText, kindWord, timeText } from '#cli/render/words.ts';
import { argumentAt, remote, type Session, type Surroundings } from '#cli/session.ts';

import { systemPath } from './systems.ts';

interface FilterOptions {
  readonly outcome?: string;
  readonly problem?: string;
  readonly beneath?: string;
}

interface ListOptions extends FilterOptions {
  readonly entity?: string;
}

/** As many as a person reads. */
const SHOWN_DEFAULT = 100;
const SHOWN_MAX = 1_000_000;

export function addTargets(program: Command, surroundings: Surroundings): void {
  const targets = program
    .command('targets')
    .helpGroup('Systems:')
    .summary('show and mend what systems have of things')
    .description('A target is one thing in one system: what was asked of it, and what the system confirmed.')
    .addHelpText(
      'afterAll',
      '\nExamples: abeyance targets office --outcome failed\n          abeyance targets --entity ref:C-1001\n          abeyance targets retry office --problem credentials\n          abeyance targets bind broadworks ref:C-1001 ent-1/group-7',
    );
  withFilter(
    targets
      .command('list', { isDefault: true })
      .description('Lists the targets of a system, or those that an entity is in every system.')
      .argument('[system]', 'name or id of a system')
      .option('--entity <entity>', 'of this entity, in every system')
      .option('--limit <number>', 'so many at the most (100)', wholeNumber(1, SHOWN_MAX)),
  ).action(remote<ListOptions & { limit?: number }>(surroundings, listTargets));
  targets
    .command('bind')
    .description('Binds an entity to a system by the name that it has there.')
    .argument('<system>', 'name or id of a system')
    .argument('<entity>', 'UUID, number or identifier')
    .argument('<reference>', 'how the system names it: text, or JSON that begins with {')
    .action(remote(surroundings, bindTarget));
  targets
    .command('unbind')
    .description('Forgets what was bound by hand; the system keeps what it has.')
    .argument('<system>', 'name or id of a system')
    .argument('<entity>', 'UUID, number or identifier')
    .action(remote(surroundings, unbindTarget));
  const mending = [
    ['retry', 'Tells a target again at once, or all failed ones of a system.', 'To be told again'],
    ['acknowledge', 'Marks a target that needs a person as known to one, or all such ones.', 'Acknowledged'],
  ] as const;
  for (const [name, description, done] of mending)
    withFilter(
      targets
        .command(name)
        .description(description)
        .argument('<system>', 'name or id of a system')
        .argument('[entity]', 'UUID, number or identifier; absent: all that are meant'),
    ).action(remote<FilterOptions>(surroundings, (session, args, options) => mend(session, args, options, name, done)));
}

function withFilter(command: Command): Command {
  return command
    .option('--outcome <outcomes>', 'of these outcomes, with commas between them: failed,retrying')
    .option('--problem <code>', 'with this problem')
    .option('--beneath <entity>', 'of this entity and of all beneath it');
}

/** `platform` is the root, as everywhere. */
function filterOf({ outcome, problem, beneath }: FilterOptions): Record<string, string> {
  return {
    ...(outcome === undefined ? {} : { outcome }),
    ...(problem === undefined ? {} : { problem }),
    ...(beneath === undefined ? {} : { beneath: beneath === 'platform' ? '0' : beneath }),
  };
}

function targetPath(args: readonly string[], rest = ''): string {
  return systemPath(argumentAt(args, 0), `/targets/${encodeURIComponent(argumentAt(args, 1))}${rest}`);
}

async function listTargets(
  session: Session,
  args: readonly string[],
  options: ListOptions & { readonly limit?: number },
): Promise<void> {
  const { client, terminal } = session;
  const [system] = args;
  if ((system === undefined) === (options.entity === undefined))
    throw new UsageError('give a system, or --entity: the targets of a system, or of an entity in all of them');
  const limit = options.limit ?? SHOWN_DEFAULT;
  const path = system === undefined ? entityPath(options.entity ?? '', '/targets') : systemPath(system, '/targets');
  const targets: TargetView[] = [];
  let isMore = false;
  for await (const target of client.list<TargetView>(path, {
    ...(system === undefined ? {} : filterOf(options)),
    ...(system === undefined ? { limit: undefined } : { limit: Math.min(limit + 1, 1_000) }),
  })) {
    isMore = targets.length === limit;
    if (isMore) break;
    targets.push(target);
  }
  session.show(targets, () => {
    for (const line of targetLines(targets, session, system === undefined)) terminal.line(line);
    if (targets.length === 0)
      terminal.line(system === undefined ? 'No system is told of it.' : 'It has no such target.');
    if (isMore) terminal.line(`There are more; --limit shows more than ${countText(limit)}.`);
  });
}

/** A table of targets; with the systems where they differ. */
export function targetLines(targets: readonly TargetView[], { terminal }: Session, withSystem: boolean): string[] {
  const columns: Column<TargetView>[] = [
    ...(withSystem ? [{ title: 'system', cell: (target: TargetView) => target.system }] : []),
    { title: 'number', align: 'right', cell: (target) => String(target.entityNumber) },
    { title: 'what', cell: (target) => `${kindWord(target.entityKind)} ${target.label}` },
    { title: 'outcome', cell: (target) => outcomeWord(target.outcome, terminal.paint) },
    { title: 'generation', align: 'right', cell: generationText },
    { title: 'tries', align: 'right', cell: (target) => String(target.attempts) },
    { title: 'next', cell: (target) => (target.nextTryAt === null ? '-' : timeText(target.nextTryAt)) },
    { title: 'problem', cell: problemText },
  ];
  return tableLines(targets, columns, terminal.paint);
}

function outcomeWord(outcome: string, paint: Session['terminal']['paint']): string {
  if (outcome === 'confirmed') return paint('green', outcome);
  if (outcome === 'failed') return paint('red', outcome);
  return paint('yellow', outcome);
}

function generationText({ desiredGeneration, confirmedGeneration }: TargetView): string {
  return confirmedGeneration >= desiredGeneration
    ? String(desiredGeneration)
    : `${desiredGeneration} (${confirmedGeneration})`;
}

function problemText({ problem, note }: TargetView): string {
  if (problem === null) return note ?? '';
  return problem.detail === null ? problem.code : `${problem.code}: ${problem.detail}`;
}

async function bindTarget(session: Session, args: readonly string[]): Promise<void> {
  const text = argumentAt(args, 2);
  const target = await session.client.request<TargetView>('PUT', targetPath(args), {
    body: { reference: text.startsWith('{') ? readJson(text) : text },
  });
  session.show(target, () => session.terminal.line(`Bound: ${nameOf(target)} to system ${target.system}.`));
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError('a reference that begins with { must be JSON');
  }
}

const nameOf = (target: TargetView) => `${kindWord(target.entityKind)} ${target.label} (number ${target.entityNumber})`;

async function unbindTarget(session: Session, args: readonly string[]): Promise<void> {
  const target = await session.client.request<TargetView>('DELETE', targetPath(args));
  session.show(target, () =>
    session.terminal.line(`Unbound: ${nameOf(target)} from system ${target.system}, which keeps what it has.`),
  );
}

async function mend(
  session: Session,
  args: readonly string[],
  options: FilterOptions,
  what: 'retry' | 'acknowledge',
  done: string,
): Promise<void> {
  const { client, terminal } = session;
  if (args.length > 1) {
    if (Object.keys(filterOf(options)).length > 0)
      throw new UsageError('--outcome, --problem and --beneath choose among many: leave the entity away');
    const entity = await client.get<EntityView>(entityPath(argumentAt(args, 1)));
    const target = await client.post<TargetView>(targetPath([argumentAt(args, 0), entity.id], `/${what}`), {});
    session.show(target, () => terminal.line(`${done}: ${nameOf(target)} in system ${target.system}.`));
    return;
  }
  const path = systemPath(argumentAt(args, 0), `/targets/${what}`);
  const counted = await client.post<{ system: string; count: number }>(path, filterOf(options));
  session.show(counted, () =>
    terminal.line(
      `${done}: ${countText(counted.count)} ${counted.count === 1 ? 'target' : 'targets'} of ${counted.system}.`,
    ),
  );
}
