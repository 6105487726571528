/** Every route of records, used once. */
import assert from 'node:assert/strict';

import { RECORD_KINDS } from '#core/record.ts';

import type { CheckedClient } from './checked-client.ts';

export async function useRecordRoutes(client: CheckedClient): Promise<void> {
  const account = await client.done('POST', '/v1/accounts', { name: 'With records' });
  const records = RECORD_KINDS.map((kind) => ({ kind, externalRef: 'one', account: account.id }));
  const put = await client.done('POST', '/v1/records', { source: 'switch-1', records });
  for (const [place, kind] of RECORD_KINDS.entries()) {
    const { items, total } = await client.done('GET', `/v1/records/${kind}?account=${account.id}&total=exact`);
    assert.equal(total, 1);
    assert.deepEqual(
      items.map((item) => [item['kind'], item['sid'], item['externalRef']]),
      [[kind, put.items[place]?.['sid'], 'one']],
    );
  }
}
