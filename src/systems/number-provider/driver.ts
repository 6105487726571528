/**
 * Gives closed numbers back to their provider, and says which it still has.
 *
 * A number is released by the provider's id of its purchase, after a look whether that is still this number: a wrong id
 * must not give back what somebody else uses. What the provider does not know any more is released.
 */
import type { Json } from '#core/field.ts';
import type { HeldNumber } from '#core/number-market.ts';
import { type NumberState, type Wait, isHeld } from '#core/systems/number-provider.ts';
import { SystemFailure } from '#systems/http-call.ts';
import type { Call, MakeDriver, Observation, Order, Outcome } from '#systems/system.ts';

import { type Asking, type NumberProvider, providerOf } from './provider.ts';

/** How often it is looked whether a release that takes its time is done. */
const RELEASING_POLL_MS = 60_000;
/** What is waited for ends by a change, which is followed at once; this is only how often it is looked at again. */
const WAITING_POLL_MS = 6 * 3_600_000;
/** A provider that refuses for a port says so until the port is done, which takes a day or more. */
const PORT_POLL_MS = 3_600_000;

const WAITS: Readonly<Record<Wait, string>> = {
  port_out_pending: 'Another operator has asked for the number: it is kept until portOutPendingSince is cleared.',
  purchase_pending: 'The number is being bought: it is released when that is settled.',
  closing_time_unknown: 'It is not known when the number was closed.',
};

export const makeNumberProviderDriver: MakeDriver = ({ settings, secrets }) => {
  const provider = providerOf(settings, secrets);
  return {
    converge: (order, call) => convergeNumber(provider, order, call),
    observe: (order, call) => observeNumber(provider, order, call),
  };
};

async function convergeNumber(provider: NumberProvider, order: Order, call: Call): Promise<Outcome> {
  const desired = order.desired as NumberState; // As the kind computed it.
  try {
    if (desired.held) {
      if (desired.waits !== undefined) return waiting(desired.waits, WAITS[desired.waits], WAITING_POLL_MS);
      return await confirmHeld(provider, order, call);
    }
    const early = desired.notBefore === undefined ? 0 : Date.parse(desired.notBefore) - Date.now();
    if (early > 0)
      return waiting(
        'portable',
        `It can still be ported away until ${desired.notBefore}, and is released then.`,
        Math.min(early, WAITING_POLL_MS),
      );
    return await release(provider, order, call);
  } catch (error) {
    return failed(error);
  }
}

/** Somebody looked for drift: a number that is not there any more cannot be had back by asking. */
async function confirmHeld(provider: NumberProvider, order: Order, asking: Asking): Promise<Outcome> {
  if (!order.isForced) return { type: 'done' };
  const { held } = await findOwn(provider, order, asking);
  if (held !== null) return { type: 'done' };
  return {
    type: 'never',
    code: 'number_lost',
    detail: 'The provider does not have the number any more; close it, or let the provider give it back.',
  };
}

async function release(provider: NumberProvider, order: Order, asking: Asking): Promise<Outcome> {
  const { held, trouble } = await findOwn(provider, order, asking);
  if (trouble !== null) return trouble;
  if (held === null) return { type: 'done', applied: { held: false }, note: 'The provider does not have it any more.' };
  if (held.isReleasing) return releasing();
  switch (await provider.release(held.reference, order.requestId, asking).catch(asUnanswered)) {
    case 'released':
    case 'gone':
      return { type: 'done', applied: { held: false } };
    case 'releasing':
      return releasing();
    case 'port_out_pending':
      return waiting('port_out_pending', 'The provider keeps it: another operator has asked for it.', PORT_POLL_MS);
  }
}

/** A release whose reply was lost may have acted. It does no harm by being told again: what is gone is released. */
class Unanswered extends Error {
  override readonly cause: SystemFailure;

  constructor(cause: SystemFailure) {
    super(cause.message);
    this.cause = cause;
  }
}

function asUnanswered(error: unknown): never {
  throw error instanceof SystemFailure && error.isUnanswered ? new Unanswered(error) : error;
}

type Trouble = Extract<Outcome, { readonly type: 'later' | 'never' }>;

interface Own {
  readonly held: HeldNumber | null;
  /** Why it cannot be told which purchase is meant. */
  readonly trouble: Trouble | null;
}

/** The purchase that is this entity's: by the id that was noted, else by the number. */
async function findOwn(provider: NumberProvider, order: Order, asking: Asking): Promise<Own> {
  const { number, reference } = namesOf(order);
  if (reference !== null) {
    const held = await provider.read(reference, asking);
    if (held !== null && number !== null && held.number !== number)
      return undecided(
        'other_number',
        `The provider has another number under ${reference}; correct providerReference.`,
      );
    return { held, trouble: null };
  }
  // What was given back without an id may be held again by now, for somebody else.
  if (!isHeld(order.applied)) return { held: null, trouble: null };
  if (number === null) return undecided('no_reference', 'Neither number nor providerReference is known any more.');
  const found = await provider.find(number, asking);
  // What was bought for another entity since is none of ours.
  const own = found.filter(({ requestId }) => requestId === null || requestId === order.uuid);
  if (own.length > 1)
    return undecided('ambiguous_number', 'The provider has the number more than once; say which by providerReference.');
  return { held: own[0] ?? null, trouble: null };
}

/** A target without an id of the provider has the number itself as its reference; of what was erased only that is left. */
function namesOf({ values, reference }: Order): { readonly number: string | null; readonly reference: string | null } {
  const own = textOf(values['providerReference']);
  const bound = textOf(reference);
  const isNumber = bound?.startsWith('+') ?? false;
  return { number: textOf(values['e164']) ?? (isNumber ? bound : null), reference: own ?? (isNumber ? null : bound) };
}

async function observeNumber(provider: NumberProvider, order: Order, asking: Asking): Promise<Observation> {
  try {
    const { held, trouble } = await findOwn(provider, order, asking);
    if (trouble !== null) return { type: 'unseen', code: trouble.code, detail: trouble.detail };
    const isThere = held !== null && !held.isReleasing;
    const state: Json = isThere === isHeld(order.desired) ? order.desired : { held: isThere };
    return { type: 'seen', state };
  } catch (error) {
    if (error instanceof SystemFailure) return { type: 'unseen', code: codeOf(error), detail: error.message };
    throw error;
  }
}

function undecided(code: string, detail: string): Own {
  return { held: null, trouble: { type: 'never', code, detail } };
}

function waiting(code: string, text: string, pollAfterMs: number): Outcome {
  return { type: 'waiting', task: { waits: code }, code, text, pollAfterMs };
}

function releasing(): Outcome {
  return waiting('releasing', 'The provider is taking it back.', RELEASING_POLL_MS);
}

function failed(error: unknown): Outcome {
  if (error instanceof Unanswered) return { type: 'unknown', code: codeOf(error.cause), detail: error.message };
  if (!(error instanceof SystemFailure)) throw error;
  return { type: error.again, code: codeOf(error), detail: error.message, afterMs: error.afterMs };
}

function codeOf({ again }: SystemFailure): string {
  return again === 'never' ? 'provider_refuses' : 'provider_away';
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
