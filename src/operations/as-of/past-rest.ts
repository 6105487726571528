/** Until when a closed number rested, as of a revision: by the closures of then, for the days that are set now. */
import { type RestSettings, restUntil } from '#core/number-rest.ts';

import type { Past } from './past.ts';

export interface PastRest {
  readonly quarantinedUntil?: string;
}

/**
 * As a part of an answer: absent for what was open, is no telephone number, or had lost its name to another. A number
 * rests from the first closure of itself or of anything above it (47 CFR 52.15(f)(1)(ii)); what its owner is counts nothing.
 */
export function pastRestOf({ self, nodes, chain }: Past, settings: RestSettings): PastRest {
  const { kind, values, erased, hasNames } = self.entity;
  const isNamed = hasNames && ((values['e164'] ?? null) !== null || erased.has('e164'));
  if (kind !== 'phone_number' || !isNamed) return {};
  const closures = chain
    .filter(({ via }) => via !== 'owner')
    .map((link) => nodes.get(link.entity_id)?.entity.closedAtMs ?? null)
    .filter((ms) => ms !== null);
  if (closures.length === 0) return {};
  const country = typeof values['country'] === 'string' ? values['country'] : null;
  return { quarantinedUntil: restUntil(new Date(Math.min(...closures)), country, settings).toISOString() };
}
