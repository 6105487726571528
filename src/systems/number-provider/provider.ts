/** What every number provider can do, whatever it speaks. */
import type { HeldNumber, NumberCriteria, OfferedNumber, Purchase } from '#core/number-market.ts';
import type { Values } from '#core/field.ts';

import { genericProvider } from './generic.ts';
import { twilioProvider } from './twilio.ts';

/** What goes with a request. */
export interface Asking {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * - `released`: the provider has taken the number back. `gone`: it did not have it any more.
 * - `releasing`: it will have. `port_out_pending`: it refuses, since another operator has asked for the number.
 */
export type Release = 'released' | 'gone' | 'releasing' | 'port_out_pending';

/** All but `buy` throw `SystemFailure` when the provider does not answer as agreed. */
export interface NumberProvider {
  search(criteria: NumberCriteria, asking: Asking): Promise<readonly OfferedNumber[]>;
  /** Buys one number; asked again with the same request id it does not buy it twice. */
  buy(number: string, requestId: string, asking: Asking): Promise<Purchase>;
  /** The purchases of a number that the provider holds for the operator: none, or one as a rule. */
  find(number: string, asking: Asking): Promise<readonly HeldNumber[]>;
  /** One purchase; null when it is not there any more. */
  read(reference: string, asking: Asking): Promise<HeldNumber | null>;
  release(reference: string, requestId: string, asking: Asking): Promise<Release>;
}

/** Speaks to a provider as its settings say. */
export function providerOf(settings: Values, secrets: Values): NumberProvider {
  return settings['dialect'] === 'twilio' ? twilioProvider(settings, secrets) : genericProvider(settings, secrets);
}
