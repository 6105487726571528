/** The things of a list that bear a name, where the list itself is not looked for by name. */

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

/** A part of what is named so exactly, and how many there are of that name. */
export async function listNamed<T extends { readonly name: string }>(
  read: (part: Part) => Promise<Rows<T>>,
  name: string,
  { offset, limit }: Part,
): Promise<Rows<T>> {
  const named: T[] = [];
  for (let from = 0; ; from += STEP) {
    const { items, total } = await read({ offset: from, limit: STEP });
    named.push(...items.filter((item) => item.name === name));
    if (items.length === 0 || from + items.length >= total) break;
  }
  return { total: named.length, items: named.slice(offset, offset + limit) };
}
