/**
 * Text files as a stream of lines with their numbers. Constant memory; a file is read once, from front to back.
 *
 * A line that is not UTF-8 carries U+FFFD where octets were lost: whoever reads it must refuse it, never keep it.
 */
import { createReadStream } from 'node:fs';

export interface Line {
  readonly text: string;
  readonly number: number;
}

/** What stands where octets were not UTF-8. */
export const LOST_OCTETS = '\ufffd';

/** A line longer than this is no text an operator wrote; it bounds the memory of a reader. */
const LINE_MAX = 1_048_576;

/** Opens a file as UTF-8 text; `-` is standard input. */
export function openText(file: string): AsyncIterable<string> {
  return file === '-'
    ? process.stdin.setEncoding('utf8')
    : createReadStream(file, { encoding: 'utf8', highWaterMark: 262_144 });
}

/** The lines of a text, without their ends (LF or CRLF) and without byte order mark. Throws on a line beyond 1 MiB. */
export async function* linesOf(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Line> {
  let rest = '';
  let number = 0;
  for await (const chunk of chunks) {
    rest = number === 0 && rest === '' ? chunk.replace(/^\ufeff/, '') : rest + chunk;
    let from = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      number += 1;
      yield { text: rest.slice(from, end > from && rest[end - 1] === '\r' ? end - 1 : end), number };
      from = end + 1;
    }
    rest = rest.slice(from);
    if (rest.length > LINE_MAX)
      throw new Error(`line ${number + 1} is longer than ${LINE_MAX} characters: not a text file`);
  }
  if (rest !== '') yield { text: rest.replace(/\r$/, ''), number: number + 1 };
}
