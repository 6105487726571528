/** PowerDNS from the files that we ship, and questions to it by dig. */
import assert from 'node:assert/strict';

import type { Cleanup } from '#test/database.ts';
import { type RealServer, deploy, freePort, makeFolder, run, startProgram } from '#test/real-server.ts';

export const API_KEY = 'a-key-of-the-tests';

export interface Pdns {
  readonly port: number;
  readonly api: string;
  readonly server: RealServer;
  /** Asks by dig; `status` and the answer's records, each as `name ttl type content`, sorted. */
  ask(name: string, type?: string, ...options: string[]): Promise<DnsAnswer>;
  /** The content of the records of an answer; the status where it is not NOERROR, `NODATA` where there are none. */
  say(name: string, type?: string): Promise<string>;
  serial(zone: string): Promise<number | null>;
  /** The records of a transfer but for the SOA; null where it is refused. */
  transfer(zone: string, ...options: string[]): Promise<string[] | null>;
  /** The control channel. */
  control(...command: string[]): Promise<string>;
  call(method: string, path: string): Promise<{ status: number; body: unknown }>;
}

export interface DnsAnswer {
  readonly status: string;
  readonly answers: readonly string[];
  readonly authority: readonly string[];
}

export async function startPdns(
  t: Cleanup,
  connectionString: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Pdns> {
  const port = await freePort();
  const apiPort = Number(settings['api_port'] ?? (await freePort()));
  const folder = await makeFolder(t, 'pdns');
  await deploy('powerdns', folder, connectionString, {
    address: '127.0.0.1',
    port: String(port),
    api_port: String(apiPort),
    api_key: API_KEY,
    socket_dir: folder,
    cache_seconds: '0',
    ...settings,
  });
  const server = await startProgram(
    t,
    '/usr/sbin/pdns_server',
    [`--config-dir=${folder}`, '--guardian=no', '--daemon=no', '--write-pid=no', '--log-timestamp=no', '--loglevel=5'],
    async () => (await dig(port, 'version.bind', 'TXT', 'CH')).status !== 'none',
    { cwd: folder },
  );
  const ask: Pdns['ask'] = (name, type = 'A', ...options) => dig(port, name, type, ...options);
  const api = `http://127.0.0.1:${apiPort}`;
  return {
    port,
    api,
    server,
    ask,
    async say(name, type) {
      const { status, answers } = await ask(name, type);
      if (status !== 'NOERROR') return status;
      return answers.length === 0 ? 'NODATA' : answers.map((line) => line.split(' ').slice(3).join(' ')).join(', ');
    },
    async serial(zone) {
      const { answers } = await ask(zone, 'SOA');
      return answers.length === 0 ? null : Number(answers[0]?.split(' ')[5]);
    },
    async transfer(zone, ...options) {
      const { stdout } = await run('dig', [
        '@127.0.0.1',
        '-p',
        String(port),
        '+tcp',
        '+noall',
        '+answer',
        '+onesoa',
        '+retry=0',
        zone,
        'AXFR',
        ...options,
      ]);
      const lines = recordsOf(stdout);
      return lines.length === 0 ? null : lines.filter((line) => line.split(' ')[2] !== 'SOA');
    },
    async control(...command) {
      const { stdout } = await run('pdns_control', [`--socket-dir=${folder}`, ...command]);
      return stdout.trim();
    },
    async call(method, path) {
      const response = await fetch(`${api}/api/v1/servers/localhost${path}`, {
        method,
        headers: { 'x-api-key': API_KEY },
      });
      return { status: response.status, body: await response.json() };
    },
  };
}

async function dig(port: number, name: string, type: string, ...options: string[]): Promise<DnsAnswer> {
  const isChaos = options.includes('CH');
  const { stdout } = await run('dig', [
    '@127.0.0.1',
    '-p',
    String(port),
    '+tries=1',
    '+timeout=5',
    '+norecurse',
    '+nocookie',
    ...(isChaos ? ['-c', 'CH'] : []),
    ...options.filter((option) => option !== 'CH'),
    '-q',
    name,
    '-t',
    type,
  ]);
  const section = (title: string) =>
    recordsOf(new RegExp(`;; ${title} SECTION:\\n((?:[^;\\n].*\\n)*)`).exec(stdout)?.[1] ?? '');
  return {
    status: /status: ([A-Z]+)/.exec(stdout)?.[1] ?? 'none',
    answers: section('ANSWER'),
    authority: section('AUTHORITY'),
  };
}

/** `name ttl type content`, the class left out. */
function recordsOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.replaceAll(/\s+/g, ' ').replace(/^(\S+ \d+) IN /, '$1 '))
    .toSorted();
}

/** Fails unless the answer is refused with nothing in it. */
export function assertRefused({ status, answers, authority }: DnsAnswer): void {
  assert.deepEqual({ status, answers, authority }, { status: 'REFUSED', answers: [], authority: [] });
}
