/**
 * Identifiers such as `sip:alice@example.com`: from the text to the entity, and back to take old names away.
 *
 * A name belongs to whom it was last given; the former bearer, refreshed before or after, cannot take it away.
 */
type Names = string | string[] | undefined;

export class NameIndex {
  /** Read directly by decisions. */
  readonly byKey = new Map<string, number>();
  /** By entity id. Most entities have one name, which needs no list. */
  readonly #namesOf: Names[] = [];

  namesOf(id: number): readonly string[] {
    const names = this.#namesOf[id];
    if (names === undefined) return [];
    const all = typeof names === 'string' ? [names] : names;
    return all.filter((key) => this.byKey.get(key) === id);
  }

  add(key: string, id: number): void {
    this.byKey.set(key, id);
    // Without gaps the engine keeps the list as a plain array.
    while (this.#namesOf.length <= id) this.#namesOf.push(undefined);
    const names = this.#namesOf[id];
    if (names === undefined || names === key) this.#namesOf[id] = key;
    else if (typeof names === 'string') this.#namesOf[id] = [names, key];
    else if (!names.includes(key)) names.push(key);
  }

  /** Takes away the names of the entity that are still its own. */
  clear(id: number): void {
    const names = this.#namesOf[id];
    if (names === undefined) return;
    if (typeof names === 'string') this.#release(names, id);
    else for (const key of names) this.#release(key, id);
    this.#namesOf[id] = undefined;
  }

  #release(key: string, id: number): void {
    if (this.byKey.get(key) === id) this.byKey.delete(key);
  }
}
