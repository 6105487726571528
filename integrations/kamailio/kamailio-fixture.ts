/** Kamailio as it is shipped, on ports of its own, and the subscribers of the story. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Cleanup } from '#test/database.ts';
import { type Installation, testInstallation } from '#test/installation.ts';
import { DOMAIN, type Operator, makeOperator } from '#test/operator.ts';
import { type RealServer, deploy, freePort, makeFolder, startProgram } from '#test/real-server.ts';
import { type Credentials, SipAgent, ha1Of } from '#test/sip-agent.ts';

/** Peers of the story by the loopback addresses from which they call. */
export const TRUNK = '127.0.0.2';
export const PBX = '127.0.0.3';
export const STRANGER = '127.0.0.9';
export const CREDENTIALS = (username: string): Credentials => ({ username, password: `password of ${username}` });

export interface Kamailio extends RealServer {
  readonly port: number;
  readonly rpcPort: number;
  readonly folder: string;
  agent(address?: string, transport?: 'UDP' | 'TCP'): Promise<SipAgent>;
  rpc(method: string, ...params: readonly unknown[]): Promise<any>; // oxlint-disable-line typescript/no-explicit-any -- what is in it is what is asserted
  /** Removes the registrations beneath a node; how many there were. */
  unregister(node: number): Promise<number>;
}

export async function startKamailio(
  t: Cleanup,
  connectionString: string,
  settings: Readonly<Record<string, string>> = {},
  /** What the operator added at the end of kamailio.cfg. */
  added = '',
): Promise<Kamailio> {
  const folder = await makeFolder(t, 'kamailio');
  const port = await freePort();
  const rpcPort = Number(settings['rpc_port'] ?? (await freePort()));
  await deploy('kamailio', folder, connectionString, {
    sip_address: '127.0.0.1',
    sip_port: String(port),
    rpc_port: String(rpcPort),
    workers: '3',
    database_timeout: '9', // The machine of the tests may be slower than a network; who tests the time-out sets it.
    ...settings,
  });
  if (added !== '') await appendFile(join(folder, 'kamailio.cfg'), added);
  const rpc = async (method: string, ...params: readonly unknown[]) => {
    const response = await fetch(`http://127.0.0.1:${rpcPort}/RPC`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return response.json();
  };
  const isReady = async () => {
    try {
      return 'result' in ((await rpc('core.uptime')) as object);
    } catch {
      return false; // Not listening yet.
    }
  };
  const args = [
    '-DD',
    '-E',
    '-f',
    join(folder, 'kamailio.cfg'),
    '-Y',
    folder,
    '-P',
    join(folder, 'kamailio.pid'),
    '-m',
    '64',
    '-M',
    '8',
  ];
  const server = await startProgram(t, '/usr/sbin/kamailio', args, isReady);
  return {
    ...server,
    port,
    rpcPort,
    folder,
    rpc,
    agent: (address, transport) => SipAgent.open(t, port, address, transport),
    async unregister(node) {
      const response = await fetch(`http://127.0.0.1:${rpcPort}/unregister/${node}`);
      return ((await response.json()) as { removed: number }).removed;
    },
  };
}

export type Entity = { readonly id: string; readonly number: number };

/** What the operator of the story has in SIP. */
export interface SipWorld extends Operator {
  readonly installation: Installation;
  readonly domain: Entity;
  /** Of the account, in its domain. */
  readonly alice: Entity;
  /** In the same domain, assigned to the owner. */
  readonly bob: Entity;
  /** In the domain of the other account. */
  readonly carol: Entity;
  subscriber(username: string, domain: Entity, owner?: string, fields?: object): Promise<Entity>;
}

export const OTHER_DOMAIN = 'other.example';

export async function makeSipWorld(t: Cleanup): Promise<SipWorld> {
  const installation = await testInstallation(t);
  const operator = await makeOperator(installation);
  const { account, owner, other } = operator.entities;
  const domain = await operator.create('sip_domain', account.id, { domain: DOMAIN });
  const otherDomain = await operator.create('sip_domain', other.id, { domain: OTHER_DOMAIN });
  const subscriber: SipWorld['subscriber'] = (username, where, ownedBy, fields = {}) => {
    const realm = where.id === domain.id ? DOMAIN : OTHER_DOMAIN;
    const ha1 = ha1Of(username, realm, CREDENTIALS(username).password);
    return operator.create('sip_account', where.id, { username, ha1, ...fields }, ownedBy);
  };
  const alice = await subscriber('alice', domain);
  const bob = await subscriber('bob', domain, owner.id);
  const carol = await subscriber('carol', otherDomain);
  await operator.create('trusted_peer', other.id, { address: TRUNK, transit: true });
  return { ...operator, installation, domain, alice, bob, carol, subscriber };
}
