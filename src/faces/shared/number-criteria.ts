/** What numbers for sale are asked for, in the words that both account APIs have for it. */
import { CAPABILITIES } from '#core/number-market.ts';

import type { Parameters } from './parameters.ts';

/** `flag` reads a truth value as the face does. */
export function criteriaOf(query: Parameters, flag: (query: Parameters, name: string) => boolean | undefined) {
  return {
    areaCode: query.filled('AreaCode'),
    contains: query.filled('Contains'),
    region: query.filled('InRegion'),
    postalCode: query.filled('InPostalCode'),
    capabilities: CAPABILITIES.filter(
      (one) => flag(query, `${one.charAt(0).toUpperCase()}${one.slice(1)}Enabled`) === true,
    ),
  };
}
