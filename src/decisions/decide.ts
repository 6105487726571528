/**
 * May this entity do this action now? A pure function of the picture.
 *
 * A call to an emergency number is judged as `call.emergency`. A number or an alias is answered by the most
 * restrictive of all that it leads to. What is not known is `unknown`, never an allow.
 */
import { ACTION_BIT, ALL_ACTIONS, type Action, actionsIn } from '#core/action.ts';
import { type Restrictions, standingOf } from '#core/restrictions.ts';
import type { Decision, Explanation, Reason, StandingAnswer } from './answer.ts';
import type { Picture } from './picture.ts';
import { type ReachingNode, groundsOf, groundsOn, isoOf, nodesReaching, wordsOf } from './reasons.ts';
import type { Walk } from './walk.ts';

const NO_REASONS: readonly Reason[] = Object.freeze([]);

/** Judges an entity by its id; -1 stands for a subject that nobody knows. */
export function decide(
  picture: Picture,
  walk: Walk,
  entity: number,
  action: Action,
  staleForMs: number,
): Decision {
  const { revision, epoch } = picture;
  if (entity < 0 || !walk.measure(picture, entity, true))
    return { effect: 'unknown', action, standing: null, reasons: NO_REASONS, refusal: null, revision, epoch, staleForMs };
  const standing = standingOf(walk);
  const bit = ACTION_BIT[action];
  if (((walk.denied | walk.intercepted) & bit) === 0)
    return { effect: 'allow', action, standing, reasons: NO_REASONS, refusal: null, revision, epoch, staleForMs };
  const grounds = groundsOf(picture, entity, bit, true);
  return {
    effect: (walk.denied & bit) !== 0 ? 'deny' : 'intercept',
    action,
    standing,
    reasons: grounds.map((ground) => ground.reason),
    refusal: wordsOf(grounds),
    revision,
    epoch,
    staleForMs,
  };
}

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
