/** An installation with systems of switches, for tests of the reconciler. */
import type pg from 'pg';

import { LOCAL_PACE, type Pace } from '#core/system-kind.ts';
import { authorOf } from '#operations/context.ts';
import { type SystemRow, insertSystem, pauseSystem, removeSystem } from '#store/system.ts';
import { type Transaction, transact } from '#store/transaction.ts';

import { ADMIN, type Installation } from './installation.ts';

/** Everything is soon tried again, so that nobody waits long. */
export const QUICK_PACE: Pace = {
  ...LOCAL_PACE,
  concurrency: 3,
  timeoutMs: 400,
  flightMaxMs: 800,
  retryMinMs: 5,
  retryMaxMs: 50,
  breakerFailures: 4,
  breakerOpenMs: 30,
};

/** Writes a system, or what becomes of it, as the operations do; answers the revision of the change. */
async function write(
  { pool, chainKey }: Pick<Installation, 'pool' | 'chainKey'>,
  kind: string,
  work: (transaction: Transaction) => Promise<SystemRow>,
): Promise<{ readonly system: SystemRow; readonly revision: number }> {
  const { value, committed } = await transact(pool, chainKey, 'none', authorOf(ADMIN), async (transaction) => {
    const system = await work(transaction);
    const facts = { system: system.uuid, name: system.name, systemKind: system.kind };
    transaction.record({ kind, entityId: null, facts, touched: [] });
    return system;
  });
  if (committed === null) throw new Error('a change was recorded');
  return { system: value, revision: committed.revision };
}

type Here = Pick<Installation, 'pool' | 'chainKey' | 'context'>;

/** Adds a system of switches at an address. */
export function addSystem(here: Here, name: string, url: string, pace: Partial<Pace> = {}) {
  return write(here, 'system.created', (transaction) =>
    insertSystem(transaction, here.context.sealingKey, {
      ...QUICK_PACE,
      ...pace,
      name,
      kind: 'aps',
      accountId: 0,
      settings: { url },
      secrets: {},
      drift: 'off',
    }),
  );
}

export function dropSystem(here: Here, system: SystemRow) {
  return write(here, 'system.removed', async (transaction) => {
    await removeSystem(transaction, system.id);
    return system;
  });
}

export function pause(here: Here, { id }: SystemRow) {
  return write(here, 'system.paused', async (transaction) =>
    present(await pauseSystem(transaction, id, { by: ADMIN.name, note: null })),
  );
}

export function resume(here: Here, { id }: SystemRow) {
  return write(here, 'system.resumed', async (transaction) => present(await pauseSystem(transaction, id, null)));
}

function present(row: SystemRow | null): SystemRow {
  if (row === null) throw new Error('the system is gone');
  return row;
}

/** What a person does with targets that need one, once the cause is gone. */
export async function retryAll(pool: pg.Pool): Promise<void> {
  await pool.query(
    `update target set needs_person = false, problem_code = null, problem_detail = null, problem_since = null, attempts = 0, due_at = now()
      where needs_person`,
  );
}

export interface Unsettled {
  /** Changes that were not read yet, and sweeps that were not expanded. */
  readonly unread: number;
  readonly unexpanded: number;
  /** Targets that something is still to be done with, of systems that are not paused. */
  readonly open: number;
  readonly failed: number;
  /** How long until the next of them is done by itself, in milliseconds; 0 when it is due. */
  readonly nextMs: number;
}

/** What the reconciler has left to do, of all systems or of some. */
export async function readUnsettled(pool: pg.Pool, systems: readonly number[] | null = null): Promise<Unsettled> {
  const { rows } = await pool.query<Unsettled>(
    `select (select c.revision - s.revision from change_counter c, sweep_cursor s)::integer as unread,
        (select count(*) from sweep where expanded_at is null)::integer as unexpanded,
        count(*)::integer as open, count(*) filter (where t.needs_person)::integer as failed,
        coalesce(greatest(0, 1000 * extract(epoch from min(greatest(t.due_at, t.leased_until, s.open_until)) - now())), 0)::float8 as "nextMs"
      from target t join system s on s.id = t.system_id
      where (t.generation_applied < t.generation_desired or t.due_at is not null or t.lease_token is not null)
        and s.paused_at is null and ($1::bigint[] is null or s.id = any ($1))`,
    [systems],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('an aggregate gives one row');
  return row;
}

export function isSettled({ unread, unexpanded, open }: Unsettled): boolean {
  return unread <= 0 && unexpanded === 0 && open === 0;
}

/** Writes down every generation that goes back, from now on. */
export async function watchGenerations(pool: pg.Pool): Promise<void> {
  await pool.query(`
    create table went_back (system_id bigint, entity_id bigint, former bigint, now bigint);
    create function note_back() returns trigger language plpgsql as $$
    begin
      insert into went_back values (old.system_id, old.entity_id, old.generation_applied, new.generation_applied);
      return null;
    end $$;
    create trigger note_back after update on target for each row
      when (new.generation_applied < old.generation_applied or new.generation_desired < old.generation_desired) execute function note_back();`);
}

export async function generationsThatWentBack(pool: pg.Pool): Promise<unknown[]> {
  return (await pool.query('select * from went_back')).rows;
}
