/** What each look-up of the servers costs: index probes, as many in a large tree as in a small one. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';

import pg from 'pg';

import { listIntegrations, readManifest } from '#main/integrate/integration.ts';
import { type TestDatabase, testDatabase } from '#test/database.ts';
import { assertGolden } from '#test/golden.ts';
import { connectionAs } from '#test/real-server.ts';

import { loadTree, sizeFor } from '../bench/generated-tree.ts';

const SMALL = 3_000;
const LARGE = 30_000;
/** What the queries name, beneath the first account of a generated tree. */
const NAMED = `
  insert into entity (id, kind, parent_id, label) values
    (1000001, 'sip_domain', 1, 'voice.example'), (1000002, 'sip_account', 1000001, 'alice@voice.example'),
    (1000003, 'phone_number', 1, '+31208005100'), (1000004, 'trusted_peer', 1, '192.0.2.7'),
    (1000005, 'mailbox', 1, 'bob@voice.example'), (1000006, 'dns_zone', 1, 'example.com'),
    (1000007, 'dns_record', 1000006, 'www.example.com A');
  insert into sip_domain select * from jsonb_populate_record((select d from sip_domain d limit 1), '{"entity_id": 1000001, "domain": "voice.example"}');
  insert into sip_account select * from jsonb_populate_record((select a from sip_account a limit 1), '{"entity_id": 1000002, "username": "alice"}');
  insert into phone_number select * from jsonb_populate_record((select n from phone_number n limit 1),
    '{"entity_id": 1000003, "e164": "+31208005100", "target_id": 1000002}');
  insert into trusted_peer select * from jsonb_populate_record(null::trusted_peer, '{"entity_id": 1000004, "address": "192.0.2.7",
    "prepaid": false, "enum_lookup": false, "transit": false, "msteams": false, "strip": 0}');
  insert into mailbox (entity_id, address, password_hash) values (1000005, 'bob@voice.example', '{PLAIN}x');
  insert into dns_zone select * from jsonb_populate_record((select z from dns_zone z limit 1),
    '{"entity_id": 1000006, "name": "example.com", "secondaries": ["192.0.2.53"]}');
  insert into dns_record select * from jsonb_populate_record((select r from dns_record r where type = 'A' limit 1),
    '{"entity_id": 1000007, "name": "www.example.com"}');
  insert into identifier values ('sip', 'voice.example', 1000001), ('sip', 'alice@voice.example', 1000002), ('tel', '+31208005100', 1000003),
    ('ip', '192.0.2.7', 1000004), ('mail', 'bob@voice.example', 1000005), ('dns', 'example.com', 1000006);
  -- So many that no planner takes the whole of a small index for the way to one of them.
  insert into entity (id, kind, parent_id, label) select 2000000 + n, 'mailbox', 1, 'm' from generate_series(1, 5000) n;
  insert into mailbox (entity_id, address) select 2000000 + n, 'm' || n || '@mail.example' from generate_series(1, 5000) n;
  insert into identifier select 'mail', 'm' || n || '@mail.example', 2000000 + n from generate_series(1, 5000) n;
  insert into entity (id, kind, parent_id, label) select 3000000 + n, 'dns_zone', 1, 'z' from generate_series(1, 5000) n;
  insert into dns_zone select (jsonb_populate_record(z, jsonb_build_object('entity_id', 3000000 + n, 'name', 'z' || n || '.example'))).*
    from generate_series(1, 5000) n, (select d from dns_zone d limit 1) s (z);
  insert into entity (id, kind, parent_id, label) values (4000000, 'enum_range', 1, '+99');
  insert into enum_range select * from jsonb_populate_record(null::enum_range,
    '{"entity_id": 4000000, "prefix": "99", "tld": "e164.arpa", "ttl": 60, "nameservers": ["ns1.example"]}');
  insert into identifier values ('enum-range', '99.e164.arpa', 4000000);
  insert into entity (id, kind, parent_id, label) select 4000000 + n, 'enum_number', 4000000, 'n' from generate_series(1, 5000) n;
  insert into enum_number select r.* from generate_series(1, 5000) n cross join lateral jsonb_populate_record(null::enum_number, jsonb_build_object(
    'entity_id', 4000000 + n, 'digits', '99' || (10000 + n), 'mappings', jsonb_build_array(jsonb_build_object('order', 1, 'preference', 1,
      'flags', 'u', 'service', 'E2U+sip', 'regexp', '!^.*$!sip:u@example!', 'replacement', '')))) r;
  insert into identifier select 'enum', '99' || (10000 + n) || '.e164.arpa', 4000000 + n from generate_series(1, 5000) n;
  insert into identifier select 'dns', 'z' || n || '.example', 3000000 + n from generate_series(1, 5000) n;
  analyze`;
const HOLD = `insert into hold (entity_id, profile, authority, authority_rank, source, placed_by, activated_at)
  values (1, 'suspended', 'platform', 3, 'test', 'test', now())`;

const LIFT = 'delete from hold';

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
  /** All index scans together; which table is probed first may differ. */
  readonly count: number;
}

test('every look-up of a server probes indexes, however large the tree is', async (t) => {
  const [small, large] = [await makeTree(t, SMALL), await makeTree(t, LARGE)];
  for (const server of await listIntegrations()) {
    const { role } = await readManifest(server);
    if (role === null) continue;
    const folder = new URL(`../integrations/${server}/`, import.meta.url);
    const queries = JSON.parse(await readFile(new URL('queries.json', folder), 'utf8')) as Query[]; // Our own file.
    assert.ok(queries.length > 0, server);
    const found = { active: [] as Cost[], suspended: [] as Cost[] };
    for (const standing of ['active', 'suspended'] as const) {
      for (const { pool } of [small, large]) await pool.query(standing === 'active' ? LIFT : HOLD);
      found[standing] = await costs(connectionAs(role, large.connectionString), queries);
      const inSmall = await costs(connectionAs(role, small.connectionString), queries);
      for (const [index, { name }] of queries.entries()) {
        const what = `${server}, ${standing}: ${name}`;
        assert.deepEqual(found[standing][index]?.sequential, [], `${what} reads no table from end to end`);
        // Ten times the rows: a look-up that grows with them would probe ten times as often.
        assert.ok(
          (found[standing][index]?.count ?? 0) <= 1 + (inSmall[index]?.count ?? 0) * 1.5,
          `${what} probes as often in both trees`,
        );
      }
    }
    for (const [index, { name }] of queries.entries())
      assert.ok(
        (found.active[index]?.rows ?? 0) + (found.suspended[index]?.rows ?? 0) > 0,
        `${server}: ${name} finds what it asks for`,
      );
    await assertGolden(new URL('plans.txt', folder), planText(queries, found.active, found.suspended));
  }
});

async function makeTree(t: TestContext, size: number): Promise<TestDatabase> {
  const database = await testDatabase(t);
  await loadTree(database.connectionString, sizeFor(size));
  await database.pool.query(NAMED);
  return database;
}

/** Asks each as the server does, and counts what it touched. */
async function costs(connectionString: string, queries: readonly Query[]): Promise<Cost[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query('begin'); // What was counted stays with the transaction.
  const found: Cost[] = [];
  try {
    for (const { sql: text, parameters: values } of queries) {
      const plan = await client.query<{ 'QUERY PLAN': string }>({
        text: `explain (costs off) ${text}`,
        values: [...values],
      });
      const before = await countScans(client);
      const { rowCount } = await client.query({ text, values: [...values] });
      const scans = (await countScans(client)).map((after) => {
        const earlier = before.find(({ relname }) => relname === after.relname);
        return {
          ...after,
          seq_scan: after.seq_scan - (earlier?.seq_scan ?? 0),
          idx_scan: after.idx_scan - (earlier?.idx_scan ?? 0),
        };
      });
      found.push({
        plan: plan.rows.map((row) => row['QUERY PLAN']),
        rows: rowCount ?? 0,
        sequential: scans.filter(({ seq_scan: count }) => count > 0).map(({ relname }) => relname),
        count: scans.reduce((sum, { idx_scan: count }) => sum + count, 0),
        probes: scans
          .filter(({ idx_scan: count }) => count > 0)
          .map(({ relname, idx_scan: count }) => `${relname} ${count}`)
          .join(', '),
      });
    }
  } finally {
    await client.end();
  }
  return found;
}

interface Scans {
  readonly relname: string;
  readonly seq_scan: number;
  readonly idx_scan: number;
}

/** The scans of each table since the transaction began. */
async function countScans(client: pg.Client): Promise<Scans[]> {
  const { rows } = await client.query<Scans>(
    `select relname, seq_scan::integer, coalesce(idx_scan, 0)::integer as idx_scan from pg_stat_xact_user_tables
      where seq_scan + coalesce(idx_scan, 0) > 0 order by relname`,
  );
  return rows;
}

function planText(queries: readonly Query[], active: readonly Cost[], suspended: readonly Cost[]): string {
  return queries
    .map(({ name, sql }, index) =>
      [
        `-- ${name}`,
        `${sql};`,
        ...(active[index]?.plan ?? []).map((line) => `  ${line}`),
        `  index scans, active: ${active[index]?.probes}`,
        `  index scans, suspended: ${suspended[index]?.probes}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}
