/**
 * Makes one group or user match: intercept as the holds want it, or what was there before them.
 *
 * Before the first write the settings are read and kept. Each write is a full one, and what it did is read back. When its answer
 * is lost nothing is claimed: the next call reads before it writes.
 */
import type { Json } from '#core/field.ts';
import { sameState } from '#core/system-kind.ts';
import { type BroadworksState, NOT_INTERCEPTED } from '#core/systems/broadworks.ts';
import { type Intercept, NEUTRAL } from '#core/systems/broadworks-intercept.ts';
import type { Call, Order, Outcome } from '#systems/system.ts';

import { errorOf } from './document.ts';
import { BroadworksFailure, LostAnswer, SLOW_RETRY_MS, failureOf } from './failure.ts';
import { type Found, differences, unspeakable, writeCommand } from './intercept-elements.ts';
import { type Kept, isOurs, keptOf, lossOf, readKept, toJson, withTold } from './kept.ts';
import { type Desk, find, look } from './look.ts';

/** Shown where a suspension would close the emergency path without a law that says so. */
export const EMERGENCY_TEXT = 'emergency calls would be intercepted on this server';

/** A stored state; nothing stored means nothing told. */
export function stateOf(stored: Json): BroadworksState {
  // Made by `desired` of the kind alone, and confirmed as it was made.
  return stored === null ? NOT_INTERCEPTED : (stored as unknown as BroadworksState);
}

export async function converge(desk: Desk, order: Order, call: Pick<Call, 'keep'>): Promise<Outcome> {
  try {
    const state = stateOf(order.desired);
    return state.intercept === null ? await restore(desk, order) : await intercept(desk, order, state, call);
  } catch (error) {
    if (error instanceof LostAnswer) return { type: 'unknown', code: error.code, detail: desk.redact(error.message) };
    if (!(error instanceof BroadworksFailure)) throw error;
    const { code, message, again, afterMs } = error;
    return { type: again, code, detail: desk.redact(message), afterMs };
  }
}

async function intercept(desk: Desk, order: Order, state: BroadworksState, call: Pick<Call, 'keep'>): Promise<Outcome> {
  const wanted = state.intercept ?? NEUTRAL;
  const [unreadable] = state.unreadable;
  if (unreadable !== undefined)
    throw new BroadworksFailure(
      'profile_invalid',
      `the profile makes no sense for this target: ${unreadable}`,
      'never',
    );
  const { found, stopsEmergency } = await look(desk);
  const mute = unspeakable(desk.session.family, wanted);
  if (mute !== null) throw new BroadworksFailure('mode_unknown', mute, 'never', SLOW_RETRY_MS);
  if (wanted.isActive && !state.mayStopEmergency) judgeEmergency(stopsEmergency);
  const kept = await keep(desk, order, found, wanted, call);
  const isThere = order.mayHaveActed && !order.isForced && !hasFile(wanted);
  if (!isThere || differences(desk.session.family, wanted, found).length > 0) await write(desk, wanted);
  const notes = [
    stopsEmergency === true ? 'emergency calls are intercepted on this server as well' : null,
    hasFile(wanted) ? 'what the announcement holds cannot be read back' : null,
    kept === null ? 'what was configured before is not known and cannot be put back' : lossOf(kept),
  ];
  return { type: 'done', note: sentence(notes) };
}

function judgeEmergency(stopsEmergency: boolean | null): void {
  if (stopsEmergency === true)
    throw new BroadworksFailure('emergency_intercepted', EMERGENCY_TEXT, 'never', SLOW_RETRY_MS);
  if (stopsEmergency === null)
    throw new BroadworksFailure(
      'emergency_unknown',
      'the server does not tell us whether emergency calls would be intercepted',
      'never',
      SLOW_RETRY_MS,
    );
}

/**
 * Keeps what is there, durably, before the first write. What was kept for a write that never happened, or was put back since, is
 * replaced: the customer may have changed it. Our own work is never taken for what was there before. Null when a hold was written
 * already and nothing is kept.
 */
async function keep(
  { session }: Desk,
  order: Order,
  found: Found,
  wanted: Intercept,
  call: Pick<Call, 'keep'>,
): Promise<Kept | null> {
  const isFirst = stateOf(order.applied).intercept === null;
  const before = readKept(order.kept);
  if (!isFirst && before === null) return null;
  const isOutdated =
    before !== null && isFirst && (before.isRestored || !order.mayHaveActed) && !isOurs(before, session.family, found);
  const kept = withTold(before === null || isOutdated ? keptOf(found) : before, wanted);
  if (!sameState(toJson(kept), order.kept)) await call.keep(toJson(kept));
  return kept;
}

/** Puts back what was there before the first hold. */
async function restore(desk: Desk, order: Order): Promise<Outcome> {
  const kept = readKept(order.kept);
  const wasTold = stateOf(order.applied).intercept !== null;
  // Nothing is ever written before something is kept, so there is nothing to take back.
  if (!wasTold && (kept === null || !(order.mayHaveActed || order.isForced))) return { type: 'done', kept: null };
  const wanted = kept?.settings ?? NEUTRAL;
  await desk.session.open(desk.options);
  if (await isToBePutBack(desk, order, wanted, wasTold, kept)) await write(desk, wanted);
  const note =
    kept === null
      ? 'nothing could be restored: it is not known what was configured before; intercept is off'
      : lossOf(kept);
  // Whoever does not say whether a request may still arrive is taken to mean that it may.
  const isOver = order.mayStillArrive === undefined ? !order.mayHaveActed : !order.mayStillArrive;
  return {
    type: 'done',
    note: note ?? undefined,
    kept: kept === null || isOver ? null : toJson({ ...kept, isRestored: true }),
  };
}

/** What was confirmed is undone in any case; of what may have acted, only what is there. */
async function isToBePutBack(desk: Desk, order: Order, wanted: Intercept, wasTold: boolean, kept: Kept | null) {
  if (wasTold && !order.mayHaveActed) return true;
  const { family } = desk.session;
  const found = await find(desk);
  if (differences(family, wanted, found).length === 0) return false;
  // It was put back once: what is there now is either a late request of ours, or the customer's own.
  return kept === null || !kept.isRestored || isOurs(kept, family, found);
}

/** Writes everything, and reads it back. Throws `LostAnswer` when it is not proven that it is there. */
async function write(desk: Desk, wanted: Intercept): Promise<void> {
  const { session, reference, options, redact } = desk;
  const answer = await session.write(writeCommand(session.family, reference, wanted), options);
  const error = errorOf(answer);
  if (error !== null && error.level !== 'Info') throw failureOf(error, redact);
  const found = await find(desk).catch((cause: unknown) => {
    if (!(cause instanceof BroadworksFailure)) throw cause;
    throw new LostAnswer('not_read_back', `written, but it could not be read back: ${cause.message}`);
  });
  const wrong = differences(session.family, wanted, found);
  if (wrong.length > 0)
    throw new LostAnswer(
      'read_back_differs',
      `the server accepted the settings, but has others of ${wrong.join(', ')}`,
    );
}

function hasFile({ audioFile, videoFile }: Intercept): boolean {
  return audioFile !== null || videoFile !== null;
}

function sentence(notes: readonly (string | null)[]): string | undefined {
  const said = notes.filter((note) => note !== null);
  return said.length === 0 ? undefined : said.join('; ');
}
