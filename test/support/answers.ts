/** Answers to the questions of scenarios, in the form that every arrangement can give. */
import type { Action } from '#core/action.ts';

export interface StandingAnswer {
  readonly standing: string;
  readonly denied: readonly Action[];
  readonly intercepted: readonly Action[];
  /** Holds by their names in the scenario; closures as `closed acme`, `owner closed acme`. */
  readonly reasons?: readonly string[];
  /** The hold that words the refusals; null without any. */
  readonly governing: string | null;
}

export interface DecisionAnswer {
  readonly effect: string;
  readonly standing: string | null;
  /** The action that was judged. */
  readonly judged?: string;
  /** The profile that words the refusal; null when nothing is refused, or a closure words it. */
  readonly profile?: string | null;
  readonly text?: string | null;
  readonly reasons?: readonly string[];
}

export type Answer = StandingAnswer | DecisionAnswer;
