/**
 * For tests: a server that answers canned bodies, and the command line run against it inside this process.
 *
 * It judges nothing; what was asked is kept for the test to look at. A request that has no canned answer is a 404, as
 * the real one would answer.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import type { ExitCode } from './exit-code.ts';
import type { LocalCommands } from './local-commands.ts';
import { runProgram } from './program.ts';
import { makeTerminal } from './terminal.ts';

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** A body is answered as JSON with 200; a function makes it, or says more with `status`, `type` and `text`. */
export type Answer = object | ((asked: Asked, times: number) => object | Raw);

export interface Raw {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
}

export interface CannedServer {
  readonly url: string;
  readonly asked: readonly Asked[];
  readonly stop: () => Promise<void>;
}

/** Starts a server whose answers are found by `METHOD /path`, with or without the query. */
export async function startCannedServer(answers: Readonly<Record<string, Answer>>): Promise<CannedServer> {
  const asked: Asked[] = [];
  const times = new Map<string, number>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString();
      const path = decodeURIComponent(request.url ?? '');
      const one = {
        method: request.method ?? '',
        path,
        headers: request.headers,
        body: text === '' ? null : (JSON.parse(text) as unknown),
      };
      asked.push(one);
      const key = [`${one.method} ${path}`, `${one.method} ${path.split('?')[0]}`].find((name) =>
        Object.hasOwn(answers, name),
      );
      const answer = key === undefined ? problemAnswer(404, 'not_found', `There is no ${path}.`) : answers[key];
      const count = (times.get(key ?? '') ?? 0) + 1;
      times.set(key ?? '', count);
      const given = typeof answer === 'function' ? answer(one, count) : (answer ?? {});
      const raw = isRaw(given) ? given : { status: 200, text: JSON.stringify(given) };
      response.writeHead(raw.status, { 'content-type': raw.type ?? 'application/json' });
      response.end(raw.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP server has an address with a port
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isRaw(answer: object): answer is Raw {
  return 'status' in answer && 'text' in answer;
}

/** A refusal as the API words it. */
export function problemAnswer(status: number, code: string, detail: string, more: object = {}): Raw {
  return {
    status,
    type: 'application/problem+json',
    text: JSON.stringify({
      type: `urn:abeyance:problem:${code}`,
      title: code,
      status,
      code,
      detail,
      errors: [],
      ...more,
    }),
  };
}

export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

export interface RunSettings {
  readonly env?: Readonly<Record<string, string>>;
  /** What the user types; absent: nobody can be asked. */
  readonly typed?: string;
  readonly local?: Partial<LocalCommands>;
}

/** Runs one command line and gives all that it wrote. */
export async function runCli(url: string, args: readonly string[], settings: RunSettings = {}): Promise<Ran> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const written = { out: '', err: '' };
  stdout.on('data', (piece: Buffer) => (written.out += piece.toString()));
  stderr.on('data', (piece: Buffer) => (written.err += piece.toString()));
  const isTty = settings.typed !== undefined;
  if (settings.typed !== undefined) stdin.end(settings.typed);
  const env = { ABEYANCE_URL: url, ABEYANCE_TOKEN: 'canned-token', ...settings.env };
  const terminal = makeTerminal({
    stdin: Object.assign(stdin, { isTTY: isTty }),
    stdout,
    stderr: Object.assign(stderr, { isTTY: isTty }),
    env,
  });
  const absent = () => Promise.reject(new Error('this test has no local commands'));
  const local: LocalCommands = {
    serve: absent,
    demo: absent,
    backup: absent,
    restore: absent,
    rotateSecret: absent,
    integrate: absent,
    listIntegrations: absent,
    configuredSystems: absent,
    examineChain: () => Promise.resolve([]),
    kick: absent,
    ...settings.local,
  };
  const code = await runProgram(['node', 'abeyance', ...args], local, terminal);
  return { code, ...written };
}

/** Runs one command line against canned answers. */
export async function run(
  answers: Readonly<Record<string, Answer>>,
  args: readonly string[],
  settings: RunSettings = {},
): Promise<Ran & Pick<CannedServer, 'asked'>> {
  const server = await startCannedServer(answers);
  try {
    return { ...(await runCli(server.url, args, settings)), asked: server.asked };
  } finally {
    await server.stop();
  }
}
