/** `verify`: the server proves its own records: the chain of changes, the places of accounts, every standing. */
import type { Command } from 'commander';
import { CommandFailed, EXIT, type ExitCode } from '#cli/exit-code.ts';
import { makeProgress, type Progress } from '#cli/progress.ts';
import { countText } from '#cli/render/words.ts';
import { remote, type Session, type Surroundings } from '#cli/session.ts';

interface Verdict {
  readonly ok: boolean;
  readonly findings: readonly { readonly stage: string; readonly detail: string }[];
  readonly checked: Readonly<Record<string, number>>;
}

type Line = Verdict | { readonly stage: string; readonly done: number; readonly total: number };

const STAGE_WORDS: Readonly<Record<string, string>> = {
  chain: 'chain of changes',
  ancestors: 'chains of accounts',
  credits: 'credits',
  standings: 'standings',
};

export function addVerify(program: Command, surroundings: Surroundings): void {
  program
    .command('verify')
    .helpGroup('Care:')
    .summary('prove the records of the server')
    .description(
      'Has the server verify the hash chain of its changes, the chain of every account against its parents, and the credits used and every standing against a computation from scratch.',
    )
    .action(remote(surroundings, run));
}

async function run(session: Session): Promise<ExitCode> {
  const { terminal } = session;
  const verdict = await followStages(session);
  session.show(verdict, () => {
    for (const { stage, detail } of verdict.findings)
      terminal.line(`${terminal.paint('red', STAGE_WORDS[stage] ?? stage)}: ${detail}`);
    const checked = Object.entries(verdict.checked).map(([what, count]) => `${countText(count)} ${what}`);
    terminal.line(
      `${verdict.ok ? terminal.paint('green', 'All is right') : terminal.paint('red', 'Not all is right')}: ${checked.join(', ')} verified.`,
    );
  });
  return verdict.ok ? EXIT.done : EXIT.failed;
}

async function followStages(session: Session): Promise<Verdict> {
  let progress: Progress | null = null;
  let stage = '';
  try {
    for await (const line of session.client.lines<Line>('POST', '/v1/verify')) {
      if ('ok' in line) return line;
      if (line.stage !== stage) {
        progress?.stop();
        stage = line.stage;
        progress = makeProgress(session.terminal, STAGE_WORDS[stage] ?? stage, 'verified', session.isJson);
      }
      progress?.update(line.done, line.total);
    }
  } finally {
    progress?.stop();
  }
  throw new CommandFailed('the server stopped before it had verified everything; its log says why');
}
