/** What each look-up of the servers costs: index probes, as many in a large tree as in a small one. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import pg from 'pg';

import { listIntegrations, readManifest } from '#main/integrate/integration.ts';
import { testDatabase } from '#test/database.ts';
import { assertGolden } from '#test/golden.ts';
import { connectionAs } from '#test/real-server.ts';

import { loadTree, sizeFor } from '../bench/generated-tree.ts';

const SMALL = 3_000;
const LARGE = 30_000;
/** What a generated tree has not, beneath its first account. */
const MORE = `
  insert into entity (id, kind, parent_id, label) select 1000000 + n, k, case when k = 'enum_number' then 1000001 else 1 end, k
    from unnest(array['enum_range', 'enum_number', 'mailbox', 'trusted_peer', 'sip_alias']) with ordinality u (k, n);
  update entity set parent_id = (select entity_id from identifier where scheme = 'sip' and value = 'sip0000000.example') where id = 1000005;
  insert into enum_range select * from jsonb_populate_record(null::enum_range,
    '{"entity_id": 1000001, "prefix": "99900", "tld": "e164.arpa", "ttl": 60, "nameservers": ["ns1.example"]}');
  insert into enum_number select * from jsonb_populate_record(null::enum_number, '{"entity_id": 1000002, "digits": "99900000000",
    "mappings": [{"order": 1, "preference": 1, "flags": "u", "service": "E2U+sip", "regexp": "!^.*$!sip:u@example!", "replacement": ""}]}');
  insert into mailbox (entity_id, address, password_hash) values (1000003, 'box@mail.example', '{PLAIN}x');
  insert into trusted_peer select * from jsonb_populate_record(null::trusted_peer, '{"entity_id": 1000004, "address": "198.51.100.1",
    "prepaid": false, "enum_lookup": false, "transit": false, "msteams": false, "strip": 0}');
  insert into sip_alias (entity_id, username, target_id) select 1000005, 'alias', entity_id from identifier
    where scheme = 'sip' and value = 'u0000000@sip0000000.example';
  insert into identifier values ('enum-range', '99900.e164.arpa', 1000001), ('enum', '99900000000.e164.arpa', 1000002),
    ('mail', 'box@mail.example', 1000003), ('ip', '198.51.100.1', 1000004), ('sip', 'alias@sip0000000.example', 1000005);
  analyze`;

interface Query {
  readonly name: string;
  readonly sql: string;
  readonly parameters: readonly string[];
}

interface Cost {
  readonly plan: readonly string[];
  readonly rows: number;
  readonly sequential: readonly string[];
  /** Index scans by table. */
  readonly probes: string;
}

test('every look-up of a server probes indexes, however large the tree is', async (t) => {
  const databases = [];
  for (const size of [SMALL, LARGE]) {
    const database = await testDatabase(t);
    await loadTree(database.connectionString, sizeFor(size));
    await database.pool.query(MORE);
    databases.push(database.connectionString);
  }
  const [small = '', large = ''] = databases;
  let examined = 0;
  for (const server of await listIntegrations()) {
    const { role } = await readManifest(server);
    if (role === null) continue;
    const folder = new URL(`../integrations/${server}/`, import.meta.url);
    const queries = JSON.parse(await readFile(new URL('queries.json', folder), 'utf8')) as Query[]; // Our own file.
    assert.ok(queries.length > 0, server);
    const inSmall = await costs(connectionAs(role, small), queries);
    const inLarge = await costs(connectionAs(role, large), queries);
    for (const [index, { name }] of queries.entries()) {
      assert.deepEqual(inLarge[index]?.sequential, [], `${server}: ${name} reads no table from end to end`);
      assert.ok((inLarge[index]?.rows ?? 0) > 0, `${server}: ${name} finds what it asks for`);
      assert.equal(inLarge[index]?.probes, inSmall[index]?.probes, `${server}: ${name} costs the same in both trees`);
    }
    await assertGolden(new URL('plans.txt', folder), planText(queries, inLarge));
    examined += queries.length;
  }
  assert.ok(examined >= 10, 'every server that reads the database was examined');
});

/** Asks each as the server does, and counts what it touched. */
async function costs(connectionString: string, queries: readonly Query[]): Promise<Cost[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const found: Cost[] = [];
  try {
    for (const { sql: text, parameters: values } of queries) {
      const plan = await client.query<{ 'QUERY PLAN': string }>({
        text: `explain (costs off) ${text}`,
        values: [...values],
      });
      await client.query('begin');
      const { rowCount } = await client.query({ text, values: [...values] });
      const { rows: touched } = await client.query<{ relname: string; seq_scan: number; idx_scan: number }>(
        `select relname, seq_scan::integer, coalesce(idx_scan, 0)::integer as idx_scan from pg_stat_xact_user_tables
          where seq_scan + coalesce(idx_scan, 0) > 0 order by relname`,
      );
      await client.query('rollback');
      found.push({
        plan: plan.rows.map((row) => row['QUERY PLAN']),
        rows: rowCount ?? 0,
        sequential: touched.filter(({ seq_scan: count }) => count > 0).map(({ relname }) => relname),
        probes: touched.map(({ relname, idx_scan: count }) => `${relname} ${count}`).join(', '),
      });
    }
  } finally {
    await client.end();
  }
  return found;
}

function planText(queries: readonly Query[], all: readonly Cost[]): string {
  return queries
    .map(({ name, sql }, index) => {
      const { plan, probes } = all[index] ?? { plan: [], probes: '' };
      return [`-- ${name}`, `${sql};`, ...plan.map((line) => `  ${line}`), `  index scans: ${probes}`, ''].join('\n');
    })
    .join('\n');
}
