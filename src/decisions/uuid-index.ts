/**
 * UUIDs of entities in 24 bytes each: the text of an entity's UUID, and the entity of a text.
 *
 * Open addressing with linear probing over the entities themselves. Nothing is ever taken out: a slot whose entity
 * has another UUID now matches nothing.
 */
const WORDS = 4;
/** Offsets of the eight hexadecimal digits of each word; a hyphen inside a word is skipped. */
const WORD_STARTS = [0, 9, 19, 28] as const;
const HYPHEN = 45;

export class UuidIndex {
  #words = new Int32Array(0);
  /** Entity id plus one, zero for free; a power of two long. */
  #slots = new Int32Array(16);
  #used = 0;
  readonly #wanted = new Int32Array(WORDS);

  /** Makes room for ids below the number, and when it was too little before, for a quarter more than there was. */
  reserve(entities: number): void {
    if (entities * WORDS > this.#words.length) {
      const words = new Int32Array(Math.max(entities * WORDS, (this.#words.length / WORDS) * (WORDS + 1)));
      words.set(this.#words);
      this.#words = words;
    }
    if (entities > this.#slots.length / 2) this.#rehash(entities);
  }

  set(id: number, uuid: string): void {
    if (this.find(uuid) === id) return;
    this.reserve(id + 1);
    if (this.#used >= this.#slots.length * 0.6) this.#rehash(this.#used * 2);
    this.#words.set(this.#wanted, id * WORDS); // `find` has parsed the text
    this.#insert(id);
  }

  /** The entity, or -1. The text may be in either case. */
  find(uuid: string): number {
    const wanted = this.#wanted;
    if (!parse(uuid, wanted)) return -1;
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(wanted, 0) & mask; ; slot = (slot + 1) & mask) {
      const id = (this.#slots[slot] ?? 0) - 1;
      if (id < 0) return -1;
      if (this.#equals(id, wanted)) return id;
    }
  }

  textOf(id: number): string {
    let hex = '';
    for (let word = 0; word < WORDS; word++)
      hex += ((this.#words[id * WORDS + word] ?? 0) >>> 0).toString(16).padStart(8, '0');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  get bytes(): number {
    return this.#words.byteLength + this.#slots.byteLength;
  }

  #equals(id: number, wanted: Int32Array): boolean {
    const at = id * WORDS;
    const words = this.#words;
    return (
      words[at] === wanted[0] &&
      words[at + 1] === wanted[1] &&
      words[at + 2] === wanted[2] &&
      words[at + 3] === wanted[3]
    );
  }

  #insert(id: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#words, id * WORDS) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id + 1;
    this.#used++;
  }

  #rehash(entities: number): void {
    const former = this.#slots;
    let length = former.length;
    while (length * 0.5 < entities) length *= 2;
    this.#slots = new Int32Array(length);
    this.#used = 0;
    for (const taken of former) if (taken !== 0) this.#insert(taken - 1);
  }
}

/** All words take part: UUIDs made in sequence differ in few of them. */
function hashOf(words: Int32Array, at: number): number {
  let hash = 0;
  for (let word = 0; word < WORDS; word++) {
    hash = Math.imul(hash ^ (words[at + word] ?? 0), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function parse(text: string, into: Int32Array): boolean {
  if (text.length !== 36) return false;
  for (const hyphen of [8, 13, 18, 23]) if (text.charCodeAt(hyphen) !== HYPHEN) return false;
  for (let word = 0; word < WORDS; word++) {
    let value = 0;
    let at = WORD_STARTS[word] ?? 0;
    for (let digit = 0; digit < 8; at++) {
      const code = text.charCodeAt(at);
      if (code === HYPHEN) continue;
      const nibble = nibbleOf(code);
      if (nibble < 0) return false;
      value = (value << 4) | nibble;
      digit++;
    }
    into[word] = value;
  }
  return true;
}

function nibbleOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
