/**
 * Decisions without database or socket, in a process of their own, so that nothing else lives in the heap that they
 * measure. As a program it prints one measurement a line.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type Measurement, measureDecisions } from './decisions.ts';
import type { Goal, Result } from './result.ts';

const SELF = fileURLToPath(import.meta.url);

/** What each name begins with, and its goal. */
const GOALS: readonly (readonly [string, Goal])[] = [
  ['decision in process, depth 4', { of: 'ratio', atLeast: 0.5 }],
  ['decision in process, depth 12', { of: 'ratio', atLeast: 0.3 }],
  ['memory', { of: 'value', atMost: 250 }],
];

export async function benchInProcess(entities: number): Promise<Result[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', SELF, String(entities)]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const measurement = JSON.parse(line) as Measurement; // Printed by this file, below.
      const goal = GOALS.find(([start]) => measurement.name.startsWith(start))?.[1];
      return goal === undefined ? measurement : { ...measurement, goal };
    });
}

if (import.meta.main)
  for (const one of await measureDecisions(Number(process.argv[2]))) console.log(JSON.stringify(one));
