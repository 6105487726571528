/** Searching and buying for operations. Nothing is kept between two requests: who asks brings the settings. */
import type { MarketPlace, NumberMarket, Purchase } from '#core/number-market.ts';
import { SystemFailure } from '#systems/http-call.ts';

import { providerOf } from './provider.ts';

export function makeNumberMarket(): NumberMarket {
  const askingOf = ({ timeoutMs }: MarketPlace) => ({ timeoutMs });
  const providerAt = ({ settings, secrets }: MarketPlace) => providerOf(settings, secrets);
  return {
    async search(place, criteria) {
      try {
        return { type: 'found', numbers: await providerAt(place).search(criteria, askingOf(place)) };
      } catch (error) {
        return { type: 'failed', detail: detailOf(error) };
      }
    },
    buy: (place, number, requestId) => providerAt(place).buy(number, requestId, askingOf(place)),
    async findPurchase(place, number, requestId): Promise<Purchase> {
      try {
        const held = await providerAt(place).find(number, askingOf(place));
        const mine = held.find((one) => one.requestId === requestId);
        if (mine !== undefined) return { type: 'bought', held: mine };
        return { type: 'refused', code: 'not_available', detail: 'the provider knows no such purchase' };
      } catch (error) {
        return { type: 'unknown', detail: detailOf(error) };
      }
    },
  };
}

function detailOf(error: unknown): string {
  if (error instanceof SystemFailure) return error.message;
  throw error;
}
