/** Compares what the engine, SQL and the rows say of a history's tree with the model, and with what they said before. */
import { ACTIONS } from '#core/action.ts';

import { Disagreement, type History, type Tally } from './history.ts';
import type { Operation } from './history-judge.ts';
import { type ModelNode, type Observed, decisionOf, isAtMost, lineOf, standingOf, wordOf } from './history-model.ts';
import { type StoredNode, effectsOfMasks, readStored, readStoredHolds } from './history-world.ts';
import type { Installation } from './installation.ts';

/** Compares the engine with the model, and what it says now with what it said before. */
export function watch({ context }: Installation, history: History, done: Operation['type'] | null, tally: Tally): void {
  const { world, former } = history;
  const now = new Map<ModelNode, Observed>();
  for (const node of world.nodes) {
    const said = context.engine.restrictionsOf(node.id);
    const foreseen = standingOf(node);
    const seen =
      said === null
        ? null
        : {
            effects: effectsOfMasks(said.denied, said.intercepted),
            isClosed: said.closed,
            isOwnerClosed: said.ownerClosed,
          };
    if (seen === null || !isSame(seen, foreseen))
      throw new Disagreement(
        history,
        `the engine says ${show(seen)} of ${node.kind} ${node.id}, foreseen was ${show(foreseen)}`,
      );
    now.set(node, seen);
    tally.standings++;
  }
  for (const [node, seen] of now) {
    const above = node.parent === null ? undefined : now.get(node.parent);
    if (above !== undefined && !isAtMost(seen.effects, above.effects))
      throw new Disagreement(
        history,
        `${node.kind} ${node.id} is freer than what contains it: ${show(seen)} and ${show(above)}`,
      );
    const before = former.get(node);
    if (before === undefined) continue;
    if (before.isClosed && !seen.isClosed)
      throw new Disagreement(history, `${node.kind} ${node.id} was closed and is open again`);
    if (done === 'hold' && !isAtMost(seen.effects, before.effects))
      throw new Disagreement(
        history,
        `a hold gave ${node.kind} ${node.id} more than it had: ${show(before)} became ${show(seen)}`,
      );
    if (done === 'lift' && !isAtMost(before.effects, seen.effects))
      throw new Disagreement(
        history,
        `lifting took something from ${node.kind} ${node.id}: ${show(before)} became ${show(seen)}`,
      );
  }
  const state = world.fingerprint();
  const met = history.met.get(state);
  if (met === undefined) history.met.set(state, now);
  else {
    tally.recurrences++;
    for (const [node, seen] of met)
      if (!isSame(seen, now.get(node)))
        throw new Disagreement(
          history,
          `${node.kind} ${node.id} stood as ${show(seen)} with the same holds, and now as ${show(now.get(node))}`,
        );
  }
  history.former = now;
}

function isSame(one: Observed, other: Observed | undefined): boolean {
  return (
    other !== undefined &&
    one.effects === other.effects &&
    one.isClosed === other.isClosed &&
    one.isOwnerClosed === other.isOwnerClosed
  );
}

function show(seen: Observed | null | undefined): string {
  return seen == null
    ? 'nothing'
    : `${seen.effects}${seen.isClosed ? ' closed' : ''}${seen.isOwnerClosed ? ' owner closed' : ''}`;
}

/** Compares the rows, and what SQL computes, with the model. */
export async function compareStored(here: Installation, histories: readonly History[], tally: Tally): Promise<void> {
  const stored = await readStored(
    here,
    histories.flatMap(({ world }) => world.nodes.map((node) => node.id)),
  );
  for (const history of histories) {
    for (const node of history.world.nodes) {
      const row = stored.get(node.id);
      const foreseen = standingOf(node);
      if (row === undefined || !isSame(row, foreseen) || row.standing !== wordOf(foreseen))
        throw new Disagreement(
          history,
          `SQL says ${show(row)} (${row?.standing}) of ${node.kind} ${node.id}, foreseen was ${show(foreseen)} (${wordOf(foreseen)})`,
        );
      if (row.parent !== (node.parent?.id ?? null) || row.owner !== (node.owner?.id ?? null))
        throw new Disagreement(
          history,
          `${node.kind} ${node.id} lies beneath ${row.parent} with the owner ${row.owner}`,
        );
      const isAccount = node.kind === 'account';
      const [has, wanted, known] = [
        row.ancestors,
        isAccount ? chainOf(stored, row) : null,
        isAccount ? idsOf(node) : null,
      ].map(String);
      if (has !== wanted || wanted !== known)
        throw new Disagreement(history, `account ${node.id} has the chain ${has}, its parents say ${wanted}`);
      tally.standings++;
    }
  }
}

function idsOf(node: ModelNode): number[] {
  return lineOf(node)
    .map((above) => above.id)
    .toReversed();
}

function chainOf(stored: ReadonlyMap<number, StoredNode>, row: StoredNode): number[] {
  const parent = row.parent === null ? undefined : stored.get(row.parent);
  return [...(parent === undefined ? [0] : chainOf(stored, parent)), row.id];
}

export async function compareHolds(here: Installation, histories: readonly History[]): Promise<void> {
  const stored = await readStoredHolds(
    here,
    histories.flatMap(({ world }) => world.holds.map((hold) => hold.uuid)),
  );
  for (const history of histories)
    for (const hold of history.world.holds) {
      const row = stored.get(hold.uuid);
      if (row?.state !== hold.state || row.entity_id !== hold.node.id)
        throw new Disagreement(history, `hold ${hold.uuid} is ${row?.state ?? 'nowhere'}, foreseen was ${hold.state}`);
    }
}

/** Compares the engine's word, lists and decisions, by number and by name. */
export function compareDecisions({ context: { engine } }: Installation, history: History): void {
  for (const node of history.world.nodes) {
    const foreseen = standingOf(node);
    const answer = engine.standing(node.id);
    if (answer?.standing !== wordOf(foreseen))
      throw new Disagreement(history, `the engine calls ${node.kind} ${node.id} ${answer?.standing}`);
    const wanted = decisionOf(node);
    for (const [at, action] of ACTIONS.entries()) {
      const { effect } = engine.decideFor(node.id, action);
      const letter = effect === 'deny' ? 'd' : effect === 'intercept' ? 'i' : effect === 'allow' ? '.' : '?';
      if (letter !== wanted[at])
        throw new Disagreement(history, `${action} of ${node.kind} ${node.id} is ${effect}, foreseen was ${wanted}`);
    }
  }
  for (const [name, node] of history.world.names)
    if (engine.find(name) !== node.id)
      throw new Disagreement(history, `${name} names ${engine.find(name)}, foreseen was ${node.id}`);
}
