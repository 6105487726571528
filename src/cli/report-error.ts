/**
 * How a failure is told: one line on standard error, wrong fields beneath, and what helps when that is known.
 *
 * With `--json` the same as one JSON object. Stacks are shown only with `ABEYANCE_DEBUG=1`, for a report of a bug.
 */
import { ApiProblem } from './client-error.ts';
import { CommandFailed, exitCodeOf, UsageError } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** What a problem usually calls for. */
const HELP: Readonly<Record<string, string>> = {
  unauthenticated:
    'Who you are is taken from --token-file, ABEYANCE_TOKEN, ABEYANCE_LOGIN with ABEYANCE_PASSWORD, or admin.token in the data folder (ABEYANCE_DATA or ./data).',
  plan_required: 'It changes more than may be changed unseen: look at the plan (abeyance plan …), then add --yes.',
  bug: 'This is a fault of the server: its log says more.',
};

/** Tells the failure of a command. Says nothing twice, and never a token. */
export function reportError(error: unknown, terminal: Terminal, isJson: boolean): void {
  if (isJson) {
    terminal.note(JSON.stringify({ error: errorBody(error) }));
    return;
  }
  const message = messageOf(error);
  const isList =
    error instanceof ApiProblem &&
    error.errors.length > 1 &&
    error.errors.every((one) => message.includes(one.message));
  const [first = 'failed without a message', ...more] = (isList ? 'these fields are wrong:' : message).split('\n');
  terminal.note(`${terminal.paintError('red', 'abeyance:')} ${first}`);
  for (const line of more) terminal.note(line);
  if (error instanceof ApiProblem) {
    for (const { field, message: wrong } of error.errors)
      if (!first.includes(wrong)) terminal.note(`  ${field}: ${wrong}`);
    const help = HELP[error.code];
    if (help !== undefined) terminal.note(`  ${help}`);
  }
  if (terminal.env['ABEYANCE_DEBUG'] === '1' && error instanceof Error && error.stack)
    for (const line of error.stack.split('\n')) terminal.note(line);
}

function errorBody(error: unknown): Record<string, unknown> {
  const exitCode = exitCodeOf(error);
  const detail = messageOf(error);
  if (error instanceof ApiProblem)
    return { code: error.code, detail, errors: error.errors, facts: error.facts, exitCode };
  const code =
    error instanceof UsageError
      ? 'usage'
      : error instanceof CommandFailed
        ? 'failed'
        : error instanceof Error
          ? error.name
          : 'failed';
  return { code, detail, exitCode };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
