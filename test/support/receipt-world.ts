/** Six targets of one account in one system, whose states tests write by hand, in the place of a reconciler. */
import { testInstallation } from './installation.ts';
import type { Cleanup } from './database.ts';
import { administrator, made } from './people.ts';
import { sampleSystem } from './system-samples.ts';

export async function receiptWorld(t: Cleanup) {
  const here = await testInstallation(t);
  const admin = administrator(here.app);
  const { pool } = here;
  const create = async (parent: string, name: string) =>
    (await made(admin('POST', '/v1/accounts', { parent, name }))).id as string;
  const tenant = async (parent: string, system = 'elsewhere') =>
    (await made(admin('POST', '/v1/resources', { kind: 'foreign', system, parent }))).number as number;
  const account = await create('0', 'Held');
  await made(admin('POST', '/v1/systems', { name: 'office', ...sampleSystem('aps') }));
  const tenants: number[] = [];
  for (let n = 0; n < 6; n++) tenants.push(await tenant(account));
  for (const id of tenants) await made(admin('PUT', `/v1/systems/office/targets/${id}`, { reference: `tenant-${id}` }));
  const numberOf = async (table: string, column: string, value: string) =>
    Number((await pool.query(`select id from ${table} where ${column} = $1`, [value])).rows[0].id);
  const system = await numberOf('system', 'name', 'office');
  const node = await numberOf('entity', 'uuid', account);
  let holds = 0;
  return {
    here,
    pool,
    admin,
    account,
    tenants,
    create,
    tenant,
    /** Holds the account, and writes what a sweep of that change would. */
    reach: async (ids: readonly number[]): Promise<number> => {
      const hold = { profile: 'limited', externalRef: `hold ${(holds += 1)}` };
      const held = await admin('POST', `/v1/entities/${account}/holds`, hold);
      const revision = Number(held.headers['abeyance-revision']);
      await pool.query(
        `insert into sweep (revision, at, cause, nodes, expanded_at) values ($1, now(), 'hold.placed', array[$2::bigint], now())`,
        [revision, node],
      );
      await pool.query(
        `with former as (select entity_id, generation_desired as g, generation_applied >= generation_desired as c from target where entity_id = any ($2)),
          passed as (
            update sweep_count n set passed_confirmed = n.passed_confirmed + f.c, passed_open = n.passed_open + f.o
            from (select g, count(*) filter (where c) as c, count(*) filter (where not c) as o from former group by g) f
            where n.revision = f.g and n.system_id = $3),
          raised as (update target set generation_desired = $1, due_at = now(), attempts = 0, needs_person = false,
              acknowledged_at = null, task = null,
              generation_first = case when generation_first = 0 then $1 else generation_first end
            where entity_id = any ($2))
        insert into sweep_count (revision, system_id, targets) values ($1, $3, cardinality($2::bigint[]))`,
        [revision, ids, system],
      );
      return revision;
    },
    set: (id: number | undefined, columns: string) =>
      pool.query(`update target set ${columns} where entity_id = $1`, [id]),
    confirmAll: () => pool.query('update target set generation_applied = generation_desired, due_at = null'),
    /** Moves the reader of the log. */
    readTo: (revision: number) =>
      pool.query('update sweep_cursor set revision = $1, epoch = (select epoch from change_counter)', [revision]),
    receiptOf: (revision: number, query = '') => made(admin('GET', `/v1/operations/${revision}${query}`)),
  };
}
