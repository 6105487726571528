/** The source against a real database: a load and a follow from the beginning tell the same. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { EntityRow, EntityState, HoldRow, LoadSink, ProfileRow } from '#core/decision-source.ts';
import { makeDecisionSource } from '#store/decision-source.ts';
import { systemAuthor } from '#store/change.ts';
import { transact } from '#store/transaction.ts';
import { testDatabase } from '#test/database.ts';

const database = await testDatabase({ after });
const source = makeDecisionSource(database.pool, database.connectionString);
const { signal } = new AbortController();

/** Commits one change that says it touched the ids. */
async function commit(touched: readonly number[]): Promise<void> {
  await transact(database.pool, database.chainKey, 'none', systemAuthor('test'), (transaction) => {
    transaction.record({ kind: 'test', entityId: null, facts: {}, touched });
    return Promise.resolve();
  });
}

async function load(): Promise<{
  states: Map<number, EntityState>;
  profiles: readonly ProfileRow[];
  revision: number;
}> {
  const rows = new Map<number, EntityRow>();
  const names = new Map<number, string[]>();
  const holds = new Map<number, HoldRow[]>();
  let profiles: readonly ProfileRow[] = [];
  const sink: LoadSink = {
    reserve() {},
    entity: (id, row) => void rows.set(id, row),
    name: (key, id) => void names.set(id, [...(names.get(id) ?? []), key].sort()),
    hold: (row) => void holds.set(row.entityId, [...(holds.get(row.entityId) ?? []), row]),
    profiles: (given) => {
      profiles = given;
    },
  };
  const { revision } = await source.load(sink, signal);
  const states = new Map(
    [...rows].map(([id, row]) => [id, { id, row, names: names.get(id) ?? [], holds: holds.get(id) ?? [] }]),
  );
  return { states, profiles, revision };
}

test('a load and a page of changes tell the same, of every kind of row', async () => {
  await database.pool.query(`
    insert into entity (id, kind, parent_id, owner_id, ancestors, label, closed_at) overriding system value values
      (1, 'account', 0, null, array[0, 1], 'Acme', null),
      (2, 'account', 0, null, array[0, 2], 'Gone', '2026-01-02T03:04:05.678901Z'),
      (3, 'sip_domain', 1, null, null, 'acme.example', null),
      (4, 'sip_account', 3, 2, null, 'alice', null),
      (5, 'phone_number', 1, null, null, '+31208005100', null),
      (7, 'dns_record', 1, null, null, 'www A', null);
    insert into phone_number select * from jsonb_populate_record(null::phone_number, (
      select jsonb_object_agg(attname, case atttypid when 'boolean'::regtype then 'false'::jsonb else '""'::jsonb end)
        || '{"entity_id": 5, "target_id": 4}'
      from pg_attribute where attrelid = 'phone_number'::regclass and attnum > 0 and attnotnull));
    insert into identifier (scheme, value, entity_id) values
      ('sip', 'acme.example', 3), ('sip', 'alice@acme.example', 4), ('sip', 'ali\\ce@acme.example', 4),
      ('tel', '+31208005100', 5), ('rr', 'www/A 192.0.2.1', 7);
    insert into hold (entity_id, profile, authority, authority_rank, source, note, placed_by, activated_at, ends_at, ended_at, end_cause) values
      (1, 'suspended', 'platform', 30, 'api', E'two\\nlines\\tand a \\\\', 'Zoë', now(), now() + interval '1 day', null, null),
      (1, 'limited', 'reseller', 20, 'api', null, 'test', now(), 'infinity', null, null),
      (1, 'fraud', 'platform', 30, 'api', null, 'test', now(), null, now(), 'lifted'),
      (4, 'fraud', 'platform', 30, 'api', null, 'test', null, null, null, null);
  `);
  const before = await load();
  await commit([0, 1, 2, 3]);
  await commit([3, 4, 5, 7, 99]);
  const page = await source.follow(before.revision, 10, signal);
  assert.equal(page.first, before.revision + 1);
  assert.equal(page.last, before.revision + 2);
  assert.equal(page.head, before.revision + 2);
  const states = new Map(page.states.map((state) => [state.id, { ...state, names: [...state.names].sort() }]));
  assert.deepEqual(states.get(99), { id: 99, row: null, names: [], holds: [] });
  states.delete(99);
  assert.deepEqual(new Map([...states].sort(([a], [b]) => a - b)), before.states);
  assert.deepEqual(page.profiles?.toSorted(byName), before.profiles.toSorted(byName));
  assert.equal(states.get(5)?.row?.targetId, 4);
  assert.equal(states.get(4)?.row?.ownerId, 2);
  assert.equal(states.get(2)?.row?.closedAtMs, Date.parse('2026-01-02T03:04:05.678Z') + 0.901);
  assert.equal(states.get(1)?.holds.length, 2);
  assert.equal(states.get(1)?.holds.find((hold) => hold.profile === 'suspended')?.note, 'two\nlines\tand a \\');
  assert.deepEqual(states.get(7)?.names, []);
});

const byName = (a: ProfileRow, b: ProfileRow) => (a.name < b.name ? -1 : 1);

test('an empty page tells the head, and a short page tells that more follows', async () => {
  const { revision } = await load();
  const empty = await source.follow(revision, 10, signal);
  assert.deepEqual(
    { ...empty, epoch: '' },
    { epoch: '', head: revision, first: null, last: null, states: [], profiles: null },
  );
  await commit([1]);
  await commit([3]);
  const page = await source.follow(revision, 1, signal);
  assert.deepEqual([page.first, page.last, page.head], [revision + 1, revision + 1, revision + 2]);
  assert.deepEqual(
    page.states.map((state) => state.id),
    [1],
  );
});

test('a listener hears of a commit, of the loss of its connection, and of nothing after it is closed', async () => {
  const { revision } = await load();
  const heard: number[] = [];
  let told = () => {};
  let lost = () => {};
  const isTold = new Promise<void>((resolve) => (told = resolve));
  const isLost = new Promise<void>((resolve) => (lost = resolve));
  const listener = await source.listen(
    (given) => {
      heard.push(given);
      told();
    },
    () => lost(),
    signal,
  );
  await commit([1]);
  await isTold;
  assert.deepEqual(heard, [revision + 1]);
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'abeyance-follow' and datname = current_database()`,
  );
  await isLost;
  await listener.close();
  const other = await source.listen(
    () => assert.fail('it was closed'),
    () => assert.fail('it was closed, not lost'),
    signal,
  );
  await other.close();
  await commit([1]);
});

test('an aborted call ends soon and gives its connection back', async () => {
  const controller = new AbortController();
  const blocker = await database.pool.connect();
  await blocker.query('begin; lock table entity in access exclusive mode');
  const loading = source.load({ reserve() {}, entity() {}, name() {}, hold() {}, profiles() {} }, controller.signal);
  setTimeout(() => controller.abort(new Error('enough')), 20);
  await assert.rejects(loading);
  await blocker.query('rollback');
  blocker.release();
  assert.equal(database.pool.waitingCount, 0);
  assert.ok((await load()).states.size > 0);
});
