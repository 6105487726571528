/**
 * May this entity do this action now? Answered from a picture alone.
 *
 * A number or an alias is answered by the most restrictive of all that it leads to. What is not known is `unknown`,
 * never an allow.
 */
import { ACTION_BIT, type Action } from '#core/action.ts';
import { standingOf } from '#core/restrictions.ts';
import type { Decision, Reason } from './answer.ts';
import type { Picture } from './picture.ts';
import { groundsOf, wordsOf } from './reasons.ts';
import { Walk } from './walk.ts';

const NO_REASONS: readonly Reason[] = Object.freeze([]);

export class Judge {
  readonly #walk = new Walk();
  /** The answer last given to active subjects, by the number of the action: the same for all of them. */
  readonly #allowed: (Decision | undefined)[] = [];

  /** Judges an entity by its id; -1 stands for a subject that nobody knows. */
  decide(picture: Picture, entity: number, action: Action, staleForMs: number): Decision {
    const { revision, epoch } = picture;
    const walk = this.#walk;
    if (entity < 0 || !walk.measure(picture, entity, true))
      return { effect: 'unknown', action, standing: null, reasons: NO_REASONS, refusal: null, revision, epoch, staleForMs };
    const bit = ACTION_BIT[action];
    const held = walk.denied | walk.intercepted;
    if (held === 0) return this.#allow(picture, action, bit, staleForMs);
    const standing = standingOf(walk);
    if ((held & bit) === 0)
      return { effect: 'allow', action, standing, reasons: NO_REASONS, refusal: null, revision, epoch, staleForMs };
    const grounds = groundsOf(picture, entity, bit, true);
    const reasons = grounds.map((ground) => ground.reason);
    const effect = (walk.denied & bit) !== 0 ? 'deny' : 'intercept';
    return { effect, action, standing, reasons, refusal: wordsOf(grounds), revision, epoch, staleForMs };
  }

  #allow({ revision, epoch }: Picture, action: Action, bit: number, staleForMs: number): Decision {
    const number = 31 - Math.clz32(bit);
    const former = this.#allowed[number];
    if (former?.revision === revision && former.staleForMs === staleForMs && former.epoch === epoch) return former;
    const standing = 'active';
    const decision = { effect: 'allow', action, standing, reasons: NO_REASONS, refusal: null, revision, epoch, staleForMs } as const;
    return (this.#allowed[number] = Object.freeze(decision));
  }
}
