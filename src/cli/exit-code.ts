/**
 * The exit codes of every command, and which failure ends in which.
 *
 * Scripts depend on these numbers: none ever changes its meaning.
 */
import { Interrupted, Unreachable, ApiProblem } from './client-error.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notAllowed: 4,
  decidedNo: 5,
  partlyDone: 6,
  tooMany: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each code means, in the order in which help and documents show them. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.done, 'done'],
  [EXIT.failed, 'refused or failed'],
  [EXIT.usage, 'wrong usage: unknown command or option, value that cannot be read'],
  [EXIT.unreachable, 'the server cannot be reached, or did not answer in time'],
  [EXIT.notAllowed, 'not allowed: no token, a wrong one, or one without the right'],
  [EXIT.decidedNo, 'the decision is a no: deny, intercept or unknown (decide)'],
  [EXIT.partlyDone, 'partly done: some items were refused, or a system does not agree (--wait)'],
  [EXIT.tooMany, 'too many requests: try again later'],
  [EXIT.interrupted, 'interrupted by Ctrl-C'],
];

/** A command line that cannot be understood: the message says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that ends without success for a reason of its own, after everything it had to say. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The exit code of a command that ended by throwing. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof CommandFailed) return error.exitCode;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof Unreachable) return EXIT.unreachable;
  if (error instanceof ApiProblem && (error.httpStatus === 401 || error.httpStatus === 403)) return EXIT.notAllowed;
  if (error instanceof ApiProblem && error.code === 'rate_limited') return EXIT.tooMany;
  return EXIT.failed;
}
