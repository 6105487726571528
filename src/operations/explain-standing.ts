/** How an entity stands, and everything on the way that makes it so. */
import { problem } from '#core/problem.ts';
import type { ExplainedNode, Reason, StandingAnswer } from '#decisions/answer.ts';
import { type OperationContext, reader } from '#operations/context.ts';
import { type HoldView, holdView } from '#operations/hold-view.ts';
import { getEntity } from '#operations/resolve.ts';
import { getHead } from '#store/change.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, listByNumbers } from '#store/entity.ts';
import { listInForce } from '#store/hold.ts';

export interface LabelledReason extends Reason {
  /** The short name of the entity on which it sits. */
  readonly label: string;
}

export interface StandingView extends Omit<StandingAnswer, 'reasons'> {
  readonly reasons: readonly LabelledReason[];
}

export interface ExplainView {
  readonly entity: string;
  readonly standing: StandingView;
  /** From the entity up to the platform, then its owner's line, then what its target adds. */
  readonly chain: readonly {
    readonly id: string;
    readonly number: number;
    readonly kind: string;
    readonly label: string;
    readonly via: ExplainedNode['via'];
    readonly closedAt: string | null;
    readonly holds: readonly HoldView[];
  }[];
}

/** How long a reader waits for this process to hold what is committed, in milliseconds. */
const ENGINE_WAIT_MS = 1_000;

/** The standing of an entity with every reason. Throws `not_found`, `unavailable`. */
export async function readStanding(context: OperationContext, id: string | number): Promise<StandingView> {
  const session = reader(context);
  const entity = await getEntity(session, id);
  await followHead(context, session);
  const answer = context.engine.standing(entity.id);
  if (answer === null) throw behind(entity);
  const [view] = await labelled(session, [answer]);
  if (view === undefined) throw new Error('a view for each answer');
  return view;
}

/** The standing with the whole chain and the holds on each node of it. Throws `not_found`, `unavailable`. */
export async function explainStanding(context: OperationContext, id: string | number): Promise<ExplainView> {
  const session = reader(context);
  const entity = await getEntity(session, id);
  await followHead(context, session);
  const explanation = context.engine.explain(entity.id);
  if (explanation === null) throw behind(entity);
  const { chain, ...answer } = explanation;
  const [standing] = await labelled(session, [answer]);
  const numbers = chain.map((node) => node.entityNumber);
  const labels = await labelsOf(session, numbers);
  const holds = Map.groupBy(await listInForce(session, numbers), (hold) => hold.entity_id);
  return {
    entity: entity.uuid,
    standing: standing as StandingView, // One answer in, one view out.
    chain: chain.map((node) => ({
      id: node.entity,
      number: node.entityNumber,
      kind: node.kind,
      label: labels.get(node.entityNumber) ?? '',
      via: node.via,
      closedAt: node.closedAt,
      holds: (holds.get(node.entityNumber) ?? []).map(holdView),
    })),
  };
}

/** Waits until the engine holds what is committed now, so that a reader sees its own writes in any process. */
async function followHead(context: OperationContext, session: Session): Promise<void> {
  const head = await getHead(session);
  if (context.engine.revision < head.revision) {
    context.engine.poke();
    await context.engine.waitFor(head.revision, ENGINE_WAIT_MS);
  }
}

function behind(entity: EntityState) {
  return problem('unavailable', `The decision engine does not know ${entity.label} yet; try again.`);
}

async function labelled(session: Session, answers: readonly StandingAnswer[]): Promise<StandingView[]> {
  const labels = await labelsOf(
    session,
    answers.flatMap((answer) => answer.reasons.map((reason) => reason.entityNumber)),
  );
  return answers.map((answer) => ({
    ...answer,
    reasons: answer.reasons.map((reason) => ({ ...reason, label: labels.get(reason.entityNumber) ?? '' })),
  }));
}

async function labelsOf(session: Session, numbers: readonly number[]): Promise<Map<number, string>> {
  const entities = await listByNumbers(session, [...new Set(numbers)]);
  return new Map(entities.map((entity) => [entity.id, entity.label]));
}
