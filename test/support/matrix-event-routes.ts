/** The rows of the permission matrix for events, and for the webhook that the account of each tree has. */
import { webhook } from '#core/systems/webhook.ts';
import { insertSystem } from '#store/system.ts';

import type { Installation } from './installation.ts';
import type { Caller, Tree } from './matrix-cast.ts';
import { type MatrixRow, entity, nothing, row } from './matrix-row.ts';

const nameOf = (tree: Tree) => `hook-${tree.domainName}`;

/** A webhook of the account, with a delivery that has the number of its login. */
export async function addMatrixWebhook({ session, context }: Installation, tree: Tree): Promise<void> {
  const { rows } = await context.pool.query<{ id: number }>('select id from entity where uuid = $1', [
    tree.accounts.self,
  ]);
  const system = await insertSystem(session, context.sealingKey, {
    name: nameOf(tree),
    kind: 'webhook',
    accountId: rows[0]?.id ?? -1,
    settings: { url: 'https://hook.example/', form: 'standard', types: [] },
    secrets: {},
    drift: 'off',
    ...webhook.pace,
  });
  await context.pool.query(`insert into delivery (uuid, system_id, reason) values ($1, $2, 'test')`, [
    tree.login,
    system.id,
  ]);
}

const own = ({ tree }: Caller) => ({ name: nameOf(tree), id: tree.login });

export const EVENT_ROWS: readonly MatrixRow[] = [
  row('GET /v1/events', 'read all events that are seen', nothing, null, { query: '?limit=5' }),
  row('GET /v1/events', 'read the events beneath it', nothing, null, (caller) => ({
    query: `?limit=5&beneath=${entity(caller).id}`,
  })),
  row('GET /v1/systems/:name/deliveries', 'list what was sent to its webhook', own),
  row('GET /v1/systems/:name/deliveries/:id', 'read a delivery', own),
  row('POST /v1/systems/:name/deliveries/replay', 'send events once more', own, 'invalid', { payload: {} }),
  row('POST /v1/systems/:name/deliveries/test', 'send a test', own),
];
