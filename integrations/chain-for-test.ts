/**
 * The whole chain as an operator has it: Abeyance as a process on its embedded database, and servers as their own users,
 * each started on the folder that `abeyance integrate` wrote.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type InstallationDatabase, withInstallationDatabase } from '#main/integrate/installation-database.ts';
import { type Cleanup } from '#test/database.ts';
import { type Ran, type RealServer, freePort, makeFolder, run, startProgram } from '#test/real-server.ts';
import { ADMIN_TOKEN, type ServerProcess, makeHome, startServerProcess } from '#test/server-process.ts';

const PROGRAM = fileURLToPath(new URL('../abeyance', import.meta.url));
export const KEY = 'a-key-that-is-shown-to-nobody';

export const SERVERS = ['kamailio', 'powerdns', 'dovecot', 'freeradius', 'nginx', 'freeswitch'] as const;
export type Server = (typeof SERVERS)[number];

export interface Chain {
  /** The folder of a server's files. */
  readonly folder: (server: Server) => string;
  readonly port: Readonly<Record<PortName, number>>;
  /** A file with `KEY`; those of other keys lie beside it. */
  readonly keyFile: string;
  /** Runs the program. */
  readonly abeyance: (...args: readonly string[]) => Promise<Ran>;
  /** Runs it, and gives what it printed; fails unless it succeeded. */
  readonly done: (...args: readonly string[]) => Promise<string>;
  /** The same as JSON. */
  readonly json: (...args: readonly string[]) => Promise<any>; // oxlint-disable-line typescript/no-explicit-any -- what is in it is what is asserted
  /** `integrate` with the settings of the chain. */
  readonly integrate: (server: Server, ...more: readonly string[]) => Promise<Ran>;
  /** Works on the database as its owner. */
  readonly database: <T>(work: (database: InstallationDatabase) => Promise<T>) => Promise<T>;
  /** Starts Abeyance on the port that it had, or for the first time. */
  readonly serve: () => Promise<void>;
  /** Stops Abeyance with its database. */
  readonly leave: () => Promise<void>;
}

type PortName = 'abeyance' | 'sip' | 'rpc' | 'dns' | 'dnsApi' | 'imap' | 'doveadm' | 'radius' | 'http' | 'application';

export async function makeChain(t: Cleanup): Promise<Chain> {
  const [home, base] = [await makeHome(t), await makeFolder(t, 'chain')];
  const port = {} as Record<PortName, number>; // Filled in the next line.
  for (const name of NAMES) port[name] = await freePort();
  const keyFile = join(base, 'key');
  await writeFile(keyFile, `${KEY}\n`, { mode: 0o600 });
  const at = (name: PortName) => `http://127.0.0.1:${port[name]}`;
  const env = {
    PATH: process.env['PATH'],
    ABEYANCE_DATA: home,
    ABEYANCE_URL: at('abeyance'),
    ABEYANCE_TOKEN: ADMIN_TOKEN,
    ABEYANCE_KAMAILIO_RPC: `${at('rpc')}/RPC`,
    ABEYANCE_POWERDNS_API: at('dnsApi'),
    ABEYANCE_POWERDNS_API_KEY: KEY,
    ABEYANCE_DOVEADM: at('doveadm'),
    ABEYANCE_DOVEADM_KEY: KEY,
  };
  const folder = (server: Server) => join(base, server);
  const abeyance: Chain['abeyance'] = (...args) => run(PROGRAM, args, { env, cwd: home, input: '' });
  const done: Chain['done'] = async (...args) => {
    const ran = await abeyance(...args);
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  };
  let server: ServerProcess | null = null;
  return {
    folder,
    port,
    keyFile,
    abeyance,
    done,
    json: async (...args) => JSON.parse(await done('--json', ...args)),
    integrate: (name, ...more) => {
      const settings = Object.entries(settingsOf(name, folder(name), port, keyFile));
      const set = settings.flatMap(([setting, value]) => ['--set', `${setting}=${value}`]);
      return abeyance('integrate', name, '--out', folder(name), ...set, ...more);
    },
    database: (work) =>
      withInstallationDatabase(
        { dataFolder: home, databaseUrl: undefined, secretKey: undefined, newSecretKey: undefined },
        work,
      ),
    async serve() {
      server = await startServerProcess(t, home, { env: { ABEYANCE_PORT: String(port.abeyance) } });
      await server.address;
    },
    async leave() {
      server?.kill('SIGTERM');
      await server?.exited;
    },
  };
}

const NAMES: readonly PortName[] = [
  'abeyance',
  'sip',
  'rpc',
  'dns',
  'dnsApi',
  'imap',
  'doveadm',
  'radius',
  'http',
  'application',
];

/** Ports and folders of the test, keys by file; all else as it is shipped, but for a cache that no test outwaits. */
function settingsOf(
  server: Server,
  folder: string,
  port: Readonly<Record<PortName, number>>,
  keyFile: string,
): Record<string, string | number> {
  switch (server) {
    case 'kamailio':
      return {
        sip_address: '127.0.0.1',
        sip_port: port.sip,
        rpc_port: port.rpc,
        workers: 2,
        emergency_route: 'sip:psap.example:5060',
        observations_url: `http://127.0.0.1:${port.abeyance}/v1/observations`,
        observations_key: `@${keyFile}.observations`,
      };
    case 'powerdns':
      return {
        address: '127.0.0.1',
        port: port.dns,
        socket_dir: `${folder}-run`,
        api_port: port.dnsApi,
        api_key: `@${keyFile}`,
        cache_seconds: 600,
      };
    case 'dovecot': {
      const own = ['run_folder', 'state_folder', 'log_path', 'mail_folder', 'lmtp_socket', 'auth_socket'];
      return {
        folder,
        listen: '127.0.0.1',
        imap_port: port.imap,
        imap_tls_port: 0,
        pop_port: 0,
        pop_tls_port: 0,
        ssl: 'no',
        mail_user: 'nobody',
        mail_group: 'nogroup',
        ...Object.fromEntries(own.map((name) => [name, join(folder, name)])),
        doveadm_port: port.doveadm,
        doveadm_api_key: `@${keyFile}`,
      };
    }
    case 'freeradius':
      return { listen_address: '127.0.0.1', listen_port: port.radius, connections: 2 };
    case 'nginx':
      return {
        abeyance_address: `127.0.0.1:${port.abeyance}`,
        gateway_key: `@${keyFile}.gateway`,
        cache_folder: join(folder, 'cache'),
      };
    case 'freeswitch':
      return { abeyance_url: `http://127.0.0.1:${port.abeyance}`, password: `@${keyFile}` };
  }
}

/** Does those steps of `next` that are commands with these words, as root, word by word. */
export async function follow(next: readonly string[], words: RegExp): Promise<void> {
  const commands = next
    .filter((step) => words.test(step))
    .map((step) => /: ((?:chown|rm) .*?)(?: \(|$)/.exec(step)?.[1]);
  assert.ok(commands.length > 0, `none of the steps says ${words}: ${next.join('\n')}`);
  for (const command of commands) {
    const { code, stderr } = await run('sh', ['-ec', command ?? 'false']);
    assert.equal(code, 0, `${command}: ${stderr}`);
  }
}

/** Copies what a Debian package put into /etc, with its own path written as that of the copy. */
export async function copyOfDebian(from: string, to: string, files: readonly string[]): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  await run('chown', ['-R', `--reference=${from}`, to]);
  for (const file of files) {
    const path = join(to, file);
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replaceAll(from, to).replaceAll('/var/', `${to}/var/`).replaceAll('= /var', `= ${to}/var`),
    );
  }
}

const as = (user: string) => ['--reuid', user, '--regid', user, '--init-groups'];

export function startKamailio(t: Cleanup, chain: Chain): Promise<RealServer> {
  const config = join(chain.folder('kamailio'), 'kamailio.cfg');
  const sockets = `${chain.folder('kamailio')}-run`;
  const args = [
    ...as('kamailio'),
    '/usr/sbin/kamailio',
    '-DD',
    '-E',
    '-f',
    config,
    '-Y',
    sockets,
    '-m',
    '64',
    '-M',
    '8',
  ];
  return startProgram(t, 'setpriv', args, async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"core.uptime"}';
    const answer = await fetch(`http://127.0.0.1:${chain.port.rpc}/RPC`, { method: 'POST', body }).catch(() => null);
    return answer?.status === 200;
  });
}

export function startPowerdns(t: Cleanup, chain: Chain): Promise<RealServer> {
  const own = ['--guardian=no', '--daemon=no', '--disable-syslog', '--log-timestamp=no', '--write-pid=no'];
  const args = [...as('pdns'), '/usr/sbin/pdns_server', `--config-dir=${chain.folder('powerdns')}`, ...own];
  return startProgram(t, 'setpriv', args, async () => (await dig(chain, 'version.bind', 'CH', 'TXT')) !== 'none');
}

export function startDovecot(t: Cleanup, chain: Chain): Promise<RealServer> {
  const config = join(chain.folder('dovecot'), 'dovecot.conf');
  return startProgram(t, 'dovecot', ['-F', '-c', config], async () => {
    const answer = await fetch(`http://127.0.0.1:${chain.port.doveadm}/`).catch(() => null);
    return answer !== null;
  });
}

export function startFreeradius(t: Cleanup, chain: Chain): Promise<RealServer> {
  const args = [...as('freerad'), 'freeradius', '-f', '-l', 'stdout', '-d', chain.folder('freeradius')];
  return startProgram(t, 'setpriv', args, (output) => output.includes('Ready to process requests'));
}

export function startNginx(t: Cleanup, chain: Chain): Promise<RealServer> {
  const args = ['-c', join(chain.folder('nginx'), 'nginx.conf'), '-g', 'daemon off;'];
  return startProgram(t, 'nginx', args, async () => {
    const answer = await fetch(`http://127.0.0.1:${chain.port.http}/`).catch(() => null);
    return answer !== null;
  });
}

/** The status of an answer, or the content of the records where there are some. */
export async function dig({ port }: Chain, ...question: readonly string[]): Promise<string> {
  const args = ['@127.0.0.1', '-p', String(port.dns), '+tries=1', '+timeout=3', '+norecurse', ...question];
  const { stdout } = await run('dig', args);
  const records = [...stdout.matchAll(/^[^;\s]\S*\s+\d+\s+IN\s+\S+\s+(.*)$/gm)].map(([, content]) => content);
  const status = /status: ([A-Z]+)/.exec(stdout)?.[1] ?? 'none';
  return status === 'NOERROR' && records.length > 0 ? records.join(', ') : status;
}

export async function makeFolders(chain: Chain): Promise<void> {
  await copyOfDebian('/etc/freeradius/3.0', chain.folder('freeradius'), ['radiusd.conf']);
  await copyOfDebian('/etc/nginx', chain.folder('nginx'), ['nginx.conf']);
  for (const server of ['kamailio', 'powerdns', 'dovecot'] as const)
    await copyOfDebian(`/etc/${server}`, chain.folder(server), []);
  const [radius, nginx] = [chain.folder('freeradius'), chain.folder('nginx')];
  await mkdir(join(nginx, 'var/log/nginx'), { recursive: true });
  await mkdir(join(radius, 'var/log/freeradius'), { recursive: true });
  await mkdir(join(radius, 'var/run/freeradius'), { recursive: true });
  await mkdir(join(chain.folder('dovecot'), 'mail_folder'), { recursive: true });
  for (const [server, user] of [
    ['powerdns', 'pdns'],
    ['kamailio', 'kamailio'],
  ] as const) {
    await mkdir(`${chain.folder(server)}-run`);
    await run('chown', [`${user}:${user}`, `${chain.folder(server)}-run`]);
  }
  await run('chown', ['-R', 'freerad:freerad', join(radius, 'var')]);
  await run('chown', ['nobody:nogroup', join(chain.folder('dovecot'), 'mail_folder')]);
}
