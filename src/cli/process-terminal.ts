/**
 * The terminal of this process. A reader that goes away ends the process quietly, as `head` expects of any program.
 */
import { makeTerminal, type Terminal } from './terminal.ts';

let made: Terminal | null = null;

/** The one terminal of this process. */
export function processTerminal(): Terminal {
  if (made !== null) return made;
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  made = makeTerminal({ stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env });
  return made;
}
