/** A real Postfix in a folder of its own, with the maps that are shipped: it takes mail and asks Dovecot who may submit it. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Cleanup } from '#test/database.ts';
import { type RealServer, freePort, makeFolder, run, startProgram } from '#test/real-server.ts';

import type { Dovecot } from './dovecot-server.ts';
import { converse } from './line-client.ts';

export interface Postfix extends RealServer {
  readonly port: number;
  /** What a map of ours answers to a key; null where it has none. */
  lookUp(map: string, key: string): Promise<string | null>;
  readLog(): Promise<string>;
}

const SERVICES: readonly string[] = [
  'pickup unix n - n 60 1 pickup',
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'verify unix - - n - 1 verify',
  'flush unix n - n 1000? 0 flush',
  'proxymap unix - - n - - proxymap',
  'proxywrite unix - - n - 1 proxymap',
  'smtp unix - - n - - smtp',
  'showq unix n - n - - showq',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'discard unix - - n - - discard',
  'lmtp unix - - n - - lmtp',
  'anvil unix - - n - 1 anvil',
  'postlog unix-dgram n - n - 1 postlogd',
];

export async function startPostfix(t: Cleanup, dovecot: Dovecot): Promise<Postfix> {
  const folder = await makeFolder(t, 'postfix');
  const port = await freePort();
  const path = (name: string) => join(folder, name);
  for (const name of ['etc', 'queue']) await mkdir(path(name));
  await mkdir(path('data'));
  await run('chown', ['postfix', path('data')]);
  const own = [
    'compatibility_level = 3.6',
    `queue_directory = ${path('queue')}`,
    `data_directory = ${path('data')}`,
    `maillog_file = ${path('log')}`,
    `maillog_file_prefixes = ${folder}`,
    'inet_interfaces = 127.0.0.1',
    'inet_protocols = ipv4',
    'myhostname = mail.test.example',
    'mydestination =',
    'mynetworks =',
    'local_recipient_maps =',
    'alias_maps =',
    'alias_database =',
    'smtpd_sasl_auth_enable = yes',
    'biff = no',
  ];
  await writeFile(
    path('etc/main.cf'),
    `${own.join('\n')}\n${await readFile(join(dovecot.folder, 'postfix/main.cf'), 'utf8')}`,
  );
  await writeFile(path('etc/master.cf'), `127.0.0.1:${port} inet n - n - - smtpd\n${SERVICES.join('\n')}\n`);
  await chmod(path('etc'), 0o755);
  const server = await startProgram(t, 'postfix', ['-c', path('etc'), 'start-fg'], () =>
    converse(port, []).then(
      (greeting) => greeting.startsWith('220'),
      () => false,
    ),
  );
  t.after(async () => void (await run('postfix', ['-c', path('etc'), 'stop']))); // The master is no child of its starter.
  return {
    ...server,
    port,
    async lookUp(map, key) {
      const file = join(dovecot.folder, 'postfix', `abeyance-${map}.cf`);
      const { code, stdout, stderr } = await run('postmap', ['-c', path('etc'), '-q', key, `pgsql:${file}`]);
      if (stderr !== '') throw new Error(stderr);
      return code === 0 ? stdout.trim() : null;
    },
    readLog: () => readFile(path('log'), 'utf8').catch(() => ''),
  };
}
