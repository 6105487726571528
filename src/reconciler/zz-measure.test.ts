import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { reconcilerWorld } from './world-for-test.ts';
const N = Number(process.env['N'] ?? 20000);
const DELAY = Number(process.env['DELAY'] ?? 0);
test('measure', async (t) => {
  const world = await reconcilerWorld(t);
  const top = await world.account('top');
  await world.foreign(top, 'template');
  await world.pool.query(
    `with made as (insert into entity (kind, parent_id, label) select 'foreign', $1, 'f' || n from generate_series(1, $2::integer) n returning id)
    insert into "foreign" select d.* from made, lateral jsonb_populate_record(null::"foreign", (select to_jsonb(f) from "foreign" f limit 1) || jsonb_build_object('entity_id', made.id, 'external_reference', 'x' || made.id)) d`,
    [top, N],
  );
  await world.pool.query('analyze');
  await world.system('cloud', { concurrency: 32, breakerFailures: 100 });
  if (DELAY > 0)
    world.board.answer = async () => {
      await sleep(DELAY);
      return { type: 'done' };
    };
  let statements = 0;
  const q = (world.pool as any).Client.prototype.query;
  (world.pool as any).Client.prototype.query = function (...a: any[]) {
    statements++;
    return q.apply(this, a);
  };
  const open = async () =>
    Number(
      (
        await world.pool.query(
          `select (select count(*) from (select 1 from target where generation_applied < generation_desired or due_at is not null limit 1) x) + (select count(*) from sweep where expanded_at is null) + (select c.revision - s.revision from change_counter c, sweep_cursor s) as open`,
        )
      ).rows[0].open,
    );
  const wait = async (what: string) => {
    const s = performance.now();
    const s0 = statements;
    while ((await open()) > 0) await sleep(50);
    const sec = (performance.now() - s) / 1000;
    console.log(
      what,
      sec.toFixed(2),
      's',
      (N / sec).toFixed(0),
      '/s statements/target',
      ((statements - s0) / N).toFixed(4),
      'calls',
      world.board.calls.length,
      'rss',
      (process.memoryUsage().rss / 1e6).toFixed(0),
    );
  };
  const r = world.reconciler();
  await wait('catch up');
  world.board.calls.length = 0;
  const held = await world.hold(top);
  await wait('suspend');
  world.board.calls.length = 0;
  await world.lift(held);
  await wait('resume');
  console.log(
    (await world.pool.query(`select count(*), target_outcome(t) from target t group by 2`)).rows,
    r.reached,
    world.troubles.slice(0, 2),
  );
  console.log((await world.pool.query(`select * from sweep_count`)).rows);
});
