/**
 * Where numbers are searched and bought, as operations see it. Whoever implements it speaks to the provider.
 *
 * A purchase always names one number and a request id that is its own for ever, so that asking again can be told from
 * buying again.
 */
import type { Values } from '#core/field.ts';

export const NUMBER_CLASSES = ['local', 'mobile', 'toll_free'] as const;
export type NumberClass = (typeof NUMBER_CLASSES)[number];

export const CAPABILITIES = ['voice', 'sms', 'mms', 'fax'] as const;
export type Capability = (typeof CAPABILITIES)[number];

export interface NumberCriteria {
  /** ISO 3166-1. */
  readonly country: string;
  readonly numberClass: NumberClass;
  /** Digits after the country code, without a trunk prefix. */
  readonly areaCode?: string;
  /** Digits that the number contains. */
  readonly contains?: string;
  readonly limit: number;
}

/** A number that could be bought. */
export interface OfferedNumber {
  /** E.164. */
  readonly number: string;
  readonly country: string;
  readonly numberClass: NumberClass;
  readonly friendlyName?: string | undefined;
  readonly locality?: string | undefined;
  readonly region?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly capabilities: readonly Capability[];
  /** What it costs a month, as the provider says. */
  readonly monthlyCost?: { readonly amount: string; readonly currency: string } | undefined;
}

/** A number that the provider holds for the operator. */
export interface HeldNumber {
  /** The provider's name of this purchase; another one if the number is bought again. */
  readonly reference: string;
  readonly number: string;
  /** The request id of its purchase; null where it was bought otherwise, or the provider does not say. */
  readonly requestId: string | null;
  readonly capabilities: readonly Capability[];
  /** The provider has begun to take it back. */
  readonly isReleasing: boolean;
}

/**
 * What became of a purchase.
 * - `refused`: nothing was bought, and asking again does not help. `not_available`: somebody else has the number.
 * - `failed`: nothing was bought, and asking later may help.
 * - `unknown`: no reply came to something that may have bought it.
 */
export type Purchase =
  | { readonly type: 'bought'; readonly held: HeldNumber }
  | {
      readonly type: 'refused';
      readonly code: 'not_available' | 'already_held' | 'refused';
      readonly detail: string;
    }
  | { readonly type: 'failed' | 'unknown'; readonly detail: string };

export type Search =
  | { readonly type: 'found'; readonly numbers: readonly OfferedNumber[] }
  | { readonly type: 'failed'; readonly detail: string };

/** A number provider as it is set up. */
export interface MarketPlace {
  readonly id: number;
  readonly name: string;
  readonly settings: Values;
  readonly secrets: Values;
  readonly timeoutMs: number;
}

export interface NumberMarket {
  search(place: MarketPlace, criteria: NumberCriteria): Promise<Search>;
  /** Buys one number. The same request id again answers what the first one did, as far as the provider can tell. */
  buy(place: MarketPlace, number: string, requestId: string): Promise<Purchase>;
  /** Whether the purchase was made, without making it; `refused` when it was not. */
  findPurchase(place: MarketPlace, number: string, requestId: string): Promise<Purchase>;
}
