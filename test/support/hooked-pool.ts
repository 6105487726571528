/** A pool of connections whose statements can be held back, dropped, or cut off, for tests. */
import type pg from 'pg';

import { makePool } from '#store/database.ts';

import { named } from './kept-plans.ts';

/**
 * Sends a statement when it is to be sent, and answers when whoever asked is to hear of it. One that never ends stops whoever asked
 * there, for ever.
 */
export type Around = (text: string, send: () => Promise<unknown>) => Promise<unknown>;

export interface HookedPool {
  readonly pool: pg.Pool;
  /** Cuts all connections, as the death of a process does; nobody hears of it. */
  readonly cut: () => void;
}

const ACQUIRE_MS = 600_000;

type Callback = (error: unknown, result?: unknown) => void;

/** Makes such a pool. Statements of one connection keep their order. */
export function makeHookedPool(connectionString: string, around: Around, connectionsMax = 10): HookedPool {
  // Whoever is held back may keep all connections for long.
  const pool = makePool({ connectionString, connectionsMax, acquireTimeoutMs: ACQUIRE_MS });
  let isCut = false;
  const clients = new Set<pg.PoolClient>();
  pool.on('connect', (client) => {
    client.on('error', () => {}); // Who waits for an answer hears of it; nobody else has to.
    clients.add(client);
    client.on('end', () => clients.delete(client));
    const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>;
    let turn: Promise<unknown> = Promise.resolve();
    const hooked = (...given: unknown[]): unknown => {
      const last = given.at(-1);
      const callback = typeof last === 'function' ? (last as Callback) : null; // The form that a pool itself uses.
      const parameters = callback === null ? given : given.slice(0, -1);
      const text = textOf(given[0]);
      const answer = turn.then(() => around(text, () => query(named(parameters[0]), ...parameters.slice(1))));
      turn = answer.catch(() => {});
      if (callback === null) return answer;
      answer.then((result) => callback(null, result), callback);
      return undefined;
    };
    client.query = hooked as typeof client.query; // It passes on whatever it is given.
    if (isCut) streamOf(client).destroy(); // It was being made.
  });
  const cut = () => {
    isCut = true;
    pool.connect = (() => new Promise(() => {})) as typeof pool.connect; // Nobody is left who could be told.
    for (const client of clients) streamOf(client).destroy();
  };
  return { pool, cut };
}

function textOf(config: unknown): string {
  if (typeof config === 'string') return config;
  return typeof config === 'object' && config !== null && 'text' in config ? String(config.text) : '';
}

function streamOf(client: pg.PoolClient): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream; // The library has no other way to cut.
}
