/** `doctor`: is everything as it should be between here and the server, and what helps where it is not. */
import type { Command } from 'commander';
import { examine, type Finding, type FindingState } from '#cli/examine.ts';
import { readConnection } from '#cli/connection.ts';
import { EXIT, type ExitCode } from '#cli/exit-code.ts';
import { pairLines } from '#cli/render/table.ts';
import { type CommonOptions, remote, type Session, type Surroundings } from '#cli/session.ts';
import type { Style } from '#cli/terminal.ts';

const STYLE: Readonly<Record<FindingState, Style>> = { right: 'green', doubtful: 'yellow', wrong: 'red' };

export function addDoctor(program: Command, surroundings: Surroundings): void {
  program
    .command('doctor')
    .helpGroup('Care:')
    .summary('find out what is wrong')
    .description('Examines this machine, the connection, the token and the server, and says what helps.')
    .action(remote(surroundings, run));
}

async function run(session: Session, _args: readonly string[], options: CommonOptions): Promise<ExitCode> {
  const { terminal } = session;
  const connection = readConnection(options, terminal.env);
  const { findings, isReachable, isAllowed } = await examine(session.client, connection);
  session.show(findings, () => {
    const pairs = findings.map((finding): [string, string] => [
      terminal.paint(STYLE[finding.state], finding.state),
      textOf(finding),
    ]);
    for (const line of pairLines(pairs)) terminal.line(line);
  });
  if (!isReachable) return EXIT.unreachable;
  if (!isAllowed) return EXIT.notAllowed;
  return findings.some(({ state }) => state === 'wrong') ? EXIT.failed : EXIT.done;
}

function textOf({ subject, detail, help }: Finding): string {
  return `${subject}: ${detail}${help === undefined ? '' : `; ${help}`}`;
}
