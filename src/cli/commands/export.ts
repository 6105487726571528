/** `export`: everything as JSON Lines, in an order in which `import` can create it again. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { findInstallation } from '#cli/find-installation.ts';
import { makeProgress } from '#cli/progress.ts';
import { countText } from '#cli/render/words.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';

interface ExportOptions {
  readonly output?: string;
  readonly secrets?: true;
}

export function addExport(program: Command, surroundings: Surroundings): void {
  program
    .command('export')
    .helpGroup('Data:')
    .summary('write everything as JSON Lines')
    .description('Writes accounts, resources and holds as JSON Lines to standard output or to a file.')
    .option('-o, --output <file>', 'file to write; it appears under its name when it is complete')
    .option('--secrets', 'with passwords, digests and keys')
    .action(remote<ExportOptions>(surroundings, run));
}

async function run(session: Session, _args: readonly string[], options: ExportOptions): Promise<void> {
  const { client, terminal } = session;
  // Bars among the lines of an export on the terminal would help nobody.
  const isQuiet = session.isJson || (options.output === undefined && terminal.isTty);
  const entities = (await findInstallation(client))?.entities ?? 0;
  const progress = makeProgress(terminal, 'export', 'lines', isQuiet);
  let count = 0;
  try {
    const target =
      options.output === undefined
        ? { write: terminal.write, commit: async () => undefined, abandon: async () => undefined }
        : openTarget(options.output);
    try {
      for await (const line of client.lines<unknown>('GET', '/v1/export', { secrets: options.secrets })) {
        await target.write(`${JSON.stringify(line)}\n`);
        count += 1;
        progress.update(count, Math.max(entities + 1, count));
      }
      await target.commit();
    } catch (error) {
      await target.abandon();
      throw error;
    }
  } finally {
    progress.stop();
  }
  if (options.output !== undefined)
    session.show({ lines: count, file: options.output }, () =>
      terminal.line(`${countText(count)} lines written to ${options.output}`),
    );
}

/** A file that others cannot read and that is either complete or not there. */
function openTarget(file: string) {
  const unfinished = `${file}.${process.pid}.part`;
  const stream = createWriteStream(unfinished, { mode: 0o600, flags: 'wx' });
  let failure: Error | null = null;
  stream.on('error', (error) => (failure = error));
  return {
    write: async (text: string) => {
      if (failure !== null) throw failure;
      if (!stream.write(text)) await once(stream, 'drain');
    },
    commit: async () => {
      stream.end();
      await finished(stream);
      await rename(unfinished, file);
    },
    abandon: async () => {
      stream.destroy();
      await rm(unfinished, { force: true });
    },
  };
}
