/**
 * Profiles as rows: the current version of each, and every version that was.
 */
import { sql } from 'kysely';

import { actionsIn, maskOf } from '#core/action.ts';
import type { ProfileBody } from '#core/profile.ts';
import type { Session } from '#store/database.ts';
import type { Transaction } from '#store/transaction.ts';

export interface Profile extends ProfileBody {
  readonly name: string;
  readonly version: number;
  readonly builtin: boolean;
  readonly updatedAt: string;
}

interface Row {
  readonly name: string;
  readonly version: number;
  readonly builtin: boolean;
  readonly description: string;
  readonly severity: number;
  readonly denied: number;
  readonly intercepted: number;
  readonly sip_code: number;
  readonly http_code: number;
  readonly refusal_text: string;
  readonly announcement: string | null;
  readonly sessions: ProfileBody['sessions'];
  readonly systems: ProfileBody['systems'];
  readonly legal_override: ProfileBody['legalOverride'];
  readonly updated_at: Date;
}

function asProfile(row: Row): Profile {
  return {
    name: row.name,
    version: row.version,
    builtin: row.builtin,
    description: row.description,
    severity: row.severity,
    denied: actionsIn(row.denied),
    intercepted: actionsIn(row.intercepted),
    refusal: { sip: row.sip_code, http: row.http_code, text: row.refusal_text, announcement: row.announcement },
    sessions: row.sessions,
    systems: row.systems,
    legalOverride: row.legal_override,
    updatedAt: row.updated_at.toISOString(),
  };
}

export async function listProfiles(session: Session): Promise<Profile[]> {
  return (await session.rows(sql<Row>`select * from profile order by name`)).map(asProfile);
}

export async function findProfile(session: Session, name: string): Promise<Profile | null> {
  const row = await session.row(sql<Row>`select * from profile where name = ${name}`);
  return row === null ? null : asProfile(row);
}

/** Locks a profile against editing by others until the transaction ends. */
export async function lockProfile(transaction: Transaction, name: string): Promise<Profile | null> {
  const row = await transaction.row(sql<Row>`select * from profile where name = ${name} for update`);
  return row === null ? null : asProfile(row);
}

/** Writes a profile as its next version. */
export async function writeProfile(
  transaction: Transaction,
  name: string,
  body: ProfileBody,
  options: { readonly builtin: boolean; readonly actor: string },
): Promise<Profile> {
  const row = await transaction.row(
    sql<Row>`insert into profile (name, builtin, description, severity, denied, intercepted, sip_code, http_code,
        refusal_text, announcement, sessions, systems, legal_override)
      values (${name}, ${options.builtin}, ${body.description}, ${body.severity}, ${maskOf(body.denied)}, ${maskOf(body.intercepted)},
        ${body.refusal.sip}, ${body.refusal.http}, ${body.refusal.text}, ${body.refusal.announcement}, ${body.sessions},
        ${JSON.stringify(body.systems)}::jsonb, ${body.legalOverride === null ? null : JSON.stringify(body.legalOverride)}::jsonb)
      on conflict (name) do update set version = profile.version + 1, description = excluded.description,
        severity = excluded.severity, denied = excluded.denied, intercepted = excluded.intercepted,
        sip_code = excluded.sip_code, http_code = excluded.http_code, refusal_text = excluded.refusal_text,
        announcement = excluded.announcement, sessions = excluded.sessions, systems = excluded.systems,
        legal_override = excluded.legal_override, updated_at = now()
      returning *`,
  );
  if (row === null) throw new Error('insert gave no row');
  await transaction.rows(
    sql`insert into profile_version (name, version, body, changed_by)
      values (${name}, (select coalesce(max(version), 0) + 1 from profile_version where name = ${name}), ${JSON.stringify(body)}::jsonb, ${options.actor})`,
  );
  return asProfile(row);
}

export async function deleteProfile(transaction: Transaction, name: string): Promise<void> {
  await transaction.rows(sql`delete from profile where name = ${name}`);
}

/** How many holds name the profile: those that have not ended, and those that have. */
export async function countProfileHolds(session: Session, name: string): Promise<{ open: number; ended: number }> {
  const row = await session.row(
    sql<{ open: number; ended: number }>`select count(*) filter (where ended_at is null) as open,
      count(*) filter (where ended_at is not null) as ended from hold where profile = ${name}`,
  );
  return row ?? { open: 0, ended: 0 };
}

/** The entities on which a hold of the profile is in force. */
export async function entitiesHeldBy(session: Session, name: string, limit: number): Promise<number[]> {
  const rows = await session.rows(
    sql<{ entity_id: number }>`select distinct entity_id from hold
      where profile = ${name} and activated_at is not null and ended_at is null limit ${limit}`,
  );
  return rows.map((row) => row.entity_id);
}

/** Profiles whose legal override has run out. */
export async function listLapsedOverrides(session: Session, now: Date): Promise<Profile[]> {
  const rows = await session.rows(
    sql<Row>`select * from profile where (legal_override ->> 'expiresAt')::timestamptz <= ${now}`,
  );
  return rows.map(asProfile);
}
