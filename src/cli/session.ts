/**
 * What every command that talks to a server is given: a client, the terminal, the common options, and Ctrl-C as a signal.
 *
 * A command gives its result to `show` once as a value and once as lines; which is printed is decided here alone.
 */
import type { Command } from 'commander';
import { type Client, makeClient } from './client.ts';
import { readConnection } from './connection.ts';
import { EXIT, type ExitCode, UsageError } from './exit-code.ts';
import type { LocalCommands } from './local-commands.ts';
import type { Terminal } from './terminal.ts';

/** The options that every command knows. */
export interface CommonOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly timeout?: number;
  readonly json?: true;
  readonly yes?: true;
  readonly as?: string;
  readonly reason?: string;
}

/** What a command is built from. */
export interface Surroundings {
  readonly local: LocalCommands;
  readonly terminal: Terminal;
  /** Told the exit code of the command that ran. */
  readonly finish: (code: ExitCode) => void;
}

export interface Session {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly isJson: boolean;
  /** Whether the user said beforehand that a plan is to be carried out. */
  readonly isConfirmed: boolean;
  /** Prints a result: as JSON, or as the lines that the function writes. */
  readonly show: (value: unknown, lines: () => void) => void;
}

type Run<Options> = (session: Session, args: readonly string[], options: Options) => Promise<ExitCode | void>;

/** The action of a command that talks to a server. Arguments that may be repeated arrive flat. */
export function remote<Options = object>(
  surroundings: Surroundings,
  run: Run<Options & CommonOptions>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command; // what commander gives last to every action
    const options = command.optsWithGlobals<Options & CommonOptions>();
    const args = command.processedArgs.flat().filter((argument) => typeof argument === 'string');
    const interruption = new AbortController();
    // Once aborted the handler is gone, so that a second Ctrl-C ends the process at once.
    const interrupt = () => interruption.abort();
    process.once('SIGINT', interrupt);
    try {
      surroundings.finish(
        (await run(makeSession(surroundings.terminal, options, interruption.signal), args, options)) ?? EXIT.done,
      );
    } finally {
      process.off('SIGINT', interrupt);
    }
  };
}

function makeSession(terminal: Terminal, options: CommonOptions, signal: AbortSignal): Session {
  const { url, token, login } = readConnection(options, terminal.env);
  const isJson = options.json === true;
  return {
    client: makeClient({
      url,
      token,
      login,
      actAs: options.as,
      reason: options.reason,
      signal,
      ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout * 1000 }),
    }),
    terminal,
    signal,
    isJson,
    isConfirmed: options.yes === true,
    show: (value, lines) => {
      if (isJson) void terminal.write(`${JSON.stringify(value, null, terminal.isTty ? 2 : undefined)}\n`);
      else lines();
    },
  };
}

/** The argument at a place; commander has judged before that it is there. */
export function argumentAt(args: readonly string[], index: number): string {
  const value = args[index];
  if (value === undefined) throw new UsageError('an argument is missing; --help shows them');
  return value;
}
