/** One change of the log as a line: when, who, what, on which entity, and its facts in short. */
import type { ChangeView } from '#cli/api-types.ts';
import type { Paint } from '#cli/terminal.ts';
import { timeText } from './words.ts';

/** The facts of a change are shown up to this many characters; `--json` has them whole. */
const FACTS_MAX = 120;

/** The line of a change. */
export function changeLine(change: ChangeView, paint: Paint): string {
  // Commitments say nothing to people.
  const facts = Object.entries(change.facts)
    .filter(([name]) => name !== 'commitments')
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const short = facts.length > FACTS_MAX ? `${facts.slice(0, FACTS_MAX)}…` : facts;
  const entity = change.entity === null ? '' : ` ${change.entity}`;
  return `${paint('gray', `${change.revision}  ${timeText(change.at)}`)}  ${paint('bold', change.kind)}${entity}  by ${change.actor}${short === '' ? '' : paint('gray', `  ${short}`)}`;
}
