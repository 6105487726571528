/** Passwords as people give them: typed unseen, or on standard input; never as an argument. */
import { CommandFailed, UsageError } from './exit-code.ts';
import type { Session } from './session.ts';

/** Lines of standard input, as many as are wanted. Throws `UsageError` for more or fewer. */
export async function readSecretLines(session: Session, names: readonly string[]): Promise<string[]> {
  const lines = (await session.terminal.readInput()).replace(/\r?\n$/, '').split(/\r?\n/);
  if (lines.length !== names.length || lines.includes(''))
    throw new UsageError(
      `standard input must have ${names.length === 1 ? 'one line' : `${names.length} lines`}: ${names.join(', ')}`,
    );
  return lines;
}

/** What is asked before the new password, and the new password, twice; empty when nothing was typed. */
export async function askNewPassword(session: Session, before: readonly string[], question: string): Promise<string[]> {
  const { terminal, signal } = session;
  if (!terminal.canAsk) throw new UsageError('nobody can be asked here: add --password-stdin');
  const answers = await terminal.askSecrets([...before, question, 'The same again'], signal);
  if (answers.at(-1) !== answers.at(-2)) throw new CommandFailed('the two passwords differ; nothing was changed');
  return answers.slice(0, -1);
}
