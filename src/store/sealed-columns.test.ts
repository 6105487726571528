import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KIND_FIELDS } from '#core/kind-fields.ts';
import { SEALED_COLUMNS, listSealed, writeSealed } from '#store/sealed-columns.ts';
import { testDatabase } from '#test/database.ts';

test('the columns that the schema calls sealed are those that a rotation seals anew', async (t) => {
  const { pool } = await testDatabase(t);
  const { rows } = await pool.query<{ name: string; type: string; nullable: boolean }>(
    `select c.relname || '.' || a.attname as name, format_type(a.atttypid, null) as type, not a.attnotnull as nullable
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
      where c.relnamespace = current_schema()::regnamespace and col_description(c.oid, a.attnum) like 'Sealed:%'`,
  );
  assert.deepEqual(
    rows.map(({ name }) => name).toSorted(),
    SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).toSorted(),
  );
  for (const { name, type, nullable } of rows) assert.deepEqual([type, nullable], ['bytea', true], name);
});

test('a sealed field is a secret text', () => {
  const sealed = Object.values(KIND_FIELDS).flatMap((fields) =>
    Object.entries(fields).filter(([, { sealed: is }]) => is),
  );
  assert.deepEqual(
    sealed.map(([name, { secret, type }]) => [name, secret, type]),
    [
      ['privateKey', true, 'text'],
      ['authToken', true, 'text'],
    ],
  );
});

test('every value of a column is listed once, in pages, while the values are written anew', async (t) => {
  const { pool, session } = await testDatabase(t);
  const column = SEALED_COLUMNS.find(({ table }) => table === 'trusted_peer');
  assert.ok(column);
  const count = 2_345;
  await pool.query(
    `with e as (insert into entity (kind, parent_id, label) select 'trusted_peer', 0, n::text from generate_series(1, $1::integer) n returning id)
      insert into trusted_peer (entity_id, prepaid, enum_lookup, transit, msteams, strip, auth_token)
      select id, false, false, false, false, 0, case when id % 10 > 0 then int8send(id) end from e`,
    [count],
  );
  const seen = new Set<string>();
  for await (const page of listSealed(session, column)) {
    for (const { row, sealed } of page) {
      assert.ok(!seen.has(row));
      assert.equal(sealed.readBigInt64BE(), BigInt(row));
      seen.add(row);
    }
    await writeSealed(
      session,
      column,
      page.map(({ row, sealed }) => ({ row, sealed: Buffer.concat([sealed, Buffer.of(7)]) })),
    );
  }
  const { rows } = await pool.query<{ written: number; empty: number }>(
    `select count(*) filter (where auth_token = int8send(entity_id) || '\\x07')::integer as written,
      count(*) filter (where auth_token is null)::integer as empty from trusted_peer`,
  );
  assert.deepEqual(rows, [{ written: seen.size, empty: count - seen.size }]);
  assert.ok(seen.size > 2_000);
});
