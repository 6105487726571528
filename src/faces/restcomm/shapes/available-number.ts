/** A number that could be bought, as Restcomm writes it: in words that begin with a small letter and run together. */
import type { OfferedNumber } from '#core/number-market.ts';

import type { Member, Shape } from '../response.ts';

function camel(json: string, of: Member<OfferedNumber>['of']): Member<OfferedNumber> {
  return { json, xml: json.charAt(0).toUpperCase() + json.slice(1), of };
}

export const AVAILABLE_NUMBER: Shape<OfferedNumber> = {
  one: 'AvailablePhoneNumber',
  many: 'AvailablePhoneNumbers',
  members: [
    camel('friendlyName', ({ friendlyName, number }) => friendlyName ?? number),
    camel('phoneNumber', ({ number }) => number),
    camel('rateCenter', ({ locality }) => locality),
    camel('region', ({ region }) => region),
    camel('postalCode', ({ postalCode }) => postalCode),
    camel('isoCountry', ({ country }) => country),
    camel('cost', ({ monthlyCost }) => monthlyCost?.amount),
    camel('voiceCapable', ({ capabilities }) => capabilities.includes('voice')),
    camel('smsCapable', ({ capabilities }) => capabilities.includes('sms')),
    camel('mmsCapable', ({ capabilities }) => capabilities.includes('mms')),
    camel('faxCapable', ({ capabilities }) => capabilities.includes('fax')),
    camel('ussdCapable', () => false),
  ],
};
