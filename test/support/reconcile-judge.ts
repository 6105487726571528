/** Judges how a history of the reconciler ended, and lets all of them come to their end. */
import { setTimeout as sleep } from 'node:timers/promises';

import { waitUntil } from './barrier.ts';
import type { Installation } from './installation.ts';
import type { Traffic } from './reconcile-mortal.ts';
import { type Story, thingsOf, wantedOf } from './reconcile-story.ts';
import { passTime } from './reconcile-time.ts';
import { type Unsettled, isSettled, readUnsettled, retryAll } from './reconcile-world.ts';

/** Longer than any request is on its way after whoever sent it gave up. */
const FLIGHT_MS = 150;
const LOOK_AGAIN_MS = 10;
/** Looks without the end before time is let pass: what is due gets its turn on a busy machine, too. */
const PATIENCE = 200;
/** What is due later than this is not waited for. */
const SOON_MS = 600;
/** Looks at which nothing was due soon. */
const IDLE_LOOKS = 10;
const MINUTE_MS = 60_000;
/** So many minutes are enough for every back-off and lease. */
const MINUTES_MAX = 40;

/** Lets time pass while nothing is on its way, as requests do not age with the rest. */
export async function passTimeQuietly(
  { pool }: Pick<Installation, 'pool'>,
  traffic: Traffic,
  ms: number,
  flightMs = FLIGHT_MS,
): Promise<void> {
  traffic.close();
  try {
    await waitUntil('no request is on its way', () => traffic.active === 0);
    await sleep(flightMs); // Timers fire in order: what was late has acted.
    await passTime(pool, ms);
  } finally {
    traffic.open();
  }
}

/** Waits until nothing is left to do, a minute of the reconciler after the other. Throws with what is left when there is no end. */
export async function settle(here: Pick<Installation, 'pool'>, traffic: Traffic, poke: () => void): Promise<Unsettled> {
  for (let minutes = 0; ; minutes++) {
    for (let [look, idle] = [0, 0]; look < PATIENCE && idle < IDLE_LOOKS; look++) {
      const left = await readUnsettled(here.pool);
      if (isSettled(left)) return left;
      if (left.failed > 0) await retryAll(here.pool);
      // What is leased by somebody who lives is soon done; what waits for long is not.
      idle = left.nextMs > SOON_MS ? idle + 1 : 0;
      poke();
      await sleep(LOOK_AGAIN_MS);
    }
    if (minutes === MINUTES_MAX) throw new Error(`it does not settle: ${await whatIsLeft(here)}`);
    await passTimeQuietly(here, traffic, MINUTE_MS);
  }
}

export async function whatIsLeft({ pool }: Pick<Installation, 'pool'>): Promise<string> {
  const { rows: targets } = await pool.query(
    `select s.name, t.*, now() as now from target t join system s on s.id = t.system_id
      where t.generation_applied < t.generation_desired or t.due_at is not null or t.lease_token is not null limit 3`,
  );
  const { rows: systems } = await pool.query(
    `select s.name, s.failures, s.open_until - now() as open_for, s.paused_at,
      (select count(*) from system_slot l where l.system_id = s.id and l.leased_until > now())::integer as slots,
      (select count(*) from worker w where w.seen_at > now() - interval '15 seconds')::integer as workers from system s`,
  );
  const { rows: sweeps } = await pool.query('select * from sweep where expanded_at is null limit 3');
  const { rows: cursors } = await pool.query('select s.*, c.revision as head from sweep_cursor s, change_counter c');
  const { rows: waiting } = await pool.query(
    `select pid, state, wait_event_type, wait_event, pg_blocking_pids(pid) as blocked_by, left(query, 120) as query, now() - xact_start as since
      from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()`,
  );
  return JSON.stringify({ systems, targets, sweeps, cursors, waiting }, null, 1);
}

interface Row {
  readonly entity_id: number;
  readonly generation_desired: number;
  readonly generation_applied: number;
  readonly outcome: string;
}

/** Finds whatever is not as it should be at the end of a history. */
export async function judgeStory({ pool }: Installation, story: Story): Promise<string[]> {
  const findings = [...story.findings];
  for (const system of story.systems) {
    if (system.row === null) continue;
    const { board } = system.server;
    const { rows } = await pool.query<Row>(
      `select entity_id, generation_desired, generation_applied, target_outcome(t) as outcome from target t where system_id = $1`,
      [system.row.id],
    );
    const things = thingsOf(story, system);
    const rowOf = new Map(rows.map((row) => [row.entity_id, row]));
    for (const id of rowOf.keys())
      if (!things.some((thing) => thing.id === id))
        findings.push(`${system.name} has a target ${id} that is none of its`);
    for (const thing of things) {
      const [name, row] = [String(thing.id), rowOf.get(thing.id)];
      const [is, wanted] = [board.stateOf(name), wantedOf(thing)];
      const told = board.told(name);
      if (row === undefined) findings.push(`${system.name} has no target for ${thing.id}`);
      else if (row.outcome !== 'confirmed') findings.push(`${thing.id} in ${system.name} is ${row.outcome}`);
      if (is !== wanted)
        findings.push(`${thing.id} in ${system.name} is ${is}, and should be ${wanted}: ${JSON.stringify(told)}`);
      const transitions = system.wanted.get(thing)?.length ?? 0;
      const late = told.filter(({ isLate }) => isLate).length;
      // What acts late may undo what is right, and is then undone itself.
      const most = transitions + 2 * late;
      if (board.effectsOf(name) > most)
        findings.push(
          `${thing.id} in ${system.name} was switched ${board.effectsOf(name)} times for ${transitions} transitions and ${late} late requests: ${JSON.stringify(told)}`,
        );
      if (late === 0 && told.some(({ isNeedless }) => isNeedless))
        findings.push(`${thing.id} in ${system.name} was told again what it had confirmed: ${JSON.stringify(told)}`);
    }
    findings.push(...(await judgeReceipts(pool, system.row.id)));
  }
  return findings;
}

/** Whatever a sweep reached is confirmed or open under it, or was taken over by a later one. */
async function judgeReceipts(pool: Installation['pool'], system: number): Promise<string[]> {
  const { rows } = await pool.query<{ revision: number; targets: number; sum: number; open: number }>(
    `select c.revision, c.targets, c.passed_confirmed + c.passed_open + count(t)::integer as sum, count(t) filter (where
        t.generation_applied < t.generation_desired)::integer as open
      from sweep_count c left join target t on t.system_id = c.system_id and t.generation_desired = c.revision
      where c.system_id = $1 group by c.revision, c.targets, c.passed_confirmed, c.passed_open`,
    [system],
  );
  return rows
    .filter(({ targets, sum, open }) => targets !== sum || open > 0)
    .map((row) => `the receipt of ${row.revision} does not add up: ${JSON.stringify(row)}`);
}
