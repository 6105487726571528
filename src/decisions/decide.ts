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
  /** The answer that an active subject got last; the same for all of them while nothing changes. */
  #allowed: Decision = Object.freeze({
    effect: 'allow',
    action: 'api',
    standing: 'active',
    reasons: NO_REASONS,
    refusal: null,
    revision: -1,
    epoch: '',
    staleForMs: 0,
  });

  /** Judges an entity by its id; -1 stands for a subject that nobody knows. */
  decide(picture: Picture, entity: number, action: Action, staleForMs: number): Decision {
    const { revision, epoch } = picture;
    const walk = this.#walk;
    if (entity < 0 || !walk.measure(picture, entity, true))
      return {
        effect: 'unknown',
        action,
        standing: null,
        reasons: NO_REASONS,
        refusal: null,
        revision,
        epoch,
        staleForMs,
      };
    const held = walk.denied | walk.intercepted;
    if (held === 0) return this.#allow(picture, action, staleForMs);
    const bit = ACTION_BIT[action];
    const standing = standingOf(walk);
    if ((held & bit) === 0)
      return { effect: 'allow', action, standing, reasons: NO_REASONS, refusal: null, revision, epoch, staleForMs };
    const grounds = groundsOf(picture, entity, bit, true);
    const reasons = grounds.map((ground) => ground.reason);
    const effect = (walk.denied & bit) !== 0 ? 'deny' : 'intercept';
    return { effect, action, standing, reasons, refusal: wordsOf(grounds), revision, epoch, staleForMs };
  }

  #allow({ revision, epoch }: Picture, action: Action, staleForMs: number): Decision {
    const last = this.#allowed;
    const isSame =
      last.action === action && last.revision === revision && last.staleForMs === staleForMs && last.epoch === epoch;
    if (isSame) return last;
    this.#allowed = Object.freeze({ ...last, action, revision, epoch, staleForMs });
    return this.#allowed;
  }
}
