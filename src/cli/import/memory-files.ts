/** Files in memory, for tests of the formats: handed out in small pieces, so that no line comes whole by luck. */
import type { BadLine, BulkItem, OpenText, Parsed } from './parsed.ts';

const PIECE = 7;

/** Opens the given texts by name; another name fails like a missing file. */
export function memoryFiles(files: Readonly<Record<string, string>>): OpenText {
  return (file) => {
    const text = files[file];
    if (text === undefined)
      throw Object.assign(new Error(`ENOENT: no such file, open '${file}'`), { code: 'ENOENT', syscall: 'open' });
    return Array.from({ length: Math.ceil(text.length / PIECE) }, (_, index) =>
      text.slice(index * PIECE, (index + 1) * PIECE),
    );
  };
}

/** All that a format yields: its items, where each stood, and its bad lines. */
export async function collect(
  parsed: AsyncIterable<Parsed>,
): Promise<{ items: BulkItem[]; lines: number[]; bad: BadLine[] }> {
  const all: { items: BulkItem[]; lines: number[]; bad: BadLine[] } = { items: [], lines: [], bad: [] };
  for await (const one of parsed) {
    if ('bad' in one) all.bad.push(one.bad);
    else {
      all.items.push(one.item);
      all.lines.push(one.line);
    }
  }
  return all;
}

/** The bodies of creations. */
export function bodies(items: readonly BulkItem[]): unknown[] {
  return items.map((item) => (item.op === 'create' ? item.body : item));
}
