/** Opening files while the bytes that were read of them are counted, for the progress of an import. */
import { stat } from 'node:fs/promises';
import type { OpenText } from './import/parsed.ts';

export interface CountedOpen {
  readonly open: OpenText;
  readonly bytesTotal: number;
  readonly bytesRead: () => number;
}

/** Counts what is read of the given files; a file that is read twice counts once. */
export async function countedOpen(
  files: readonly string[],
  open: OpenText,
  pathOf: (file: string) => string,
  onRead: () => void,
): Promise<CountedOpen> {
  const left = new Map<string, number>();
  for (const file of files) left.set(file, (await stat(pathOf(file))).size);
  let bytesTotal = 0;
  for (const size of left.values()) bytesTotal += size;
  let bytesRead = 0;
  return {
    bytesTotal,
    bytesRead: () => bytesRead,
    open: async function* (file) {
      for await (const chunk of open(file)) {
        const counted = Math.min(Buffer.byteLength(chunk), left.get(file) ?? 0);
        left.set(file, (left.get(file) ?? 0) - counted);
        bytesRead += counted;
        onRead();
        yield chunk;
      }
    },
  };
}
