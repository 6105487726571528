/** The things of a list that fit, where the list itself cannot be asked for them. */

interface Part {
  readonly offset: number;
  readonly limit: number;
}

interface Rows<T> {
  readonly total: number;
  readonly items: readonly T[];
}

/** So many are read at once. */
const STEP = 1_000;

/** A part of what fits, and how many do. The whole list is read, so it is for lists that are short. */
export async function listMatching<T>(
  read: (part: Part) => Promise<Rows<T>>,
  fits: (item: T) => boolean,
  { offset, limit }: Part,
): Promise<Rows<T>> {
  const matching: T[] = [];
  for (let from = 0; ; from += STEP) {
    const { items, total } = await read({ offset: from, limit: STEP });
    matching.push(...items.filter(fits));
    if (items.length === 0 || from + items.length >= total) break;
  }
  return { total: matching.length, items: matching.slice(offset, offset + limit) };
}
