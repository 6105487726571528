/** Cuts a stream of bytes into documents: they follow each other without a length, and each ends with its closing tag. */

/** The most bytes that a document may have: far more than the longest list. */
export const DOCUMENT_MAX = 16 * 1024 * 1024;

const CLOSING = Buffer.from('</BroadsoftDocument');
const CDATA = Buffer.from('<![CDATA[');
const CDATA_END = Buffer.from(']]>');
const FIRST_ROOM = 16_384;

/** The stream holds a document that is too long. */
export class TooLong extends Error {
  override readonly name = 'TooLong';
}

/** One for each connection and direction. */
export class DocumentCutter {
  #bytes = Buffer.allocUnsafe(FIRST_ROOM);
  #length = 0;
  /** Up to here nothing of interest was found. */
  #seen = 0;
  #isInCdata = false;
  readonly #max: number;

  constructor(max = DOCUMENT_MAX) {
    this.#max = max;
  }

  /** Takes what has come, and gives the documents that are whole with it. Throws `TooLong`. */
  push(chunk: Uint8Array): Buffer[] {
    this.#append(chunk);
    const documents: Buffer[] = [];
    for (let end = this.#findEnd(); end !== null; end = this.#findEnd()) {
      documents.push(Buffer.from(trimStart(this.#bytes.subarray(0, end))));
      this.#bytes.copy(this.#bytes, 0, end, this.#length);
      this.#length -= end;
      this.#seen = 0;
    }
    if (this.#length > this.#max) throw new TooLong(`a document has more than ${this.#max} bytes`);
    return documents;
  }

  #append(chunk: Uint8Array): void {
    if (this.#length + chunk.length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + chunk.length));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
  }

  /** Where the first document ends. A tag that is quoted in character data ends nothing. */
  #findEnd(): number | null {
    const bytes = this.#bytes.subarray(0, this.#length);
    for (;;) {
      if (this.#isInCdata) {
        const end = bytes.indexOf(CDATA_END, this.#seen);
        if (end < 0) return this.#wait(CDATA_END.length);
        this.#seen = end + CDATA_END.length;
        this.#isInCdata = false;
      }
      const closing = bytes.indexOf(CLOSING, this.#seen);
      const cdata = bytes.subarray(0, closing < 0 ? this.#length : closing).indexOf(CDATA, this.#seen);
      if (cdata >= 0) {
        this.#seen = cdata + CDATA.length;
        this.#isInCdata = true;
        continue;
      }
      if (closing < 0) return this.#wait(CLOSING.length);
      const end = bytes.indexOf('>', closing);
      this.#seen = closing;
      return end < 0 ? null : end + 1;
    }
  }

  /** Nothing was found: only a mark that has come in part is looked at again. */
  #wait(length: number): null {
    this.#seen = Math.max(this.#seen, this.#length - length + 1);
    return null;
  }
}

/** Without white space before the document, which some peers leave from the one before. */
function trimStart(bytes: Buffer): Buffer {
  return bytes.subarray(bytes.findIndex((byte) => byte > 0x20));
}

/** The text of a document in the encoding that it declares: ISO-8859-1, or else UTF-8. */
export function decodeDocument(bytes: Buffer): string {
  const head = bytes.toString('latin1', 0, 200); // A declaration is shorter.
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?encoding\s*=\s*["']([^"']+)["']/.exec(head)?.[1] ?? 'UTF-8';
  const text = bytes.toString(/^iso-?8859-1$|^latin-?1$/i.test(declared) ? 'latin1' : 'utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
