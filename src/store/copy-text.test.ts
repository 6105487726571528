/** The copy format is read alike however the stream is cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { readCopyText } from '#store/copy-text.ts';

const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};
const encode = (text: string | null) =>
  text === null ? '\\N' : text.replace(/[\\\t\n\r\b\f\v]/g, (letter) => ESCAPED[letter] ?? letter);

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let from = 0, n = 0; from < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(from, from + size);
    from += size;
  }
}

test('rows come out as they went in, wherever the chunks are cut', async () => {
  const text = fc.option(
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('\\N', '\\', 'a\tb\nc\\', '', 'naïve ☎')),
  );
  const row = fc.tuple(fc.option(fc.nat()), text, text);
  await fc.assert(
    fc.asyncProperty(
      fc.array(row),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (rows, sizes) => {
        const lines = rows.map(
          ([number, a, b]) => `${encode(number === null ? null : String(number))}\t${encode(a)}\t${encode(b)}\n`,
        );
        const read: unknown[] = [];
        await readCopyText(cut(Buffer.from(lines.join('')), sizes), 3, (fields) => {
          read.push([fields.integer(0), fields.text(1), fields.text(2)]);
        });
        assert.deepEqual(read, rows);
      },
    ),
  );
});

test('a negative number and a fraction are read', async () => {
  const read: unknown[] = [];
  await readCopyText(cut(Buffer.from('-1.5\t\\N\n'), [3]), 2, (fields) =>
    read.push(fields.number(0), fields.number(1)),
  );
  assert.deepEqual(read, [-1.5, null]);
});

test('a copy that ends within a row is refused', async () => {
  await assert.rejects(
    readCopyText(cut(Buffer.from('1\t2'), [5]), 2, () => {}),
    /within a row/,
  );
});
