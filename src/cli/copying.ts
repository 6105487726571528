/** Long work on this machine's data: its progress is shown, and Ctrl-C gives it up without a trace. */
import type { CopyOptions } from './local-commands.ts';
import { makeProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export async function copying<T>(
  terminal: Terminal,
  label: string,
  work: (options: CopyOptions) => Promise<T>,
): Promise<T> {
  const progress = makeProgress(terminal, label, 'rows', false);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new Error(`${label} was interrupted`));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await work({ signal: interruption.signal, progress: (done, total) => progress.update(done, total) });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    progress.stop();
  }
}
