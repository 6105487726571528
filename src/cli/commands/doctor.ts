/** `doctor`: is everything as it should be between here and the server, and what helps where it is not. */
import type { Command } from 'commander';
import { examine, type Finding, type FindingState } from '#cli/examine.ts';
import { readConnection } from '#cli/connection.ts';
import { EXIT, type ExitCode, UsageError } from '#cli/exit-code.ts';
import type { ChainProbes, LocalCommands } from '#cli/local-commands.ts';
import { pairLines } from '#cli/render/table.ts';
import { type CommonOptions, remote, type Session, type Surroundings } from '#cli/session.ts';
import type { Style } from '#cli/terminal.ts';

interface DoctorOptions extends CommonOptions, ChainProbes {}

const PORT_MAX = 65_535;
const STYLE: Readonly<Record<FindingState, Style>> = { right: 'green', doubtful: 'yellow', wrong: 'red' };

export function addDoctor(program: Command, surroundings: Surroundings): void {
  program
    .command('doctor')
    .helpGroup('Care:')
    .summary('find out what is wrong')
    .description(
      'Examines this machine, the connection, the token, the server, the systems that it tells, and, where its database can be reached, the roles of the servers that enforce; says what helps.',
    )
    .option('--kamailio <host:port>', 'ask this Kamailio, too, by SIP OPTIONS over UDP', readPlace)
    .option('--dns <host:port>', 'ask this name server, too', readPlace)
    .option('--imap <host:port>', 'wait for the greeting of this mail server, too', readPlace)
    .action(remote<DoctorOptions>(surroundings, (...given) => run(surroundings.local, ...given)));
}

/** `host:port`; an IPv6 address stands in brackets. */
function readPlace(text: string): { host: string; port: number } {
  const [, bracketed, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || Number(port) < 1 || Number(port) > PORT_MAX)
    throw new UsageError(`a server must be host:port, such as 127.0.0.1:5060, not "${text}"`);
  return { host, port: Number(port) };
}

async function run(
  local: LocalCommands,
  session: Session,
  _args: readonly string[],
  options: DoctorOptions,
): Promise<ExitCode> {
  const { terminal } = session;
  const connection = readConnection(options, terminal.env);
  const { findings: seen, isReachable, isAllowed } = await examine(session.client, connection);
  const { kamailio, dns, imap } = options;
  const findings: Finding[] = [...seen, ...(await local.examineChain({ kamailio, dns, imap }))];
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
