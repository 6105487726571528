/** What an account used, as Twilio writes it. */
import { sidOf } from '#core/sid.ts';
import type { UsageView } from '#operations/telephony/usage.ts';

import { API_VERSION, type Shape, uriOf } from '../response.ts';

const WORDS = {
  calls: { description: 'Total Calls', usageUnit: 'minutes', countUnit: 'calls' },
  sms: { description: 'Total SMS', usageUnit: 'messages', countUnit: 'messages' },
} as const;

/** The spans, by Twilio's names and the ends of their paths. */
export const SPANS = {
  all_time: 'AllTime',
  daily: 'Daily',
  last_month: 'LastMonth',
  monthly: 'Monthly',
  this_month: 'ThisMonth',
  today: 'Today',
  yearly: 'Yearly',
  yesterday: 'Yesterday',
} as const;

/** `span` is the end of the path by which it was asked for; `asOf` when that was. */
export function usageShape(span: string | null, asOf: Date): Shape<UsageView> {
  const path = span === null ? ['Usage', 'Records'] : ['Usage', 'Records', span];
  return {
    account_sid: ({ accountUuid }) => sidOf('account', accountUuid),
    api_version: () => API_VERSION,
    as_of: () => asOf.toISOString().replace(/\.\d+Z$/, '+00:00'),
    category: ({ category }) => category,
    description: ({ category }) => WORDS[category].description,
    start_date: ({ start }) => start,
    end_date: ({ end }) => end,
    usage: ({ usage }) => String(usage),
    usage_unit: ({ category }) => WORDS[category].usageUnit,
    count: ({ count }) => String(count),
    count_unit: ({ category }) => WORDS[category].countUnit,
    price: ({ price }) => Number(price),
    price_unit: ({ priceUnit }) => priceUnit.toLowerCase(),
    uri: ({ accountUuid, category }) => `${uriOf(accountUuid, ...path)}?Category=${category}`,
    subresource_uris: ({ accountUuid, category }) =>
      Object.fromEntries(
        Object.entries(SPANS).map(([name, end]) => [
          name,
          `${uriOf(accountUuid, 'Usage', 'Records', end)}?Category=${category}`,
        ]),
      ),
  };
}
