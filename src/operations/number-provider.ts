/** Number providers as operations find them: who may buy there, and what goes with a request. */
import type { MarketPlace, NumberMarket } from '#core/number-market.ts';
import { problem } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import type { Actor, OperationContext } from '#operations/context.ts';
import { notFound } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { type SystemRow, findSystem, listSystems, openSecrets } from '#store/system.ts';

export interface Provider {
  readonly market: NumberMarket;
  readonly place: MarketPlace;
  /** A request that was given up may act for so long, in milliseconds. */
  readonly flightMs: number;
}

/** The provider at which the actor may search and buy. Throws `not_found`, `forbidden`. */
export async function getProvider(session: Session, actor: Actor, name: string): Promise<SystemRow> {
  requirePermission(actor, 'entity:create');
  const row = await findSystem(session, name);
  if (row === null || row.kind !== 'number_provider') throw notFound(`number provider ${name}`);
  if (maySell(row, actor)) return row;
  const buyers = row.settings['buyers'] === 'reseller' ? 'resellers' : 'the platform';
  throw problem('forbidden', `${row.name} sells to ${buyers} alone.`, { facts: { buyers: row.settings['buyers'] } });
}

/** Every provider, by name, and whether it sells to the actor. */
export async function listProviders(
  session: Session,
  actor: Actor,
): Promise<readonly { readonly row: SystemRow; readonly isSelling: boolean }[]> {
  const rows = await listSystems(session);
  return rows.filter(({ kind }) => kind === 'number_provider').map((row) => ({ row, isSelling: maySell(row, actor) }));
}

/** Countries in which a provider has numbers; the United States where it does not say. */
export function countriesOf({ settings }: SystemRow): readonly string[] {
  const { countries } = settings;
  return Array.isArray(countries) && countries.length > 0 ? countries.map(String) : ['US'];
}

/** The same, to be asked now. Throws `unavailable` while it is paused. */
export function requireOpen(context: OperationContext, row: SystemRow): Provider {
  if (row.paused_at !== null) throw problem('unavailable', `${row.name} is paused; try again when it is resumed.`);
  const provider = openProvider(context, row);
  if (provider === null) throw problem('unavailable', 'Numbers cannot be bought here.');
  return provider;
}

/** What a request to a provider needs; null where none can be sent. */
export function openProvider(context: OperationContext, row: SystemRow): Provider | null {
  const market = context.numberMarket;
  if (market === undefined) return null;
  const secrets = openSecrets(context.sealingKey, row);
  const { id, name, settings, timeout_ms: timeoutMs } = row;
  return { market, place: { id, name, settings, secrets, timeoutMs }, flightMs: row.flight_max_ms };
}

function maySell({ settings }: SystemRow, actor: Actor): boolean {
  if (actor.authority === 'platform' || settings['buyers'] === 'all') return true;
  return settings['buyers'] === 'reseller' && actor.authority === 'reseller';
}
