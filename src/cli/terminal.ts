/**
 * Where a command writes and whom it can ask: results to standard output, all else to standard error.
 *
 * Whatever comes from outside is shown without control characters, so that no name of an account can steer the terminal.
 */
import { createInterface as createLineReader } from 'node:readline';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { once } from 'node:events';
import { Interrupted } from './client-error.ts';
import type { Environment } from './connection.ts';

export type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

/** Text without any style: what a pipe gets. */
export const plain: Paint = (_style, text) => text;

export interface Terminal {
  readonly env: Environment;
  /** Standard output is seen by a person. */
  readonly isTty: boolean;
  /** Standard error is seen by a person: bars may move there. */
  readonly isErrorTty: boolean;
  /** Somebody can be asked. */
  readonly canAsk: boolean;
  readonly paint: Paint;
  readonly paintError: Paint;
  readonly errorStream: NodeJS.WritableStream;
  /** One line of the result. */
  readonly line: (text?: string) => void;
  /** One line beside the result. */
  readonly note: (text: string) => void;
  /** Text for machines, unchanged; waits while the reader is slower. */
  readonly write: (text: string) => Promise<void>;
  /** A question that only "y" or "yes" affirms. */
  readonly confirm: (question: string, signal: AbortSignal) => Promise<boolean>;
  /** Answers that nobody is to see, one line each. */
  readonly askSecrets: (questions: readonly string[], signal: AbortSignal) => Promise<string[]>;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
}

export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: Environment;
}

/** The terminal of this process, or of a test. */
export function makeTerminal(streams: Streams): Terminal {
  const { stdin, stdout, stderr, env } = streams;
  return {
    env,
    isTty: stdout.isTTY === true,
    isErrorTty: stderr.isTTY === true,
    canAsk: stdin.isTTY === true && stderr.isTTY === true,
    paint: (style, text) => styleText(style, text, { stream: stdout }),
    paintError: (style, text) => styleText(style, text, { stream: stderr }),
    errorStream: stderr,
    line: (text = '') => void stdout.write(`${printable(text)}\n`),
    note: (text) => void stderr.write(`${printable(text)}\n`),
    write: async (text) => {
      if (!stdout.write(text)) await once(stdout, 'drain');
    },
    confirm: async (question, signal) => {
      const reader = createInterface({ input: stdin, output: stderr });
      try {
        // Ctrl-C while a question stands is given to the reader alone, and the end of input answers nothing at all.
        const aborted = new Promise<never>((_resolve, reject) => {
          reader.once('SIGINT', () => reject(new Interrupted()));
          reader.once('close', () => reject(new Interrupted()));
        });
        const answer = await Promise.race([reader.question(`${printable(question)} [y/N] `, { signal }), aborted]);
        return /^y(?:es)?$/i.test(answer.trim());
      } finally {
        reader.close();
      }
    },
    askSecrets: (questions, signal) => askSecrets(stdin, stderr, questions, signal),
    readInput: async () => {
      const pieces: Buffer[] = [];
      for await (const piece of stdin) pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces).toString('utf8');
    },
  };
}

/** One reader for all questions: what is typed ahead is not lost between two of them. */
async function askSecrets(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  questions: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const nowhere = new Writable({ write: (_piece, _encoding, done) => done() });
  const reader = createLineReader({ input, output: nowhere, terminal: true, historySize: 0 });
  const answers: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  const interrupt = () => reject(new Interrupted());
  const ask = () => output.write(`${printable(questions[answers.length] ?? '')}: `);
  reader.on('line', (line) => {
    output.write('\n');
    answers.push(line);
    if (answers.length === questions.length) resolve(answers);
    else if (answers.length < questions.length) ask();
  });
  reader
    .once('SIGINT', () => output.write('\n'))
    .once('SIGINT', interrupt)
    .once('close', interrupt);
  signal.addEventListener('abort', interrupt);
  ask();
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', interrupt);
    reader.close();
  }
}

// Colours stay, and so do marks of text direction that belong to a script; what moves the cursor or overrides direction goes.
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const UNPRINTABLE = /(\u001b\[[\d;]*m)|[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** One line of text that is safe on a terminal: colours kept, other control characters replaced. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (_found, style: string | undefined) => style ?? '\ufffd');
}
