/**
 * Measures what the design promises and prints it beside what it is compared with.
 *
 *   npm run bench -- [<part of a name>] [--entities N] [--json]
 *
 * `dataplane` runs real servers, which must be installed: see docs/integration-tests.md. It runs only when it is named.
 *
 * Every ratio compares two things measured in turns within one run. No figure is a test: machines differ.
 */
import { parseArgs } from 'node:util';

import { benchCredits } from './credits.ts';
import { benchDataplane } from './dataplane.ts';
import { benchDecideHttp } from './decide-http.ts';
import { benchFaces } from './faces.ts';
import { benchFollow } from './follow.ts';
import { benchImport } from './import.ts';
import { benchInProcess } from './in-process.ts';
import { benchLoad } from './load-engine.ts';
import { benchPlan } from './plan.ts';
import { benchReconcile } from './reconcile.ts';
import { type Result, isMet } from './result.ts';
import { benchScheduler } from './scheduler.ts';
import { benchSuspend } from './suspend.ts';
import { type World, makeWorld } from './world.ts';
import { benchWrites } from './writes.ts';

/** Those that write much come last, so that they leave nothing in the way of the others. */
const BENCHES: readonly (readonly [name: string, run: (world: World) => Promise<Result[]>])[] = [
  ['load', benchLoad],
  ['decide-http', benchDecideHttp],
  ['plan', benchPlan],
  ['suspend', benchSuspend],
  ['faces', benchFaces],
  ['follow', benchFollow],
  ['scheduler', benchScheduler],
  ['writes', benchWrites],
  ['credits', benchCredits],
  ['import', benchImport],
];
const IN_PROCESS = 'decide-in-process';
/** Has a database of its own; `--entities` are the targets of each of its parts. */
const RECONCILE = 'reconcile';
const RECONCILE_TARGETS = 20_000;
const ENTITIES = 1_000_000;
/** Needs servers that not every machine has. */
const ON_REQUEST: typeof BENCHES = [['dataplane', benchDataplane]];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    entities: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const entities = Number(options.entities ?? ENTITIES);
if (!Number.isSafeInteger(entities) || entities < 5_000) throw new Error('--entities must be a whole number from 5000');

const tell = (what: string) => process.stderr.write(`${what} …\n`);
const results: Result[] = [];
const take = (more: readonly Result[]) => {
  results.push(...more);
  if (options.json)
    for (const { name, value, unit, against, ratio } of more)
      console.log(JSON.stringify({ name, value, unit, against, ratio }));
};

const only = positionals[0] ?? options.only;
const isWanted = (name: string) => name.includes(only);
const wanted = [...BENCHES, ...(only === '' ? [] : ON_REQUEST)].filter(([name]) => isWanted(name));
if (isWanted(IN_PROCESS)) {
  tell(IN_PROCESS);
  take(await benchInProcess(entities));
}
if (isWanted(RECONCILE))
  take(
    await benchReconcile(only === RECONCILE ? Number(options.entities ?? RECONCILE_TARGETS) : RECONCILE_TARGETS, tell),
  );
if (wanted.length === 0 && !isWanted(IN_PROCESS) && !isWanted(RECONCILE))
  throw new Error(
    `the name must be a part of one of: ${[IN_PROCESS, RECONCILE, ...[...BENCHES, ...ON_REQUEST].map(([name]) => name)].join(', ')}`,
  );
if (wanted.length > 0) {
  const world = await makeWorld(entities, tell);
  try {
    for (const [name, run] of wanted) {
      tell(name);
      take(await run(world));
    }
  } finally {
    await world.stop();
  }
}
if (!options.json) printTable(results);

function printTable(all: readonly Result[]): void {
  const lines = [
    ['what', 'value', 'unit', 'ratio', 'against', 'goal', ''],
    ...all.map((one) => [
      one.name,
      String(one.value),
      one.unit,
      one.ratio === null ? '' : ratioText(one.ratio),
      one.against,
      goalText(one),
      metText(one),
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const isNumber = (column: number) => column === 1 || column === 3;
  for (const line of lines)
    console.log(
      line
        .map((cell, column) =>
          isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    );
}

function ratioText(ratio: number): string {
  return ratio >= 100 ? String(Math.round(ratio)) : ratio.toPrecision(3);
}

function goalText({ goal, unit }: Result): string {
  if (goal === undefined) return '';
  const { atLeast, atMost } = goal;
  const what = goal.of === 'value' ? ` ${unit}` : '';
  if (atLeast !== undefined && atLeast === atMost) return `= ${atLeast}${what}`;
  return atLeast === undefined ? `≤ ${atMost}${what}` : `≥ ${atLeast}${what}`;
}

function metText(result: Result): string {
  const met = isMet(result);
  if (met === null) return '';
  return met ? 'met' : 'MISSED';
}
