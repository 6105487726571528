/** The servers of the network on our files, as the tests start them. */
import type { Cleanup } from '#test/database.ts';

import { startDovecot as startDovecotOn } from '../integrations/dovecot/dovecot-server.ts';
import { LineClient } from '../integrations/dovecot/line-client.ts';
import { startKamailio as startKamailioOn } from '../integrations/kamailio/kamailio-fixture.ts';
import { API_KEY, startPdns } from '../integrations/powerdns/pdns-for-test.ts';

/** Kamailio with so many worker processes; its port. */
export async function startKamailio(t: Cleanup, connectionString: string, workers: number): Promise<number> {
  return (
    await startKamailioOn(t, connectionString, {
      workers: String(workers),
      database_timeout: '9',
    })
  ).port;
}

export interface PowerDns {
  readonly port: number;
  /** Drops all that its caches keep, as `abeyance kick` does. */
  purge(): Promise<void>;
}

/** PowerDNS with caches of so many seconds. */
export async function startPowerDns(t: Cleanup, connectionString: string, cacheSeconds: number): Promise<PowerDns> {
  const { port, api } = await startPdns(t, connectionString, { cache_seconds: String(cacheSeconds) });
  const purge = async () => {
    const address = `${api}/api/v1/servers/localhost/cache/flush?domain=.`;
    const answer = await fetch(address, { method: 'PUT', headers: { 'x-api-key': API_KEY } });
    if (!answer.ok) throw new Error(`the purge was answered ${answer.status}`);
  };
  return { port, purge };
}

/** Dovecot; its port for IMAP. */
export async function startDovecot(t: Cleanup, connectionString: string): Promise<number> {
  return (await startDovecotOn(t, connectionString, { penalty_mode: '0' })).imapPort;
}

/** Signs in over IMAP and out again; answers whether it was let in. */
export async function imapLogin(port: number, user: string, password: string): Promise<boolean> {
  const client = await LineClient.open(port);
  await client.line();
  client.send(`a LOGIN ${user} ${password}`);
  const lines = await client.until(/^a /);
  client.send('b LOGOUT');
  await client.until(/^b /);
  return lines.at(-1)?.startsWith('a OK') ?? false;
}
