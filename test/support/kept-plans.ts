/** Connections that keep the plans of their statements: where the same few run again and again, making plans is most of the work. */
import { createHash } from 'node:crypto';

import type pg from 'pg';

/** A statement by a name of its own, where it has one text and parameters; anything else as it is. */
export function named(config: unknown): unknown {
  if (typeof config !== 'object' || config === null || !('text' in config) || !('values' in config)) return config;
  return { ...config, name: createHash('sha1').update(String(config.text)).digest('hex') };
}

/** Has all connections of a pool keep their plans. */
export function keepPlansOf(pool: pg.Pool): void {
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...given: unknown[]) => unknown;
    const byName = (config: unknown, ...more: unknown[]) => query(named(config), ...more);
    client.query = byName as typeof client.query; // It passes on whatever it is given.
  });
}
