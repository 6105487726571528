/** How an entity stands, and everything on the way that makes it so. */
import { problem } from '#core/problem.ts';
import type { ExplainedNode, Reason, StandingAnswer } from '#decisions/answer.ts';
import { requirePermission, sees, seesName } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type HoldView, holdView } from '#operations/hold-view.ts';
import { redactedReason } from '#operations/reason-view.ts';
import { getEntity } from '#operations/resolve.ts';
import { getHead } from '#store/change.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, listByNumbers } from '#store/entity.ts';
import { type HoldRow, listInForce } from '#store/hold.ts';

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
export async function readStanding(
  context: OperationContext,
  actor: Actor,
  id: string | number,
): Promise<StandingView> {
  const session = reader(context);
  const entity = await getEntity(session, actor, id);
  requirePermission(actor, 'entity:read');
  await followHead(context, session);
  const answer = context.engine.standing(entity.id);
  if (answer === null) throw behind(entity);
  return standingView(
    answer,
    await loadKnown(
      session,
      actor,
      answer.reasons.map((reason) => reason.entityNumber),
    ),
  );
}

/** The standing with the whole chain and the holds on each node of it. Throws `not_found`, `unavailable`. */
export async function explainStanding(
  context: OperationContext,
  actor: Actor,
  id: string | number,
): Promise<ExplainView> {
  const session = reader(context);
  const entity = await getEntity(session, actor, id);
  requirePermission(actor, 'entity:read');
  await followHead(context, session);
  const explanation = context.engine.explain(entity.id);
  if (explanation === null) throw behind(entity);
  const { chain, ...answer } = explanation;
  const known = await loadKnown(
    session,
    actor,
    chain.map((node) => node.entityNumber),
  );
  return {
    entity: entity.uuid,
    standing: standingView(answer, known),
    // Above the reader's account there is nothing for it; what reaches the entity from there is among the reasons.
    chain: chain.flatMap((node) => {
      const state = known.nodes.get(node.entityNumber);
      if (state === undefined) return [];
      return [
        {
          id: node.entity,
          number: node.entityNumber,
          kind: node.kind,
          label: state.label,
          via: node.via,
          closedAt: node.closedAt,
          holds: (known.holds.get(node.entityNumber) ?? []).map((hold) => holdView(hold, actor, state)),
        },
      ];
    }),
  };
}

/** What the reader may know of nodes and of the holds in force on them. */
interface Known {
  readonly nodes: ReadonlyMap<number, EntityState>;
  readonly holds: ReadonlyMap<number, readonly HoldRow[]>;
  readonly authors: ReadonlySet<string>;
}

async function loadKnown(session: Session, actor: Actor, numbers: readonly (number | null)[]): Promise<Known> {
  const ids = [...new Set(numbers)].filter((id) => id !== null);
  const states = (await listByNumbers(session, ids)).filter((state) => sees(actor, state));
  const nodes = new Map(states.map((state) => [state.id, state]));
  const holds = (await listInForce(session, ids)).filter((hold) => nodes.has(hold.entity_id));
  const authors = holds.filter((hold) => seesName(actor, hold, nodes.get(hold.entity_id)?.line ?? []));
  return {
    nodes,
    holds: Map.groupBy(holds, (hold) => hold.entity_id),
    authors: new Set(authors.map((hold) => hold.uuid)),
  };
}

function standingView(answer: StandingAnswer, known: Known): StandingView {
  return {
    ...answer,
    reasons: answer.reasons.map((reason) => {
      const node = reason.entityNumber === null ? undefined : known.nodes.get(reason.entityNumber);
      const isAuthorSeen = reason.hold === null || known.authors.has(reason.hold);
      return { ...redactedReason(reason, node !== undefined, isAuthorSeen), label: node?.label ?? '' };
    }),
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
