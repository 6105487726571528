/** `observations`: what servers refused to whom. */
import type { Command } from 'commander';

import { wholeNumber } from '#cli/number-argument.ts';
import { type Column, tableLines } from '#cli/render/table.ts';
import { remote, type Surroundings } from '#cli/session.ts';
import { readTime } from '#cli/time-argument.ts';

interface ObservationsOptions {
  readonly account?: string;
  readonly subject?: string;
  readonly action?: string;
  readonly since?: string;
  readonly until?: string;
  readonly last: number;
}

interface Observation {
  readonly minute: string;
  readonly subject: string | null;
  readonly action: string;
  readonly effect: string;
  readonly profile: string | null;
  readonly code: number | null;
  readonly source: string;
  readonly count: number;
}

const PAGE = 1_000;
const COLUMNS: readonly Column<Observation>[] = [
  { title: 'minute', cell: ({ minute }) => `${minute.slice(0, 16).replace('T', ' ')} UTC` },
  { title: 'subject', cell: ({ subject }) => subject ?? '(unknown)' },
  { title: 'action', cell: ({ action }) => action },
  { title: 'effect', cell: ({ effect }) => effect },
  { title: 'profile', cell: ({ profile }) => profile ?? '-' },
  { title: 'code', cell: ({ code }) => String(code ?? '-'), align: 'right' },
  { title: 'source', cell: ({ source }) => source },
  { title: 'count', cell: ({ count }) => String(count), align: 'right' },
];

export function addObservations(program: Command, surroundings: Surroundings): void {
  program
    .command('observations')
    .helpGroup('Look:')
    .summary('list what servers refused')
    .description('Lists what servers of the network report that they refused, by subject and minute, the newest first.')
    .option('--account <id>', 'what was refused beneath this entity')
    .option('--subject <id>', 'what was refused to this entity itself')
    .option('--action <action>', 'this action only, such as register')
    .option('--since <time>', 'not before this time, such as 2026-01-31T22:00:00Z')
    .option('--until <time>', 'not after this time')
    .option('--last <number>', 'this many of the newest', wholeNumber(1, 1_000_000), 50)
    .action(
      remote<ObservationsOptions>(surroundings, async (session, _args, options) => {
        const { account, subject, action, last } = options;
        const timeOf = (name: 'since' | 'until') =>
          options[name] === undefined ? undefined : readTime(options[name], `--${name}`);
        const filter = { account, subject, action, since: timeOf('since'), until: timeOf('until') };
        const found: Observation[] = [];
        for (let cursor: string | undefined; found.length < last;) {
          const limit = Math.min(PAGE, last - found.length);
          const page = await session.client.get<{ items: readonly Observation[]; next: string | null }>(
            '/v1/observations',
            { ...filter, limit, cursor },
          );
          found.push(...page.items);
          if (page.next === null) break;
          cursor = page.next;
        }
        session.show(found, () => {
          for (const line of tableLines(found, COLUMNS, session.terminal.paint)) session.terminal.line(line);
          if (found.length === 0) session.terminal.line('Nothing was refused.');
        });
      }),
    );
}
