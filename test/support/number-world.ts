/** An installation with a simulated carrier, for tests of numbers. */
import type { Values } from '#core/field.ts';
import type { NumberMarket } from '#core/number-market.ts';
import type { OperationContext, OperationSettings } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { insertSystem } from '#store/system.ts';
import { makeNumberMarket } from '#systems/number-provider/market.ts';
import {
  type CarrierSimulator,
  SIMULATED_ACCOUNT,
  SIMULATED_TOKEN,
  startCarrier,
} from '#systems/number-provider/simulator.ts';
import { SYSTEM_KIND } from '#core/system-kinds.ts';

import type { Cleanup } from './database.ts';
import { ADMIN, type Installation, testInstallation } from './installation.ts';

export interface NumberWorld extends Installation {
  readonly carrier: CarrierSimulator;
  /** Number of the system `carrier`. */
  readonly system: number;
  /** The same installation whose requests to the carrier go another way. */
  withMarket(market: Partial<NumberMarket>): OperationContext;
}

export const NUMBER = '+31208005100';
export const market = makeNumberMarket();

export async function numberWorld(
  t: Cleanup,
  options: {
    readonly dialect?: 'generic' | 'twilio';
    readonly stock?: Iterable<string>;
    readonly settings?: Values;
    readonly operations?: Partial<OperationSettings>;
  } = {},
): Promise<NumberWorld> {
  const { dialect = 'generic', stock = [NUMBER], settings = {} } = options;
  const carrier = await startCarrier(dialect, stock);
  t.after(() => carrier.stop());
  const here = await testInstallation(t, options.operations);
  const system = await insertCarrier(here, carrier.origin, {
    dialect,
    ...(dialect === 'twilio' ? { accountSid: SIMULATED_ACCOUNT } : {}),
    ...settings,
  });
  return {
    ...here,
    carrier,
    system,
    withMarket: (other) => ({ ...here.context, numberMarket: { ...market, ...other } }),
  };
}

/** A number provider by the name `carrier` that sells to everybody; answers its number. */
export async function insertCarrier(
  { session, context }: Pick<Installation, 'session' | 'context'>,
  url: string,
  settings: Values = {},
): Promise<number> {
  const { id } = await insertSystem(session, context.sealingKey, {
    ...SYSTEM_KIND.number_provider.pace,
    timeoutMs: 20_000,
    flightMaxMs: 20_000,
    name: 'carrier',
    kind: 'number_provider',
    accountId: 0,
    settings: { url, dialect: 'generic', buyers: 'all', portableDays: 0, ...settings },
    secrets: { token: SIMULATED_TOKEN },
    drift: 'off',
  });
  return id;
}

/** A customer beneath the platform, by number. */
export async function customer({ context }: NumberWorld, parent = 0): Promise<number> {
  return (await createEntity(context, ADMIN, { kind: 'account', name: 'A customer', parent })).value.number;
}

/** As if the time had passed in which a request may still act. */
export async function expireLeases({ pool }: NumberWorld): Promise<void> {
  await pool.query(`update number_purchase set due_at = now() - interval '1 second'`);
}

/** What the reconciler notes when the provider has confirmed a release, or a person acknowledged it. */
export async function confirmRelease(
  { pool }: Pick<Installation, 'pool'>,
  system: number,
  entity: number,
  how: 'applied' | 'acknowledged' = 'applied',
): Promise<void> {
  await pool.query(
    `insert into target (system_id, entity_id, account_id, generation_desired, generation_applied, applied, acknowledged_at)
      values ($1, $2, account_of($2), 1, $3, $4, $5)
      on conflict (system_id, entity_id) do update set generation_applied = excluded.generation_applied,
        applied = excluded.applied, acknowledged_at = excluded.acknowledged_at`,
    how === 'applied' ? [system, entity, 1, '{"held": false}', null] : [system, entity, 0, null, new Date()],
  );
}
