/**
 * Where a list goes on after a thing that was its last so far, though things have left the list since, and that one among
 * them. Entities are never deleted, so that even then its place in the order of creation is known.
 */
import { type OperationContext, reader } from '#operations/context.ts';
import { findEntity } from '#store/entity.ts';

/** One row of a list in the order of creation; null beyond its end. */
export type RowAt = (offset: number) => Promise<{ readonly uuid: string } | null>;

/**
 * The offset of the first row that was created after an entity; null where there never was such an entity. It is looked
 * for first at `expected`, where it is unless something left the list meanwhile.
 */
export async function placeAfter(
  context: OperationContext,
  uuid: string,
  expected: number,
  rowAt: RowAt,
): Promise<number | null> {
  if (expected > 0 && (await rowAt(expected - 1))?.uuid === uuid) return expected;
  const session = reader(context);
  const numberOf = async (given: string) => (await findEntity(session, { by: 'uuid', uuid: given }))?.id ?? null;
  const number = await numberOf(uuid);
  if (number === null) return null;
  // Things only leave lists in that order, or come at their end: it is found no further than it was.
  let [low, high] = [0, expected];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await rowAt(middle);
    const created = row === null ? null : await numberOf(row.uuid);
    if (created === null || created > number) high = middle;
    else low = middle + 1;
  }
  return low;
}
