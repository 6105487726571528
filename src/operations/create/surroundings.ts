/**
 * What a batch of creations stands on: every entity that it refers to, the names of containers, the resellers of
 * accounts, and who has the wanted names now. A few queries, whatever the size of the batch.
 */
import type { Values } from '#core/field.ts';
import type { Identifier, Reference } from '#core/identifier.ts';
import type { Kind } from '#core/kind.ts';
import { resourceDepthsOf } from '#store/depth.ts';
import { type EntityState, findEntities, resellersOf } from '#store/entity.ts';
import { type NameHolder, findHolders, storedValue } from '#store/identifier.ts';
import { readKindRows } from '#store/kind-row.ts';
import type { Transaction } from '#store/transaction.ts';

import type { ReadItem } from './read-item.ts';

/** The kinds that lend parts of names to what they contain or serve. */
const NAMING: readonly Kind[] = ['sip_domain', 'enum_range', 'dns_zone'];

export interface Surroundings {
  readonly entities: ReadonlyMap<string, EntityState>;
  /** Fields of the containers that lend names, by number. */
  readonly names: ReadonlyMap<number, Values>;
  /** The nearest reseller of each account, by number. */
  readonly resellers: ReadonlyMap<number, number | null>;
  /** How many resources lie above each resource that may contain its like, itself included, by number. */
  readonly depths: ReadonlyMap<number, number>;
}

/** Loads what the items refer to. */
export async function loadSurroundings(transaction: Transaction, items: readonly ReadItem[]): Promise<Surroundings> {
  const references = new Map<string, Reference>();
  const want = (reference: Reference | null) => {
    if (reference !== null) references.set(JSON.stringify(reference), reference);
  };
  for (const item of items) {
    want(item.parent);
    want(item.owner);
    for (const reference of item.references.values()) want(reference);
    if (item.uuid !== null) want({ by: 'uuid', uuid: item.uuid });
  }
  const entities = await findEntities(transaction, [...references.values()]);
  const found = [...new Map([...entities.values()].map((entity) => [entity.id, entity])).values()];
  const names = new Map<number, Values>();
  for (const kind of NAMING) {
    const ids = found.filter((entity) => entity.kind === kind).map((entity) => entity.id);
    if (ids.length === 0) continue;
    for (const [id, values] of await readKindRows(transaction, kind, ids)) names.set(id, values);
  }
  const nesting = found.filter((entity) => entity.kind === 'foreign').map((entity) => entity.id);
  const depths = nesting.length === 0 ? new Map<number, number>() : await resourceDepthsOf(transaction, nesting);
  if (!items.some((item) => item.owner !== null)) return { entities, names, resellers: new Map(), depths };
  const accounts = new Set(found.map((entity) => entity.line.at(-1) ?? entity.id));
  const resellers = await resellersOf(transaction, [...accounts]);
  return { entities, names, resellers, depths };
}

/** Who has the names, by `scheme:value`. */
export async function loadHolders(
  transaction: Transaction,
  identifiers: readonly Identifier[],
): Promise<Map<string, NameHolder>> {
  if (identifiers.length === 0) return new Map();
  const holders = await findHolders(transaction, identifiers);
  return new Map(holders.map((holder) => [`${holder.scheme}:${holder.value}`, holder]));
}

/** The key of an identifier in the answer of `loadHolders`. */
export function holderKey(identifier: Identifier): string {
  return `${identifier.scheme}:${storedValue(identifier.value)}`;
}
