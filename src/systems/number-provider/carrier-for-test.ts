/** Drivers, markets and orders against a simulated carrier, for tests. */
import type { Json, Values } from '#core/field.ts';
import type { MarketPlace } from '#core/number-market.ts';
import type { Call, Order, SystemDriver } from '#systems/system.ts';

import { makeNumberProviderDriver } from './driver.ts';
import { type CarrierSimulator, SIMULATED_ACCOUNT, SIMULATED_TOKEN } from './simulator.ts';

export const DIALECTS = ['generic', 'twilio'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** No test waits for it: whoever is silent cuts the connection. */
const TIMEOUT_MS = 20_000;
export const UUID = '00000000-0000-4000-8000-000000000001';

export function placeOf(dialect: Dialect, carrier: { readonly origin: string }, token = SIMULATED_TOKEN): MarketPlace {
  const settings: Values = {
    url: carrier.origin,
    dialect,
    ...(dialect === 'twilio' ? { accountSid: SIMULATED_ACCOUNT } : {}),
  };
  return { id: 1, name: 'carrier', settings, secrets: { token }, timeoutMs: TIMEOUT_MS };
}

export function driverOf(dialect: Dialect, carrier: CarrierSimulator, token?: string): SystemDriver {
  return makeNumberProviderDriver(placeOf(dialect, carrier, token));
}

export function orderOf(values: Values, more: Partial<Order> = {}): Order {
  const reference: Json = values['providerReference'] ?? null;
  return {
    entityId: 1,
    uuid: UUID,
    kind: 'phone_number',
    accountId: 0,
    reference,
    values,
    profiles: [],
    desired: { held: false },
    applied: null,
    kept: null,
    task: null,
    mayHaveActed: false,
    isForced: false,
    requestId: '00000000-0000-4000-8000-0000000000ff',
    attempts: 0,
    ...more,
  };
}

export function callOf(): Call {
  return { signal: new AbortController().signal, timeoutMs: TIMEOUT_MS, slot: 0, keep: () => Promise.resolve() };
}
