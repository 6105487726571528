/**
 * Plays histories side by side in one database, each in a tree of its own, and compares after every round what the
 * model foresees with what the operations answer, the rows say, SQL computes and the engine decides.
 */
import { type BulkItem, type BulkOutcome, runBulk } from '#operations/run-bulk.ts';
import { runDueHolds } from '#operations/run-due-holds.ts';

import { Disagreement, type History, type Tally } from './history.ts';
import { compareDecisions, compareHolds, compareStored, watch } from './history-compare.ts';
import { type Operation, type Verdict, judge } from './history-judge.ts';
import type { ModelNode } from './history-model.ts';
import { type Cast, depthOf, describe, operationOf } from './history-steps.ts';
import { ACTORS, letTimePass } from './history-world.ts';
import type { Installation } from './installation.ts';

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
    for (const { history, operation, verdict } of due)
      watch(here, history, verdict.code === null ? operation.type : null, tally);
    if (round % SQL_EVERY === 0)
      await compareStored(
        here,
        due.map(({ history }) => history),
        tally,
      );
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
const REQUESTS: readonly (readonly Operation['type'][])[] = [
  ['create'],
  ['move', 'transfer', 'close'],
  ['hold', 'lift'],
];

/** Does one operation of each history. */
async function carryOut(here: Installation, cast: Cast, due: readonly Due[]): Promise<void> {
  for (const types of REQUESTS)
    for (const actor of ACTORS) {
      const mine = due.filter(
        ({ operation }) =>
          types.includes(operation.type) && ('actor' in operation ? operation.actor : ACTORS[0]) === actor,
      );
      if (mine.length === 0) continue;
      const { outcomes } = await runBulk(
        here.context,
        actor,
        mine.map(({ operation }) => itemOf(operation)),
        { isBrief: true },
      );
      for (const [place, one] of mine.entries()) settle(one, outcomes[place]);
    }
  const times = due.filter((one) => one.operation.type === 'due');
  if (times.length === 0) return;
  for (const one of times) settle(one, { ok: true, isNew: false, body: {} });
  const startsAt = new Date(cast.times.pastStart);
  const holds = times.flatMap(({ operation }) =>
    operation.type === 'due'
      ? [
          {
            uuid: operation.hold.uuid,
            startsAt,
            endsAt: operation.what === 'end' ? new Date(cast.times.pastEnd) : null,
          },
        ]
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
      const body = {
        profile: profile.name,
        authority,
        externalRef: ref,
        startsAt: isoOf(startsAt),
        endsAt: isoOf(endsAt),
      };
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
    throw new Disagreement(
      history,
      `foreseen was ${verdict.code ?? 'success'}, the answer is ${outcome.ok ? 'success' : `${outcome.problem.code} (${outcome.problem.message})`}`,
    );
  if (outcome.ok) verdict.apply(outcome.body as { number?: number; id?: string }); // Views have both.
}
