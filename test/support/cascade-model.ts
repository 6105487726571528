/**
 * For contrast: the usual way, in which suspending writes a status over everything beneath, and resuming writes
 * another. Nothing remembers what a child was before.
 */
import { type Operation, judge } from './history-judge.ts';
import { type ModelNode, World, allBeneath } from './history-model.ts';
import { type Cast, type Step, operationOf } from './history-steps.ts';

export interface CascadeOutcome {
  /** How often a state of the tree was met again. */
  readonly recurrences: number;
  /** How often it then had other statuses than the first time. */
  readonly forgotten: number;
}

/** Plays a history without any database, and compares the written statuses whenever the same holds are in force again. */
export function playCascade(steps: readonly Step[], cast: Cast): CascadeOutcome {
  const world = new World(0);
  const suspended = new Set<ModelNode>();
  const met = new Map<string, string>();
  let [recurrences, forgotten, made] = [0, 0, 0];
  for (const step of steps) {
    const operation = operationOf(world, step, cast);
    if (operation === null) continue;
    const verdict = judge(world, operation, Number.POSITIVE_INFINITY, cast.times);
    if (verdict.code !== null) continue;
    made++;
    verdict.apply({ number: made, id: `hold ${made}` });
    overwrite(world, operation, suspended);
    const statuses = [...suspended]
      .map((node) => node.id)
      .sort((a, b) => a - b)
      .join(' ');
    const before = met.get(world.fingerprint());
    if (before === undefined) met.set(world.fingerprint(), statuses);
    else {
      recurrences++;
      if (before !== statuses) forgotten++;
    }
  }
  return { recurrences, forgotten };
}

function overwrite(world: World, operation: Operation, suspended: Set<ModelNode>): void {
  const holds =
    operation.type === 'hold'
      ? [operation.node]
      : operation.type === 'due' && operation.hold.state === 'in force'
        ? [operation.hold.node]
        : [];
  const lifts =
    operation.type === 'lift'
      ? [operation.node]
      : operation.type === 'due' && operation.hold.state === 'ended'
        ? [operation.hold.node]
        : [];
  for (const node of holds) for (const below of allBeneath(node, world.nodes)) suspended.add(below);
  for (const node of lifts) for (const below of allBeneath(node, world.nodes)) suspended.delete(below);
}
