/**
 * An entity's names follow its fields and its container: those it loses go into the history, those it gains must be free.
 */
import type { Identifier } from '#core/identifier.ts';
import { restSettings } from '#operations/context.ts';
import type { Work } from '#operations/perform.ts';
import type { EntityState } from '#store/entity.ts';
import {
  type NameHolder,
  identifiersByEntity,
  insertIdentifiers,
  releaseIdentifiers,
  storedValue,
} from '#store/identifier.ts';

import { holderKey, loadHolders } from './create/surroundings.ts';
import { refuseHeldNames } from './names.ts';

/** What an entity's names will become, once it is known that they are free. */
export interface Renaming {
  readonly lost: readonly Identifier[];
  readonly gained: readonly Identifier[];
  /** Closed entities that still have names which are gained. */
  readonly holders: ReadonlyMap<string, NameHolder>;
}

/** Names stay as they are. */
export const NO_RENAMING: Renaming = { lost: [], gained: [], holders: new Map() };

/** Works out what giving the entity exactly these names takes. Throws `exists`. */
export async function judgeNames(
  work: Work,
  entity: EntityState,
  identifiers: readonly Identifier[],
): Promise<Renaming> {
  const { transaction, context, actor } = work;
  const former = (await identifiersByEntity(transaction, [entity.id])).get(entity.id) ?? [];
  const key = ({ scheme, value }: Identifier) => `${scheme}:${storedValue(value)}`;
  const formerKeys = new Set(former.map(key));
  const nextKeys = new Set(identifiers.map(key));
  const gained = identifiers.filter((identifier) => !formerKeys.has(key(identifier)));
  const lost = former.filter((identifier) => !nextKeys.has(key(identifier)));
  const holders = await loadHolders(transaction, gained);
  refuseHeldNames(gained, holders, actor, context.clock(), restSettings(context.settings));
  return { lost, gained, holders };
}

/** Gives the entity its new names; answers the closed entities whose names it took. */
export async function renameEntity(
  { transaction }: Work,
  entity: EntityState,
  { lost, gained, holders }: Renaming,
): Promise<number[]> {
  await releaseIdentifiers(transaction, [
    ...lost,
    ...gained.filter((identifier) => holders.has(holderKey(identifier))),
  ]);
  await insertIdentifiers(
    transaction,
    gained.map((identifier) => ({ ...identifier, entityId: entity.id })),
  );
  return recordReleased(
    transaction,
    [...holders.values()].map((holder) => holder.entity_id),
    entity.id,
  );
}

/** Records that closed entities lost their names to another; answers them. */
export function recordReleased(transaction: Work['transaction'], losers: readonly number[], to: number): number[] {
  for (const loser of losers)
    transaction.record({ kind: 'entity.released', entityId: loser, facts: { to }, touched: [loser] });
  return [...losers];
}
