/** A reconciler as a process of its own, which tells switchboards, for tests that kill it. Its argument is its name. */
import { parseArgs } from 'node:util';

import { Reconciler } from '#reconciler/reconciler.ts';
import { makeChainKey } from '#store/change.ts';
import { makePool } from '#store/database.ts';
import { makeSealingKey } from '#store/sealing.ts';

import { TEST_SECRET } from './database.ts';
import { makeSwitchboardDriver } from './reconcile-switchboard.ts';

const { values } = parseArgs({
  options: {
    name: { type: 'string', default: 'worker' },
    /** Connections to the database. */
    connections: { type: 'string', default: '8' },
  },
});
const [chainKey, sealingKey] = [makeChainKey(TEST_SECRET), makeSealingKey(TEST_SECRET)];
const reconciler = new Reconciler({
  pool: makePool({
    connectionString: process.env['DATABASE_URL'] ?? '',
    connectionsMax: Number(values.connections),
  }),
  sealingKey: () => sealingKey,
  chainKey: () => chainKey,
  makeDriver: { aps: makeSwitchboardDriver() },
  workerName: values.name,
  onTrouble: (what, error) => console.error(what, error),
  pollMs: 20,
});
reconciler.start();
process.send?.('ready');
