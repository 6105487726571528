/**
 * What is to end beneath a held node: each thing with the moment of the hold that ends it, so that a hold that comes after a
 * lift ends it again even where the lift itself was never told.
 */
import type { ActionMask } from '#core/action.ts';
import type { Json } from '#core/field.ts';
import type { TargetFacts } from '#core/system-kind.ts';

/** Names of things to milliseconds since 1970; 0 where the moment is not known, or where something is closed. */
export type Ends<Thing extends string> = Readonly<Partial<Record<Thing, number>>> & { readonly closed?: true };

/**
 * What ends for these facts: a thing whose actions a profile with `sessions: end` denies, and everything where the node or
 * its owner is closed. What a profile lets finish is left, and so is what is only intercepted.
 */
export function endsOf<Thing extends string>(
  facts: Pick<TargetFacts, 'closed' | 'ownerClosed' | 'profiles'>,
  things: Readonly<Record<Thing, ActionMask>>,
): Ends<Thing> {
  const isClosed = facts.closed || facts.ownerClosed;
  const ends: Record<string, number | true> = {};
  for (const [thing, actions] of Object.entries<ActionMask>(things)) {
    const ending = facts.profiles.filter(({ sessions, denied }) => sessions === 'end' && (denied & actions) !== 0);
    if (isClosed || ending.length > 0) ends[thing] = Math.max(0, ...ending.map(({ since }) => since ?? 0));
  }
  return (isClosed ? { ...ends, closed: true } : ends) as Ends<Thing>; // Its names are those of the things.
}

/**
 * Those of the things that are to be told to come from one state to the other: what did not end yet, and what ends for a
 * younger reason. A lift tells nothing: less ends, or for an older reason.
 */
export function endsToTell<Thing extends string>(from: Json, to: Json, things: readonly Thing[]): Thing[] {
  const [before, after] = [asEnds<Thing>(from), asEnds<Thing>(to)];
  return things.filter((thing) => {
    const [was, is] = [before[thing], after[thing]];
    return is !== undefined && (was === undefined || is > was || (after.closed === true && before.closed !== true));
  });
}

function asEnds<Thing extends string>(state: Json): Ends<Thing> {
  return (typeof state === 'object' && state !== null && !Array.isArray(state) ? state : {}) as Ends<Thing>; // Written by endsOf.
}
