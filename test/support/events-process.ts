/** A process that reads events and sends them, until it is killed. Its argument is the address of the database. */
import { Deliveries } from '#reconciler/events/deliveries.ts';
import { EventPipeline } from '#reconciler/events/event-pipeline.ts';
import { makeChainKey } from '#store/change.ts';
import { makePool } from '#store/database.ts';
import { makeSealingKey } from '#store/sealing.ts';
import { makeSendWebhook } from '#systems/webhook/webhook.ts';

import { TEST_SECRET } from './database.ts';

const [connectionString = ''] = process.argv.slice(2);
const context = {
  pool: makePool({ connectionString }),
  chainKey: makeChainKey(TEST_SECRET),
  sealingKey: makeSealingKey(TEST_SECRET),
};
const onTrouble = (error: unknown) => process.stderr.write(`${String(error)}\n`);
const send = makeSendWebhook({ isPrivateAllowed: true, userAgent: 'Abeyance/test' });
new EventPipeline({ context, onTrouble, pollMs: 5 }).start();
new Deliveries({ context, send, onTrouble, pollMs: 5 }).start();
