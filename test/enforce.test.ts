/** Servers on the network read what is theirs, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import pg from 'pg';

import { testDatabase } from '#test/database.ts';
import { assertGolden } from '#test/golden.ts';
import { connectionAs } from '#test/real-server.ts';

import { VIEWS_FILE, enforcementViewsText } from '../scripts/enforcement-views.ts';

/** The roles of the servers that there are; others in the cluster of the tests are not theirs. */
const READERS = `select rolname as role, substr(rolname, 10) as server from pg_roles
  where rolname in ('abeyance_kamailio', 'abeyance_powerdns', 'abeyance_dovecot', 'abeyance_radius') order by 1`;

/** Every right of a role, also those that everybody has, on what is ours. */
const RIGHTS = `
  select c.oid::regclass::text as thing, p.privilege as "right"
  from pg_class c cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p(privilege)
  where c.relnamespace::regnamespace::text in ('public', 'enforce') and c.relkind in ('r', 'p', 'v', 'm')
    and has_table_privilege($1, c.oid, p.privilege)
  union all
  select f.oid::regprocedure::text, 'execute' from pg_proc f
  where f.pronamespace::regnamespace::text in ('public', 'enforce') and has_function_privilege($1, f.oid, 'execute')
  union all
  select s.oid::regclass::text, 'usage' from pg_class s where case when s.relkind = 'S' then has_sequence_privilege($1, s.oid, 'usage,select,update') end
  union all
  select n.nspname, 'create' from pg_namespace n where n.nspname in ('public', 'enforce') and has_schema_privilege($1, n.oid, 'create')`;

test('a role may read the views of its server, and nothing else', async (t) => {
  const { pool } = await testDatabase(t);
  const { rows: readers } = await pool.query<{ role: string; server: string }>(READERS);
  assert.equal(readers.length, 4, 'each server that reads the database has a role');
  for (const { role, server } of readers) {
    const { rows } = await pool.query<{ thing: string; right: string }>(RIGHTS, [role]);
    const foreign = rows.filter(
      ({ thing, right }) =>
        !(thing.startsWith(`enforce.${server}_`) && (right === 'select' || right === 'execute')) &&
        !(/^(enforce\.refusal|restrictions)\(/.test(thing) && right === 'execute'),
    );
    assert.deepEqual(foreign, [], role);
    assert.ok(rows.length > 2, `${role} may read something`);
  }
});

test('a role cannot write, make or reach anything when it signs in', async (t) => {
  const { pool, connectionString } = await testDatabase(t, { empty: true });
  const { migrate } = await import('#store/migrate.ts');
  await migrate(pool);
  const { rows: readers } = await pool.query<{ role: string; server: string }>(READERS);
  for (const { role, server } of readers) {
    const client = new pg.Client({ connectionString: connectionAs(server, connectionString) });
    await client.connect();
    try {
      await client.query('set default_transaction_read_only = off'); // Whoever has the password can do that.
      for (const statement of [
        'select * from public.account',
        'select * from public.hold',
        'select * from public.change',
        'insert into public.entity (kind, label) values ($$account$$, $$x$$)',
        'create temporary table x (y integer)',
        'create table enforce.x (y integer)',
        'create table public.x (y integer)',
        'select public.commit_changes($$[]$$, $$[]$$)',
        'select enforce.admit($$kamailio$$)',
        'set role postgres',
      ])
        await assert.rejects(client.query(statement), { code: /42501|22023|42704/ } as object, `${role}: ${statement}`);
      const { rows } = await client.query<{ search_path: string }>('show search_path');
      assert.deepEqual(rows, [{ search_path: 'enforce' }], role);
    } finally {
      await client.end();
    }
  }
});

test('docs/enforcement-views.md says of every view, column and function what it is', async (t) => {
  const { pool } = await testDatabase(t);
  await assertGolden(VIEWS_FILE, await enforcementViewsText(pool));
});
