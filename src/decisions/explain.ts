/** How an entity stands and why: for people and for operations. Its target is left aside, unless it explains. */
import { ALL_ACTIONS, actionsIn } from '#core/action.ts';
import { type Restrictions, standingOf } from '#core/restrictions.ts';
import type { Explanation, StandingAnswer } from './answer.ts';
import type { Picture } from './picture.ts';
import { type ReachingNode, groundsOf, groundsOn, isoOf, nodesReaching } from './reasons.ts';
import type { Walk } from './walk.ts';

/** The merged restrictions of an entity itself, its target left aside; null when it is not known. */
export function restrictionsOf(picture: Picture, walk: Walk, entity: number): Restrictions | null {
  if (!picture.entities.has(entity) || !walk.measure(picture, entity, false)) return null;
  const { denied, intercepted, closed, ownerClosed } = walk;
  return { denied, intercepted, closed, ownerClosed };
}

/** How an entity stands, with every reason; null when it is not known. */
export function standingAnswer(
  picture: Picture,
  walk: Walk,
  entity: number,
  staleForMs: number,
): StandingAnswer | null {
  const restrictions = restrictionsOf(picture, walk, entity);
  if (restrictions === null) return null;
  return {
    entity: picture.uuids.textOf(entity),
    entityNumber: entity,
    kind: picture.entities.kindOf(entity),
    standing: standingOf(restrictions),
    lifecycle: picture.entities.closedAtMsOf(entity) === null ? 'open' : 'closed',
    denied: actionsIn(restrictions.denied),
    intercepted: actionsIn(restrictions.intercepted),
    reasons: groundsOf(picture, entity, ALL_ACTIONS, false).map((ground) => ground.reason),
    revision: picture.revision,
    epoch: picture.epoch,
    staleForMs,
  };
}

/** The standing with the whole chain behind it, node by node; null when the entity is not known. */
export function explain(picture: Picture, walk: Walk, entity: number, staleForMs: number): Explanation | null {
  const answer = standingAnswer(picture, walk, entity, staleForMs);
  if (answer === null) return null;
  const onward = walk.measure(picture, entity, true);
  const nodes = new Map<number, ReachingNode>();
  for (const node of nodesReaching(picture, entity, onward)) if (!nodes.has(node.id)) nodes.set(node.id, node);
  const chain = [...nodes.values()].map((node) => ({
    entity: picture.uuids.textOf(node.id),
    entityNumber: node.id,
    kind: picture.entities.kindOf(node.id),
    via: node.via,
    closedAt: isoOf(picture.entities.closedAtMsOf(node.id)),
    reasons: groundsOn(picture, node, ALL_ACTIONS).map((ground) => ground.reason),
  }));
  return { ...answer, chain };
}
