/** Sweeps of large subtrees, in pages; and that small ones cost no more in a large tree. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { systemAuthor } from '#store/change.ts';
import { type Transaction, transact } from '#store/transaction.ts';

import { Expander, type ExpanderLimits } from './expander.ts';
import { ingestPage } from './sweeper.ts';
import { type World, reconcilerWorld } from './world-for-test.ts';

const TINY: ExpanderLimits = {
  sweeps: 2,
  small: { accounts: 2, targets: 2 },
  page: 7,
  accounts: 3,
  accountsMax: 1_000,
};

function work<T>(world: World, body: (transaction: Transaction) => Promise<T>): Promise<T> {
  return transact(world.pool, world.chainKey, 'none', systemAuthor('test'), body).then(({ value }) => value);
}

/** Expands all that is open, each page by another worker. */
async function expandAll(world: World, limits: ExpanderLimits): Promise<number> {
  let pages = 0;
  for (let isBusy = true; isBusy; pages++) {
    const read = await work(world, ingestPage);
    const small = await work(world, (transaction) => new Expander(limits).small(transaction));
    const large = await work(world, (transaction) => new Expander(limits).large(transaction));
    isBusy = read.isBehind || small.isBusy || large.isBusy;
  }
  return pages;
}

/** Accounts beneath one, each with a thing in two systems; some things belong to accounts elsewhere. */
async function bush(world: World, parent: number, accounts: number): Promise<void> {
  await world.pool.query(
    `with made as (
        insert into entity (kind, parent_id, ancestors, label) select 'account', $1, '{}', 'Leaf ' || n from generate_series(1, $2::integer) n returning id
      ), things as (
        insert into entity (kind, parent_id, label) select 'foreign', m.id, 'thing' from made m, generate_series(1, 2) returning id, parent_id
      )
      insert into "foreign" select d.* from things, lateral jsonb_populate_record(null::"foreign",
        (select to_jsonb(f) from "foreign" f limit 1) || jsonb_build_object('entity_id', things.id, 'external_reference', 'r' || things.id)) d`,
    [parent, accounts],
  );
  await world.pool.query(
    `update entity e set ancestors = p.ancestors || e.id from entity p where p.id = e.parent_id and e.parent_id = $1 and e.kind = 'account'`,
    [parent],
  );
}

for (const [name, limits] of [
  ['account by account', TINY],
  ['by walking all targets', { ...TINY, accountsMax: 5 }],
] as const)
  test(`a large subtree is reached completely, each target once, ${name}`, async (t: TestContext) => {
    const world = await reconcilerWorld(t);
    const [top, other] = [await world.account('Top'), await world.account('Other')];
    await world.foreign(top, 'first');
    await bush(world, top, 20);
    await bush(world, other, 10);
    await world.system('cloud');
    await expandAll(world, limits);
    const before = await world.targets();
    assert.equal(before.length, 61);
    // Some of the other's things belong to the top, and some of the top's own are named twice by that.
    await world.pool.query(`update target set owner_id = $1 where entity_id % 3 = 0`, [top]);
    const { revision } = await world.hold(top);
    const pages = await expandAll(world, limits);
    assert.ok(pages > 5, `${pages} pages`);
    const reached = (await world.targets()).filter((target) => target['generation_desired'] === revision);
    const expected = (
      await world.pool.query<{ id: number }>(
        `select t.entity_id as id from target t join entity a on a.id = t.account_id where $1 = any (a.ancestors) or t.owner_id = $1 order by 1`,
        [top],
      )
    ).rows.map(({ id }) => id);
    assert.ok(expected.length > 41);
    assert.deepEqual(
      reached.map((target) => target['entity_id']),
      expected,
    );
    const { rows } = await world.pool.query(
      'select targets, passed_open, passed_confirmed from sweep_count where revision = $1',
      [revision],
    );
    assert.deepEqual(rows, [{ targets: expected.length, passed_open: 0, passed_confirmed: 0 }]);
  });

/** Has all connections, of which none does anything now, tell what they read. By themselves they do so ten seconds later. */
async function tellReads({ pool }: World): Promise<void> {
  const clients = await Promise.all(Array.from({ length: pool.totalCount }, () => pool.connect()));
  await Promise.all(clients.map((client) => client.query('select pg_stat_force_next_flush()')));
  for (const client of clients) client.release();
}

test('a small node in a large tree is found by index, and so is what is due', async (t: TestContext) => {
  const world = await reconcilerWorld(t);
  const [top, small] = [await world.account('Top'), await world.account('Small')];
  const thing = await world.foreign(small, 'one');
  await bush(world, top, 3_000);
  await world.system('cloud');
  await expandAll(world, { ...TINY, page: 2_000 });
  await world.pool.query('analyze');
  let worker = world.reconciler();
  const isSettled = async (revision: number) =>
    (
      await world.pool.query(
        'select from target where system_id = (select min(id) from system) and entity_id = $1 and generation_applied >= $2',
        [thing, revision],
      )
    ).rowCount === 1;
  await world.settled();
  const first = await world.hold(small);
  await world.until('it is told', () => isSettled(first.revision));
  const scans = async () => {
    await worker.stop();
    await tellReads(world);
    const { rows } = await world.pool.query<{ relname: string; seq_tup_read: number }>(
      `select relname, seq_tup_read from pg_stat_user_tables where relname in ('target', 'entity', 'foreign') order by 1`,
    );
    return rows;
  };
  const before = await scans();
  worker = world.reconciler();
  await world.lift(first);
  const second = await world.hold(small, 'fraud');
  await world.until('it is told', () => isSettled(second.revision));
  assert.deepEqual(await scans(), before, 'no table was read from end to end');
});
