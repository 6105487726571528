/** Items of a creation with the names that they would have, before any of them is judged. */
import { randomUUID } from 'node:crypto';

import type { Values } from '#core/field.ts';
import { type Identifier, type Reference, identifiersOf } from '#core/identifier.ts';
import type { Kind } from '#core/kind.ts';
import { Problem } from '#core/problem.ts';
import { referenceKey } from '#store/entity.ts';

import type { ReadItem } from './read-item.ts';
import type { Surroundings } from './surroundings.ts';

/** An item on its way: what the batch itself creates is found by the same names as what exists. */
export interface Draft {
  readonly item: ReadItem;
  readonly identifiers: readonly Identifier[];
  readonly uuid: string;
}

/** Works out the names that each item would have, before any is judged. */
export function draftAll(read: readonly (ReadItem | Problem)[], around: Surroundings): (Draft | null)[] {
  const containers = new Map<string, { kind: Kind; values: Values }>();
  return read.map((item) => {
    if (item instanceof Problem) return null;
    const uuid = item.uuid ?? randomUUID();
    const find = (reference: Reference | undefined) => {
      if (reference === undefined) return null;
      const key = referenceKey(reference);
      const local = containers.get(key);
      if (local !== undefined) return local;
      const entity = around.entities.get(key);
      return entity === undefined ? null : { kind: entity.kind, values: around.names.get(entity.id) ?? {} };
    };
    const domain = find(item.references.get('domain'))?.values['domain'];
    if (item.errors.length > 0) return { item, identifiers: [], uuid };
    const identifiers = identifiersOf(
      item.kind,
      item.values,
      find(item.parent),
      typeof domain === 'string' ? domain : null,
    );
    const mine = { kind: item.kind, values: item.values };
    if (!containers.has(uuid)) containers.set(uuid, mine);
    for (const identifier of identifiers) {
      const key = `${identifier.scheme}:${identifier.value}`;
      if (!containers.has(key)) containers.set(key, mine);
    }
    return { item, identifiers, uuid };
  });
}
