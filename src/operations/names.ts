/**
 * Whether names are free. A name whose entity is closed can be used again, unless it rests or is promised.
 */
import type { Identifier } from '#core/identifier.ts';
import { type RestSettings, restUntil } from '#core/number-rest.ts';
import { problem } from '#core/problem.ts';
import type { Actor } from '#operations/context.ts';
import type { NameHolder } from '#store/identifier.ts';

import { holderKey } from './create/surroundings.ts';

/**
 * Throws `exists` for the first name that somebody has: an open entity, a closed telephone number in quarantine, which
 * rests before it can be assigned again (47 CFR 52.15(f)), or one that its provider has not taken back yet.
 */
export function refuseHeldNames(
  identifiers: readonly Identifier[],
  holders: ReadonlyMap<string, NameHolder>,
  actor: Pick<Actor, 'accountId'>,
  now: Date,
  rest: RestSettings,
): void {
  for (const identifier of identifiers) {
    const holder = holders.get(holderKey(identifier));
    if (holder === undefined) continue;
    // That a name is taken cannot be hidden, by whom can.
    const seen = actor.accountId === 0 || holder.path.includes(actor.accountId) ? { entity: holder.uuid } : {};
    const name =
      identifier.scheme === 'rr' ? `The record ${identifier.value}` : `${identifier.scheme}:${identifier.value}`;
    if (holder.closed_since === null)
      throw problem('exists', `${name} is there already.`, {
        facts: { identifier: `${identifier.scheme}:${identifier.value}`, ...seen },
      });
    if (identifier.scheme !== 'tel') continue;
    const until = restUntil(holder.closed_since, holder.country, rest);
    const facts = { identifier: `tel:${identifier.value}`, ...seen, quarantinedUntil: until.toISOString() };
    if (holder.release_pending)
      throw problem(
        'exists',
        `${name} was closed, and its provider has not taken it back yet; it rests until ${until.toISOString()} at least.`,
        { facts: { ...facts, releasePending: true } },
      );
    if (until > now) throw problem('exists', `${name} was closed and rests until ${until.toISOString()}.`, { facts });
  }
}
