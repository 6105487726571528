/** An installation that is older than credits: what it has is counted when they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { listWrongCredits } from '#store/credit.ts';
import { migrate } from '#store/migrate.ts';
import { testDatabase } from '#test/database.ts';

/** The last migration before credits. */
const BEFORE = 10;

test('the migration counts what is there, and no further than the nearest closed account', async (t) => {
  const { pool, session } = await testDatabase(t, { empty: true });
  await migrate(pool, BEFORE);
  await pool.query(`insert into entity (id, kind, parent_id, owner_id, ancestors, label, closed_at) values
    (1, 'account', 0, null, '{0,1}', 'reseller', null),
    (2, 'account', 1, null, '{0,1,2}', 'open', null),
    (3, 'account', 1, null, '{0,1,3}', 'closed', now()),
    (4, 'account', 3, null, '{0,1,3,4}', 'beneath the closed one', null),
    (5, 'sip_domain', 2, null, null, 'open.example', null),
    (6, 'sip_account', 5, 4, null, 'a', null),
    (7, 'sip_account', 5, null, null, 'b', now()),
    (8, 'sip_domain', 2, null, null, 'closed.example', now()),
    (9, 'sip_account', 8, null, null, 'c', null),
    (10, 'dns_zone', 4, null, null, 'zone.example', null),
    (11, 'mailbox', 10, null, null, 'd', null),
    (12, 'trusted_peer', 2, null, null, 'e', null),
    (13, 'phone_number', 0, null, null, 'of the platform', null)`);
  await migrate(pool);
  const { rows } = await pool.query<{ told: string }>(
    `select concat_ws(' ', account_id, credit, used, granted) as told from credit order by account_id, credit collate "C"`,
  );
  assert.deepEqual(
    rows.map(({ told }) => told),
    [
      '1 account_credit 1',
      '1 sip_credit 1',
      '2 sip_credit 1',
      '3 account_credit 1',
      '3 dns_zone_credit 1',
      '3 email_credit 1',
      '4 dns_zone_credit 1',
      '4 email_credit 1',
    ],
  );
  assert.deepEqual(await listWrongCredits(session, 10), []);
});
