/**
 * What the tests of backup and restore share: an installation full of awkward values, and a picture of everything that
 * is in a database.
 */
import { PassThrough, Readable, type Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import type pg from 'pg';
import { sql } from 'kysely';

import { type WriteBackupOptions, type WrittenBackup, writeBackup } from '#store/backup.ts';
import { openBackup } from '#store/backup-reader.ts';
import { makeChainKey } from '#store/change.ts';
import { migrate } from '#store/migrate.ts';
import { type RestoreBackupOptions, type RestoredBackup, restoreBackup } from '#store/restore.ts';
import { systemAuthor } from '#store/change.ts';
import { transact } from '#store/transaction.ts';
import { TEST_SECRET } from './database.ts';

export const testKey = makeChainKey(TEST_SECRET);

/** What COPY, JSON and the frames could stumble over. */
const AWKWARD = [
  'tab\there',
  'line\nand\r\nline',
  'back\\slash \\N \\. \\t',
  '\\.',
  '\\N',
  '',
  ' "quotes" \'and\' {braces,} NULL',
  'žluťoučký 電話 📞\u2028\u202e',
  '\u0001\u001b[31m\u007f',
  'x'.repeat(700_000),
];

/** Fills every table of the newest schema; of an older one those that it has. */
export async function fillInstallation(pool: pg.Pool): Promise<void> {
  await pool.query(
    `insert into entity (kind, parent_id, ancestors, label, closed_at)
      select 'account', 0, array[0], label, null from unnest($1::text[]) label`,
    [AWKWARD],
  );
  await pool.query(`update entity set ancestors = ancestors || id where id > 0`);
  // A child before its parent, by number and so in the file, and an owner.
  await pool.query(`insert into entity (id, kind, parent_id, owner_id, label, closed_at) overriding system value values
    (1000, 'sip_account', 1001, 4, 'child first', '2026-01-02 03:04:05.678901+05'), (1001, 'sip_domain', 2, null, 'domain', null)`);
  await pool.query(`insert into identifier select 'sip', id::text || label, id from entity where length(label) < 100`);
  await pool.query(`insert into identifier_history select scheme, value, entity_id, '-infinity' from identifier`);
  await pool.query(`insert into sip_account select * from jsonb_populate_record(null::sip_account, $1)`, [
    {
      entity_id: 1000,
      username: 'alice',
      enabled: true,
      groups: AWKWARD.slice(0, 9),
      prepaid: false,
      quota: 0,
      answer_timeout_seconds: 20,
      acl: { [AWKWARD[2] ?? '']: [null, 1e-7, AWKWARD[7]] },
      properties: [],
      voice_method: 'POST',
      voice_fallback_method: 'POST',
      push_enabled: false,
    },
  ]);
  await pool.query(
    `insert into profile (name, severity, denied, refusal_text) values ('suspended', 10, 8183, 'Suspended')`,
  );
  await pool.query(`insert into profile_version values ('suspended', 1, '{"a":1.10}', 'somebody')`);
  await pool.query(`insert into hold (entity_id, profile, authority, authority_rank, source, note, placed_by)
    select id, 'suspended', 'provider', 2, 'test', label, 'somebody' from entity where id > 0`);
  await pool.query(
    `insert into plan (entity_id, intent, effect, revision, created_by, expires_at) values (0, '{}', '{}', 0, 'x', 'infinity')`,
  );
  await pool.query(`insert into idempotency values ('a', 'k', 'r', '\\x00ff5c0a09', null)`);
  await pool.query(`insert into bulk_outcome values ('a', 'k', 0, '{}')`);
  await pool.query(
    `insert into role (account_id, name, permissions, subject) values (0, 'desk', '{*:read,hold:*}', 'wish')`,
  );
  await pool.query(`with l as (insert into login (account_id, name, role) values (0, 'somebody', 'desk') returning id),
      k as (insert into api_key (login_id, name, digest, scopes) select id, 'key', '\\x01', '{*}' from l)
    insert into session (login_id, digest, address, expires_at) select id, '\\x02', '::1', 'infinity' from l`);
  if (await has(pool, 'observation'))
    await pool.query(
      `insert into observation (minute, entity_id, action, source, effect, count) values ('2026-01-01T00:00:00Z', null, 'register', 's', 'deny', 9)`,
    );
  if (await has(pool, 'call_record')) await fillRecords(pool);
  await pool.query(`insert into sign_in_attempt values ('\\x03', 1, now(), null)`);
  await pool.query(`insert into request_personal values ('c', 'address', '\\x04', '192.0.2.1')`);
  if (await has(pool, 'credit'))
    await pool.query(`insert into credit values (1, 'sip_credit', null, 7), (1, 'number_credit', 2147483647, 0)`);
  for (let n = 0; n < 3; n++) await commitChange(pool, `number ${n}`);
  const canSeal = await pool.query(`select where to_regclass('unsealed') is not null`);
  if (canSeal.rowCount !== 0) await pool.query(`insert into unsealed values ('sip_domain', 'private_key', '1', 'x')`);
  // Tables that later migrations made.
  for (const [table, row] of Object.entries({
    request_personal: `('c0ffee', 'reason', '\\x00', 'because')`,
    number_purchase: `(1, '2026-01-01T00:00:00Z', 'infinity', 3, 'no answer')`,
    outgoing_caller_id: `(default, '00000000-0000-4000-8000-0000000000ca', 1, '+31208005100', 'a\tname')`,
    erasure: `(1, 'infinity', null)`,
    erasure_entity: '(1, 1000)',
    event_account: '(1, array[0, 1], 1, 2, true)',
    event_standing: '(1, 8191, 0, true)',
    event_hold: `('00000000-0000-4000-8000-000000000001', 1, 'suspended')`,
    event_profile: `('suspended', 8183, 0)`,
    change_archive: `(1, 2, '\\x00', '\\xff', '00000000-0000-4000-8000-000000000000', 2, 'signed', 'a file')`,
  })) {
    const { rowCount } = await pool.query('select where to_regclass($1) is not null', [table]);
    if (rowCount === 1) await pool.query(`insert into ${table} values ${row} on conflict do nothing`);
  }
  if (await has(pool, 'system')) {
    await pool.query(`insert into system (name, kind, settings, concurrency, rate, timeout_ms, flight_max_ms, retry_min_ms, retry_max_ms,
        breaker_failures, breaker_open_ms, drift, drift_every_ms, drift_after, paused_at, pause_note, last_problem)
      select 'cloud ' || n, 'aps', '{"url": "https://x"}', n, 1e-7, 1, 2, 1, 2, 1, 1, 'repair', 86400000000, 1000, 'infinity', label, label
      from generate_series(1, 2) n, (select label from entity where id > 0 and length(label) < 1000 order by id limit 1) l`);
    await pool.query(`insert into target (system_id, entity_id, account_id, reference, generation_desired, applied, kept, due_at,
        lease_token, leased_until, problem_detail)
      select s.id, e.id, e.id, to_jsonb(e.label), 9007199254740991, '1.10', 'null', '-infinity', gen_random_uuid(), 'infinity', e.label
      from system s, entity e where length(e.label) < 1000`);
    await pool.query(`insert into sweep (revision, at, cause, nodes, only_system_id, is_large, step)
      select 7, now(), 'hold.placed', array[0, 9007199254740991], min(id), true, 2 from system`);
    await pool.query(`insert into sweep_count select 7, id, 3, 2, 1 from system`);
    await pool.query(`update sweep_cursor set epoch = (select epoch from change_counter), revision = 1`);
    await pool.query(`insert into system_slot select id, 0, gen_random_uuid(), now() from system`);
    await pool.query(`insert into worker (id, name) values (gen_random_uuid(), 'host:1')`);
  }
  if (await has(pool, 'event')) await fillEvents(pool);
  // Another partition than those that every installation has.
  if (!(await has(pool, 'change_from_0'))) return;
  await pool.query(`alter table change detach partition change_from_10000000`);
  await pool.query(`drop table change_from_10000000`);
  await pool.query(`create table change_far partition of change for values from (20000000) to (maxvalue)`);
  await pool.query(`comment on table change_far is 'It''s far.'`);
  await pool.query(
    `insert into change select 20000001, at, actor, kind, null, facts, touched, digest, hash from change limit 1`,
  );
  await pool.query(
    `insert into change select 15000000, at, actor, kind, null, facts, touched, digest, hash from change limit 1`,
  );
}

async function fillRecords(pool: pg.Pool): Promise<void> {
  await pool.query(`update observation set account_id = 0`);
  await pool.query(`insert into call_record (account_id, source, external_ref, from_text, status, direction, price, muted, on_hold,
      starts_conference, ends_conference)
    select id, 'switch', label, label, 'queued', 'inbound', 0.0150, true, false, false, false from entity
      where id between 1 and 9 and length(label) < 1000`);
  await pool.query(`insert into message_record (account_id, source, body, status, direction)
    select id, 'switch', label, 'sent', 'inbound' from entity where id between 1 and 9`);
  await pool.query(
    `insert into recording (account_id, source, file_uri) select id, 'switch', label from entity where id between 1 and 9`,
  );
  await pool.query(`insert into transcription (account_id, source, status, body)
    select id, 'switch', 'failed', label from entity where id between 1 and 9`);
  await pool.query(`insert into conference (account_id, source, status, name)
    select id, 'switch', 'COMPLETED', label from entity where id between 1 and 9`);
}

async function fillEvents(pool: pg.Pool): Promise<void> {
  await pool.query(`insert into event (revision, at, type, account_id, denied, intercepted, closed, cause, actor, actor_account_id)
    select 1, now(), 'account.created', id, 0, 0, false, 'entity.created', label, 0 from entity where id between 0 and 9`);
  await pool.query(`with s as (
      insert into system (name, kind, settings, concurrency, timeout_ms, flight_max_ms, retry_min_ms, retry_max_ms, breaker_failures,
        breaker_open_ms, drift_every_ms)
      values ('a hook', 'webhook', '{"url":"https://hook.example/"}', 1, 1, 1, 1, 1, 1, 1, 1) returning id),
    w as (insert into webhook (system_id, event_id) select id, 3 from s),
    d as (insert into delivery (system_id, event_id, reason) select s.id, v.id, 'event' from s cross join event v returning id)
    insert into delivery_attempt (delivery_id, attempt, problem) select id, 1, 'awkward: ' || id from d`);
}

async function has(pool: pg.Pool, table: string): Promise<boolean> {
  return (await pool.query(`select where to_regclass($1) is not null`, [table])).rowCount === 1;
}

export async function commitChange(pool: pg.Pool, note: string): Promise<void> {
  await transact(pool, testKey, 'none', systemAuthor('token:admin'), async (transaction) => {
    await transaction.rows(sql`update entity set version = version + 1 where id = 1`);
    transaction.record({
      kind: 'entity.updated',
      entityId: 1,
      facts: { note },
      touched: [1],
      personal: { email: AWKWARD[7] ?? '' },
    });
  });
}

export async function makeInstallation(pool: pg.Pool): Promise<void> {
  await migrate(pool);
  await fillInstallation(pool);
}

/** Every row of every table as text, and the shape of the tables; the epoch aside, which a restore changes. */
export async function pictureOf(pool: pg.Pool): Promise<Record<string, string[]>> {
  const picture: Record<string, string[]> = {};
  const lines = async (text: string) => (await pool.query<{ line: string }>(text)).rows.map((row) => row.line);
  for (const table of await lines(
    `select relname as line from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`,
  )) {
    if (table === 'schema_migration') continue;
    const row = table === 'change_counter' ? `concat_ws(' ', revision, hash, last_at)` : 't::text';
    picture[table] = await lines(`select ${row} as line from "${table}" t order by 1`);
  }
  picture['constraints'] =
    await lines(`select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated as line
    from pg_constraint where connamespace = 'public'::regnamespace order by 1`);
  picture['tables'] =
    await lines(`select concat_ws(' ', relname, pg_get_expr(relpartbound, oid), obj_description(oid)) as line
    from pg_class where relnamespace = 'public'::regnamespace order by 1`);
  picture['triggers'] = await lines(`select concat_ws(' ', tgrelid::regclass, tgtype, tgenabled) as line
    from pg_trigger order by 1`);
  return picture;
}

export async function backupOf(
  pool: pg.Pool,
  options: Partial<WriteBackupOptions> = {},
  output: Writable = new PassThrough(),
): Promise<{ bytes: Buffer; written: WrittenBackup }> {
  const written = writeBackup(pool, output, { secret: TEST_SECRET, abeyanceVersion: '9.8.7', ...options });
  const bytes = output instanceof PassThrough ? buffer(output) : Promise.resolve(Buffer.alloc(0));
  bytes.catch(() => {}); // The writing fails too, and is what is asked.
  return { written: await written, bytes: await bytes };
}

export async function restoreBytes(
  pool: pg.Pool,
  bytes: Buffer,
  options: Partial<RestoreBackupOptions> = {},
): Promise<RestoredBackup> {
  const backup = await openBackup(Readable.from(cut(bytes)));
  try {
    return await restoreBackup(pool, backup, { secret: TEST_SECRET, ...options });
  } finally {
    await backup.close();
  }
}

/** In uneven pieces, as a network gives them. */
function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 65_537)
    yield bytes.subarray(at, at + size);
}
