/** What `doctor` says of systems that must be told: how far they are behind, and which of them need somebody. */
import type { Client } from './client.ts';
import { ApiProblem } from './client-error.ts';
import type { Finding } from './examine.ts';
import { countText, timeText } from './render/words.ts';
import type { SystemView } from './system-types.ts';

/** Nobody reads the log for so long only when no process does, or when one expands something large. */
const BEHIND_MAX_MS = 30_000;

/** A finding for each system, and none for callers who may not see them. */
export async function examineSystems(client: Client): Promise<Finding[]> {
  try {
    return (await client.listAll<SystemView>('/v1/systems')).map(findingOf);
  } catch (error) {
    if (error instanceof ApiProblem) return [];
    throw error;
  }
}

function findingOf({ name, kind, state, targets }: SystemView): Finding {
  const subject = `system ${name}`;
  const { paused, circuit, sweepLag } = state;
  if (sweepLag.ms > BEHIND_MAX_MS)
    return {
      state: 'wrong',
      subject,
      detail: `${countText(sweepLag.changes)} changes are not looked at, for ${countText(Math.round(sweepLag.ms / 1_000))} s`,
      help: 'is a process running that tells systems (abeyance serve --role worker)?',
    };
  if (circuit === 'open')
    return {
      state: 'wrong',
      subject,
      detail: `does not answer${state.lastProblem === null ? '' : `: ${state.lastProblem}`}`,
      help: 'it is tried again by itself',
    };
  if (paused !== null)
    return {
      state: 'doubtful',
      subject,
      detail: `paused since ${timeText(paused.since)}${paused.note === null ? '' : `: ${paused.note}`}`,
      help: `abeyance systems resume ${name}`,
    };
  if (targets.failed > 0)
    return {
      state: 'doubtful',
      subject,
      detail: `${countText(targets.failed)} of ${countText(targets.total)} targets need a person`,
      help: `abeyance targets ${name} --outcome failed`,
    };
  if (targets.total === 0) return { state: 'right', subject, detail: kind };
  const open = targets.pending + targets.waiting + targets.retrying;
  const toCome = open > 0 ? `, ${countText(open)} to come` : '';
  return { state: 'right', subject, detail: `${kind}, ${countText(targets.total)} targets${toCome}` };
}
