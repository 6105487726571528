/** Numbers that could be bought, and the countries in which there are any, as Twilio writes them. */
import type { OfferedNumber } from '#core/number-market.ts';

import { type Shape, uriOf } from '../response.ts';

/** What no provider says is null. */
export const OFFERED_NUMBER: Shape<OfferedNumber> = {
  friendly_name: ({ friendlyName, number }) => friendlyName ?? number,
  phone_number: ({ number }) => number,
  lata: () => null,
  locality: ({ locality }) => locality,
  rate_center: () => null,
  latitude: () => null,
  longitude: () => null,
  region: ({ region }) => region,
  postal_code: ({ postalCode }) => postalCode,
  iso_country: ({ country }) => country,
  address_requirements: () => 'none',
  beta: () => false,
  capabilities: ({ capabilities }) => ({
    voice: capabilities.includes('voice'),
    sms: capabilities.includes('sms'),
    mms: capabilities.includes('mms'),
    fax: capabilities.includes('fax'),
  }),
};

export interface Country {
  /** UUID of the account that asks. */
  readonly account: string;
  /** ISO 3166-1. */
  readonly code: string;
}

const NAMES = new Intl.DisplayNames(['en'], { type: 'region' });
/** What there is in each, by Twilio's name and the end of its path. */
const CLASSES = { local: 'Local', toll_free: 'TollFree', mobile: 'Mobile' };

export const COUNTRY: Shape<Country> = {
  country_code: ({ code }) => code,
  country: ({ code }) => NAMES.of(code),
  uri: ({ account, code }) => uriOf(account, 'AvailablePhoneNumbers', code),
  beta: () => false,
  subresource_uris: ({ account, code }) =>
    Object.fromEntries(
      Object.entries(CLASSES).map(([name, path]) => [name, uriOf(account, 'AvailablePhoneNumbers', code, path)]),
    ),
};
