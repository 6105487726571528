/** A real Dovecot in a folder of its own, from the files that are shipped. */
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { type Cleanup } from '#test/database.ts';
import { type RealServer, deploy, freePort, makeFolder, startProgram } from '#test/real-server.ts';

export const API_KEY = 'a-key-of-the-tests';

export interface Dovecot extends RealServer {
  readonly folder: string;
  readonly imapPort: number;
  readonly pop3Port: number;
  readonly doveadmPort: number;
  readonly lmtpSocket: string;
  readonly authSocket: string;
  /** Runs doveadm commands over HTTP: the answers, as Dovecot gives them. */
  doveadm(commands: readonly (readonly [name: string, parameters: object])[]): Promise<unknown>;
  /** Asks the HTTP interface with a key of one's choice. */
  ask(key: string, body: string): Promise<Response>;
  readLog(): Promise<string>;
}

export async function startDovecot(
  t: Cleanup,
  connectionString: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Dovecot> {
  const folder = await makeFolder(t, 'dovecot');
  const [imapPort, pop3Port] = [await freePort(), await freePort()];
  const doveadmPort = Number(settings['doveadm_port'] ?? (await freePort()));
  const path = (name: string) => join(folder, name);
  await mkdir(path('mail'));
  await chmod(path('mail'), 0o777);
  await deploy('dovecot', folder, connectionString, {
    folder,
    listen: '127.0.0.1',
    imap_port: String(imapPort),
    imap_tls_port: '0',
    pop_port: String(pop3Port),
    pop_tls_port: '0',
    ssl: 'no',
    ssl_certificate: '/dev/null',
    ssl_key: '/dev/null',
    mail_folder: path('mail'),
    mail_user: 'nobody',
    mail_group: 'nogroup',
    run_folder: path('run'),
    state_folder: path('state'),
    log_path: path('log'),
    postfix_folder: path('postfix'),
    lmtp_socket: path('lmtp'),
    auth_socket: path('auth'),
    doveadm_port: String(doveadmPort),
    doveadm_api_key: API_KEY,
    ...settings,
  });
  const server = await startProgram(t, 'dovecot', ['-F', '-c', path('dovecot.conf')], async () =>
    (await Promise.all([imapPort, pop3Port, doveadmPort].map(answers))).every(Boolean),
  );
  const ask = (key: string, body: string) =>
    fetch(`http://127.0.0.1:${doveadmPort}/doveadm/v1`, {
      method: 'POST',
      headers: {
        authorization: `X-Dovecot-API ${Buffer.from(key).toString('base64')}`,
        'content-type': 'application/json',
      },
      body,
    });
  return {
    ...server,
    folder,
    imapPort,
    pop3Port,
    doveadmPort,
    lmtpSocket: path('lmtp'),
    authSocket: path('auth'),
    ask,
    async doveadm(commands) {
      const response = await ask(
        API_KEY,
        JSON.stringify(commands.map(([name, parameters]) => [name, parameters, 'tag'])),
      );
      return response.json();
    },
    readLog: () => readFile(path('log'), 'utf8').catch(() => ''),
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
