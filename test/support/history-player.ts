/**
 * Plays histories side by side in one database, each in a tree of its own, and compares after every round what the
 * model foresees with what the operations answer, the rows say, SQL computes and the engine decides.
 */
import { actionsIn } from '#core/action.ts';
import { type BulkItem, type BulkOutcome, runBulk } from '#operations/run-bulk.ts';
import { runDueHolds } from '#operations/run-due-holds.ts';

import { type Operation, type Verdict, judge } from './history-judge.ts';
import {
  type ModelNode,
  type Observed,
  World,
  decisionOf,
  isAtMost,
  lineOf,
  standingOf,
  wordOf,
} from './history-model.ts';
import { type Cast, type Step, depthOf, describe, operationOf } from './history-steps.ts';
import { ACTORS, type StoredNode, effectsOfMasks, letTimePass, readStored, readStoredHolds } from './history-world.ts';
import type { Installation } from './installation.ts';

/** One history on its way. */
export interface History {
  readonly name: string;
  readonly world: World;
  readonly steps: readonly Step[];
  /** What was done, in words. */
  readonly log: string[];
  /** What the engine said of each node, as of the round before. */
  former: Map<ModelNode, Observed>;
  /** What each state of the tree looked like when it was met first. */
  readonly met: Map<string, Map<ModelNode, Observed>>;
}

export interface Tally {
  histories: number;
  operations: number;
  refused: number;
  recurrences: number;
  standings: number;
  deepest: number;
}

/** The first thing that is not as foreseen. */
export class Disagreement extends Error {
  readonly history: History;

  constructor(history: History, what: string) {
    super(`${history.name}: ${what}`);
    this.history = history;
  }
}

let worlds = 0;

export function makeHistory(name: string, steps: readonly Step[]): History {
  return { name, world: new World(worlds++), steps, log: [], former: new Map(), met: new Map() };
}

interface Due {
  readonly history: History;
  readonly operation: Operation;
  readonly verdict: Verdict;
}

/** SQL is asked after every so many rounds, and after the last; the engine after each. */
const SQL_EVERY = 3;

/** Plays histories from their beginning to their end. Throws `Disagreement`. */
export async function play(here: Installation, cast: Cast, histories: readonly History[], tally: Tally): Promise<void> {
  const rounds = Math.max(...histories.map((history) => history.steps.length));
  for (let round = 0; round < rounds; round++) {
    const due = histories.flatMap((history) => planStep(here, cast, history, round));
    await carryOut(here, cast, due);
    tally.operations += due.length;
    tally.refused += due.filter(({ verdict }) => verdict.code !== null).length;
    await here.follow();
    for (const { history, operation, verdict } of due) watch(here, history, verdict.code === null ? operation.type : null, tally);
    if (round % SQL_EVERY === 0) await compareStored(here, due.map(({ history }) => history), tally);
  }
  await compareStored(here, histories, tally);
  await compareHolds(here, histories);
  for (const history of histories) {
    tally.deepest = Math.max(tally.deepest, ...history.world.nodes.map(depthOf));
    compareDecisions(here, history);
  }
  tally.histories += histories.length;
}

function planStep({ context }: Installation, cast: Cast, history: History, round: number): Due[] {
  const step = history.steps[round];
  const operation = step === undefined ? null : operationOf(history.world, step, cast);
  if (operation === null) return [];
  return [{ history, operation, verdict: judge(history.world, operation, context.settings.guardLimit, cast.times) }];
}

/** What is done in one request each: by each actor, and apart by what excludes others from shaping the tree. */
const REQUESTS: readonly (readonly Operation['type'][])[] = [['create'], ['move', 'transfer', 'close'], ['hold', 'lift']];

/** Does one operation of each history. */
async function carryOut(here: Installation, cast: Cast, due: readonly Due[]): Promise<void> {
  for (const types of REQUESTS)
    for (const actor of ACTORS) {
      const mine = due.filter(({ operation }) => types.includes(operation.type) && ('actor' in operation ? operation.actor : ACTORS[0]) === actor);
      if (mine.length === 0) continue;
      const { outcomes } = await runBulk(here.context, actor, mine.map(({ operation }) => itemOf(operation)), { isBrief: true });
      for (const [place, one] of mine.entries()) settle(one, outcomes[place]);
    }
  const times = due.filter((one) => one.operation.type === 'due');
  if (times.length === 0) return;
  for (const one of times) settle(one, { ok: true, isNew: false, body: {} });
  const startsAt = new Date(cast.times.pastStart);
  const holds = times.flatMap(({ operation }) =>
    operation.type === 'due'
      ? [{ uuid: operation.hold.uuid, startsAt, endsAt: operation.what === 'end' ? new Date(cast.times.pastEnd) : null }]
      : [],
  );
  // One after another: a scheduler leaves alone what another has claimed and not yet committed.
  scheduling = scheduling.then(async () => {
    await letTimePass(here, holds);
    await runDueHolds(here.context);
  });
  await scheduling;
}

let scheduling: Promise<void> = Promise.resolve();

function itemOf(operation: Operation): BulkItem {
  switch (operation.type) {
    case 'create':
      return { op: 'create', body: inputOf(operation.node, operation.owner) };
    case 'hold': {
      const { profile, authority, ref, startsAt, endsAt } = operation;
      const body = { profile: profile.name, authority, externalRef: ref, startsAt: isoOf(startsAt), endsAt: isoOf(endsAt) };
      return { op: 'hold', entity: operation.node.id, body };
    }
    case 'lift':
      return { op: 'lift', entity: operation.node.id, hold: operation.hold.uuid };
    case 'close':
      return { op: 'close', entity: operation.node.id };
    case 'move':
      return { op: 'move', entity: operation.node.id, body: { parent: operation.to.id } };
    case 'transfer':
      return { op: 'transfer', entity: operation.node.id, body: { owner: operation.to?.id ?? null } };
    case 'due':
      throw new Error('time passes by itself');
  }
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function inputOf(node: ModelNode, owner: ModelNode | null): Record<string, unknown> {
  const common = { kind: node.kind, parent: node.parent?.id, ...(owner === null ? {} : { owner: owner.id }) };
  switch (node.kind) {
    case 'account':
      return { ...common, name: 'An account', reseller: node.isReseller };
    case 'sip_domain':
      return { ...common, domain: node.word };
    case 'sip_account':
      return { ...common, username: node.word };
    case 'phone_number':
      return { ...common, e164: node.word, ...(node.target === null ? {} : { target: node.target.id }) };
    case 'mailbox':
      return { ...common, address: node.word };
    default:
      return { ...common, system: 'elsewhere' };
  }
}

/** Compares an outcome with what was foreseen, and takes it into the model. */
function settle({ history, operation, verdict }: Due, outcome: BulkOutcome | undefined): void {
  history.log.push(`${describe(operation)} -> ${verdict.code ?? 'done'}`);
  if (outcome === undefined) throw new Disagreement(history, 'there is no outcome');
  const code = outcome.ok ? null : outcome.problem.code;
  if (code !== verdict.code)
    throw new Disagreement(history, `foreseen was ${verdict.code ?? 'success'}, the answer is ${outcome.ok ? 'success' : `${outcome.problem.code} (${outcome.problem.message})`}`);
  if (outcome.ok) verdict.apply(outcome.body as { number?: number; id?: string }); // Views have both.
}

/** Compares the engine with the model, and what it says now with what it said before. */
function watch({ context }: Installation, history: History, done: Operation['type'] | null, tally: Tally): void {
  const { world, former } = history;
  const now = new Map<ModelNode, Observed>();
  for (const node of world.nodes) {
    const said = context.engine.restrictionsOf(node.id);
    const foreseen = standingOf(node);
    const seen = said === null ? null : { effects: effectsOfMasks(said.denied, said.intercepted), isClosed: said.closed, isOwnerClosed: said.ownerClosed };
    if (seen === null || !isSame(seen, foreseen))
      throw new Disagreement(history, `the engine says ${show(seen)} of ${node.kind} ${node.id}, foreseen was ${show(foreseen)}`);
    now.set(node, seen);
    tally.standings++;
  }
  for (const [node, seen] of now) {
    const above = node.parent === null ? undefined : now.get(node.parent);
    if (above !== undefined && !isAtMost(seen.effects, above.effects))
      throw new Disagreement(history, `${node.kind} ${node.id} is freer than what contains it: ${show(seen)} and ${show(above)}`);
    const before = former.get(node);
    if (before === undefined) continue;
    if (before.isClosed && !seen.isClosed) throw new Disagreement(history, `${node.kind} ${node.id} was closed and is open again`);
    if (done === 'hold' && !isAtMost(seen.effects, before.effects))
      throw new Disagreement(history, `a hold gave ${node.kind} ${node.id} more than it had: ${show(before)} became ${show(seen)}`);
    if (done === 'lift' && !isAtMost(before.effects, seen.effects))
      throw new Disagreement(history, `lifting took something from ${node.kind} ${node.id}: ${show(before)} became ${show(seen)}`);
  }
  const state = world.fingerprint();
  const met = history.met.get(state);
  if (met === undefined) history.met.set(state, now);
  else {
    tally.recurrences++;
    for (const [node, seen] of met)
      if (!isSame(seen, now.get(node))) throw new Disagreement(history, `${node.kind} ${node.id} stood as ${show(seen)} with the same holds, and now as ${show(now.get(node))}`);
  }
  history.former = now;
}

function isSame(one: Observed, other: Observed | undefined): boolean {
  return other !== undefined && one.effects === other.effects && one.isClosed === other.isClosed && one.isOwnerClosed === other.isOwnerClosed;
}

function show(seen: Observed | null | undefined): string {
  return seen == null ? 'nothing' : `${seen.effects}${seen.isClosed ? ' closed' : ''}${seen.isOwnerClosed ? ' owner closed' : ''}`;
}

/** Compares the rows, and what SQL computes, with the model. */
async function compareStored(here: Installation, histories: readonly History[], tally: Tally): Promise<void> {
  const stored = await readStored(here, histories.flatMap(({ world }) => world.nodes.map((node) => node.id)));
  for (const history of histories) {
    for (const node of history.world.nodes) {
      const row = stored.get(node.id);
      const foreseen = standingOf(node);
      if (row === undefined || !isSame(row, foreseen) || row.standing !== wordOf(foreseen))
        throw new Disagreement(history, `SQL says ${show(row)} (${row?.standing}) of ${node.kind} ${node.id}, foreseen was ${show(foreseen)} (${wordOf(foreseen)})`);
      if (row.parent !== (node.parent?.id ?? null) || row.owner !== (node.owner?.id ?? null))
        throw new Disagreement(history, `${node.kind} ${node.id} lies beneath ${row.parent} with the owner ${row.owner}`);
      const wanted = node.kind === 'account' ? chainOf(stored, row) : null;
      if (String(row.ancestors) !== String(wanted) || String(wanted) !== String(node.kind === 'account' ? idsOf(node) : null))
        throw new Disagreement(history, `account ${node.id} has the chain ${row.ancestors}, its parents say ${wanted}`);
      tally.standings++;
    }
  }
}

function idsOf(node: ModelNode): number[] {
  return lineOf(node).map((above) => above.id).reverse();
}

function chainOf(stored: ReadonlyMap<number, StoredNode>, row: StoredNode): number[] {
  const parent = row.parent === null ? undefined : stored.get(row.parent);
  return [...(parent === undefined ? [0] : chainOf(stored, parent)), row.id];
}

async function compareHolds(here: Installation, histories: readonly History[]): Promise<void> {
  const stored = await readStoredHolds(here, histories.flatMap(({ world }) => world.holds.map((hold) => hold.uuid)));
  for (const history of histories)
    for (const hold of history.world.holds) {
      const row = stored.get(hold.uuid);
      if (row?.state !== hold.state || row.entity_id !== hold.node.id)
        throw new Disagreement(history, `hold ${hold.uuid} is ${row?.state ?? 'nowhere'}, foreseen was ${hold.state}`);
    }
}

/** Compares the engine's word, lists and decisions, by number and by name. */
function compareDecisions({ context: { engine } }: Installation, history: History): void {
  for (const node of history.world.nodes) {
    const foreseen = standingOf(node);
    const answer = engine.standing(node.id);
    if (answer?.standing !== wordOf(foreseen)) throw new Disagreement(history, `the engine calls ${node.kind} ${node.id} ${answer?.standing}`);
    const wanted = decisionOf(node);
    for (const [at, action] of actionsIn(-1).entries()) {
      const { effect } = engine.decideFor(node.id, action);
      const letter = effect === 'deny' ? 'd' : effect === 'intercept' ? 'i' : effect === 'allow' ? '.' : '?';
      if (letter !== wanted[at]) throw new Disagreement(history, `${action} of ${node.kind} ${node.id} is ${effect}, foreseen was ${wanted}`);
    }
  }
  for (const [name, node] of history.world.names)
    if (engine.find(name) !== node.id) throw new Disagreement(history, `${name} names ${engine.find(name)}, foreseen was ${node.id}`);
}
