/** Downstream systems: their settings, sealed credentials, pace and state. */
import { sql } from 'kysely';

import type { Json, Values } from '#core/field.ts';
import type { DriftMode } from '#core/system-body.ts';
import type { Pace, SystemKindName } from '#core/system-kind.ts';
import type { Session } from '#store/database.ts';
import { type SealingKey, open, seal } from '#store/sealing.ts';

export interface SystemRow {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly kind: SystemKindName;
  readonly account_id: number;
  readonly settings: Values;
  readonly secrets_sealed: Buffer | null;
  readonly concurrency: number;
  readonly rate: number | null;
  readonly timeout_ms: number;
  readonly flight_max_ms: number;
  readonly retry_min_ms: number;
  readonly retry_max_ms: number;
  readonly breaker_failures: number;
  readonly breaker_open_ms: number;
  readonly drift: DriftMode;
  readonly drift_every_ms: number;
  readonly drift_after: number | null;
  readonly drift_due_at: Date | null;
  readonly paused_at: Date | null;
  readonly paused_by: string | null;
  readonly pause_note: string | null;
  readonly failures: number;
  readonly open_until: Date | null;
  readonly last_problem: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The last change before it was made. */
  readonly after_revision: number;
}

/** What an operator decides of a system. */
export interface NewSystem extends Pace {
  readonly name: string;
  readonly kind: SystemKindName;
  readonly accountId: number;
  readonly settings: Values;
  readonly secrets: Values;
  readonly drift: DriftMode;
}

export function listSystems(session: Session): Promise<SystemRow[]> {
  return session.rows(sql<SystemRow>`select * from system order by name`);
}

/** How many systems an account itself has. */
export async function countSystems(session: Session, accountId: number): Promise<number> {
  const row = await session.row(
    sql<{ count: number }>`select count(*) as count from system where account_id = ${accountId}`,
  );
  return row?.count ?? 0;
}

/** By name, or by UUID. */
export function findSystem(session: Session, nameOrUuid: string): Promise<SystemRow | null> {
  return session.row(sql<SystemRow>`select * from system where name = ${nameOrUuid} or uuid::text = ${nameOrUuid}`);
}

/** Locks it for a change. The reader of the log, which only keeps systems from being removed, goes on meanwhile. */
export function lockSystem(session: Session, uuid: string): Promise<SystemRow | null> {
  return session.row(sql<SystemRow>`select * from system where uuid = ${uuid}::uuid for no key update`);
}

/** Inserts a system with a slot for each request that may run at once. */
export async function insertSystem(session: Session, key: SealingKey, system: NewSystem): Promise<SystemRow> {
  const inserted = await session.row(
    sql<SystemRow>`insert into system (name, kind, account_id, settings, ${paceColumns}, drift, after_revision)
      values (${system.name}, ${system.kind}, ${system.accountId}, ${JSON.stringify(system.settings)}, ${paceValues(system)}, ${system.drift},
        (select revision from change_counter))
      returning *`,
  );
  if (inserted === null) throw new Error('the insertion of a system gave no row');
  await fitSlots(session, inserted.id, system.concurrency);
  return writeSecrets(session, key, inserted, system.secrets);
}

/** Replaces all that an operator decides; name, kind and account stay. */
export async function updateSystem(
  session: Session,
  key: SealingKey,
  row: SystemRow,
  system: Omit<NewSystem, 'name' | 'kind' | 'accountId'>,
): Promise<SystemRow> {
  const updated = await session.row(
    sql<SystemRow>`update system set settings = ${JSON.stringify(system.settings)}, (${paceColumns}) = row (${paceValues(system)}),
      drift = ${system.drift}, drift_due_at = null, drift_after = null, version = version + 1, updated_at = now()
      where id = ${row.id} returning *`,
  );
  if (updated === null) throw new Error('the system is gone though it was locked');
  await fitSlots(session, row.id, system.concurrency);
  return writeSecrets(session, key, updated, system.secrets);
}

/** Stops sending for a time, or goes on. */
export async function pauseSystem(
  session: Session,
  id: number,
  pause: { readonly by: string; readonly note: string | null } | null,
): Promise<SystemRow | null> {
  return session.row(
    pause === null
      ? sql<SystemRow>`update system set paused_at = null, paused_by = null, pause_note = null, open_until = null, failures = 0,
          version = version + 1, updated_at = now() where id = ${id} returning *`
      : sql<SystemRow>`update system set paused_at = now(), paused_by = ${pause.by}, pause_note = ${pause.note},
          version = version + 1, updated_at = now() where id = ${id} returning *`,
  );
}

/** Removes a system with its targets, slots and counts. */
export async function removeSystem(session: Session, id: number): Promise<void> {
  await session.rows(sql`delete from system where id = ${id}`);
}

/** The credentials of a system. Throws `SealError`. */
export function openSecrets(key: SealingKey, row: SystemRow): Values {
  if (row.secrets_sealed === null) return {};
  return JSON.parse(open(key, placeOf(row), row.secrets_sealed)) as Values; // Written below alone.
}

async function writeSecrets(session: Session, key: SealingKey, row: SystemRow, secrets: Values): Promise<SystemRow> {
  const isEmpty = Object.values(secrets).every((value: Json) => value === null);
  const sealed = isEmpty ? null : seal(key, placeOf(row), JSON.stringify(secrets));
  const written = await session.row(
    sql<SystemRow>`update system set secrets_sealed = ${sealed} where id = ${row.id} returning *`,
  );
  if (written === null) throw new Error('the system is gone though it was written');
  return written;
}

function placeOf(row: SystemRow) {
  return { table: 'system', column: 'secrets_sealed', row: row.uuid };
}

async function fitSlots(session: Session, id: number, concurrency: number): Promise<void> {
  await session.rows(sql`delete from system_slot where system_id = ${id} and slot >= ${concurrency}`);
  await session.rows(sql`insert into system_slot (system_id, slot) select ${id}, n from generate_series(0, ${concurrency} - 1) n
    on conflict do nothing`);
}

const paceColumns = sql`concurrency, rate, timeout_ms, flight_max_ms, retry_min_ms, retry_max_ms, breaker_failures, breaker_open_ms, drift_every_ms`;

function paceValues(pace: Pace) {
  return sql`${pace.concurrency}::integer, ${pace.rate}::float8, ${pace.timeoutMs}::integer, ${pace.flightMaxMs}::integer,
    ${pace.retryMinMs}::integer, ${pace.retryMaxMs}::integer, ${pace.breakerFailures}::integer, ${pace.breakerOpenMs}::integer, ${pace.driftEveryMs}::bigint`;
}
