/**
 * Where calls and messages are asked for, as operations see it. Whoever implements it speaks to the platform.
 *
 * Each carries a UUID that is its own for ever: asking again under it is not calling again, and the platform tells of it by
 * that.
 */
import type { Values } from '#core/field.ts';

/** A call platform as it is set up. */
export interface PlatformPlace {
  readonly id: number;
  readonly name: string;
  readonly settings: Values;
  readonly secrets: Values;
  readonly timeoutMs: number;
}

/** Where the platform fetches what to do, or tells what became of it. */
export interface Callback {
  readonly url: string;
  readonly method: 'GET' | 'POST';
}

export interface CallOrder {
  readonly id: string;
  /** The account for which it is, by SID. */
  readonly account: string;
  readonly from: string;
  /** A number, `client:name` or a SIP address. */
  readonly to: string;
  readonly application: Callback;
  readonly fallback: Callback | null;
  readonly statusCallback: Callback | null;
  /** Which events the status callback is to be told of; empty: as the platform does. */
  readonly statusEvents: readonly string[];
  /** How long it rings, in seconds; null: as the platform does. */
  readonly timeout: number | null;
  /** What a SIP address may ask for. */
  readonly credentials: { readonly username: string; readonly password: string } | null;
}

export interface CallChange {
  readonly status: 'canceled' | 'completed' | null;
  readonly application: Callback | null;
  readonly muted: boolean | null;
}

export interface MessageOrder {
  readonly id: string;
  readonly account: string;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly encoding: string | null;
  readonly statusCallback: Callback | null;
}

/**
 * What became of a request.
 * - `accepted`: the platform does it; `status` is how far it is, where it says.
 * - `refused`: it was not done, and asking again does not help. `gone`: the call is over.
 * - `failed`: it was not done, and asking later may help.
 * - `unknown`: no reply came to something that may have been done.
 */
export type Handed =
  | { readonly type: 'accepted'; readonly status: string | null }
  | { readonly type: 'refused' | 'gone' | 'failed' | 'unknown'; readonly detail: string };

export interface CallPlatform {
  call(place: PlatformPlace, order: CallOrder): Promise<Handed>;
  changeCall(place: PlatformPlace, id: string, change: CallChange): Promise<Handed>;
  message(place: PlatformPlace, order: MessageOrder): Promise<Handed>;
}
