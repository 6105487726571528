import assert from 'node:assert/strict';
import { test } from 'node:test';

import { testDatabase } from '#test/database.ts';

/** Accounts in a line, so that every look-up has a long way. */
const LINE = 12;
const HELD = 20_000;
/** Rows that one look-up may read: its line, and the holds on it. */
const READS_MAX = 4 * LINE;

test('a look-up reads by key, also with a plan that was made when the tables were nearly empty', async (t) => {
  const { pool } = await testDatabase(t);
  const client = await pool.connect();
  try {
    const hold = `insert into hold (entity_id, profile, authority, authority_rank, source, placed_by, activated_at)
      select n, 'suspended', 'platform', 30, 'test', 'test', now() from generate_series($1::bigint, $2::bigint) n`;
    const lookUp = `select sum(r.denied) from generate_series(1, ${LINE}) g, lateral restrictions(g) r`;
    await client.query(
      `insert into entity (id, kind, parent_id, ancestors, label)
        select n, 'account', n - 1, array(select generate_series(0, n)), 'in a line' from generate_series(1, ${LINE}) n`,
    );
    await client.query(hold, [3, 3]);
    await client.query('analyze entity');
    await client.query('analyze hold');
    await client.query(lookUp); // The session keeps its plan from here on.
    await client.query(
      `insert into entity (id, kind, parent_id, ancestors, label)
        select n, 'account', 0, array[0, n], 'beside it' from generate_series(1000, ${1000 + HELD}) n`,
    );
    await client.query(hold, [1000, 1000 + HELD]);
    await client.query('begin');
    await client.query(lookUp);
    const { rows } = await client.query<{ relname: string; reads: string }>(
      `select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) as reads from pg_stat_xact_user_tables
        where relname in ('entity', 'hold') order by relname`,
    );
    await client.query('commit');
    assert.deepEqual(
      rows.map((row) => row.relname),
      ['entity', 'hold'],
    );
    for (const { relname, reads } of rows)
      assert.ok(Number(reads) <= LINE * READS_MAX, `${relname}: ${reads} rows read`);
  } finally {
    client.release();
  }
});
