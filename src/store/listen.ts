/** Hears what the database tells its listeners, on a connection of its own, since a pool would take it away. */
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import type { Listener } from '#core/decision-source.ts';

/** How long a quiet connection lives before the system asks whether the other end is still there. */
const KEEP_ALIVE_MS = 10_000;
const CONNECT_MS = 5_000;
/** How long a connection may take to say good-bye before it is cut. */
const GOODBYE_MS = 1_000;

export interface Listening {
  readonly connectionString: string;
  /** What the connection is called in the database. */
  readonly name: string;
  readonly channels: readonly string[];
  readonly onNotice: (channel: string, payload: string) => void;
  readonly onLost: () => void;
  readonly signal: AbortSignal;
}

/** Resolves when it hears. Throws when it cannot. Notices are hints: none is told twice, and some may be lost. */
export async function listen(options: Listening): Promise<Listener> {
  const { signal } = options;
  const client = new pg.Client({
    connectionString: options.connectionString,
    application_name: options.name,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  let isLost = false;
  const lose = () => {
    if (isLost) return;
    isLost = true;
    options.onLost();
  };
  const close = async () => {
    isLost = true;
    const cut = new AbortController();
    await Promise.race([client.end(), sleep(GOODBYE_MS, null, { signal: cut.signal })]).catch(() => {});
    cut.abort();
  };
  client.on('error', lose);
  client.on('end', lose);
  client.on('notification', ({ channel, payload }) => options.onNotice(channel, payload ?? ''));
  const abort = () => void close();
  signal.addEventListener('abort', abort);
  try {
    await client.connect();
    for (const channel of options.channels) await client.query(`listen ${channel}`);
    signal.throwIfAborted();
    return { close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
