/** What a login may do now, with all that bears on it, in one look. */
import { sql } from 'kysely';
import pg from 'pg';

import type { Authority, Subject } from '#core/authority.ts';
import type { Session } from '#store/database.ts';

/** A credential that was verified: which login, by which key or session, acting as which account. */
export interface CredentialRef {
  readonly login: string;
  readonly key: string | null;
  readonly session: string | null;
  readonly actAs: number | null;
}

export interface ActorRow {
  readonly name: string;
  readonly version: number;
  readonly enabled: boolean;
  readonly role: string;
  /** The patterns of a role of the account's own making, or of an account above. */
  readonly role_permissions: string[] | null;
  readonly role_subject: Subject | null;
  /** Whether the key or the session still counts. */
  readonly credential_ok: boolean;
  /** When the key or the session runs out. */
  readonly expires_at: Date | null;
  /** What the key is narrowed to; null: to nothing less than the role. */
  readonly scopes: string[] | null;
  readonly own_account: number;
  readonly own_line: number[];
  readonly denied: number;
  readonly closed: boolean;
  /** Whether nothing holds its account but what that can lift by itself. */
  readonly held_by_itself: boolean;
  /** Null: the account to act as does not lie beneath its own. */
  readonly acts_as: number | null;
  readonly level: Authority | null;
  /** Whether a reseller on the line may not create anything. */
  readonly inactive_reseller: boolean;
}

/** How long a session may be silent. */
export const SESSION_IDLE_MINUTES = 30;

/** The look as a statement without parameters, for the round trip that begins a transaction. */
export function actorStatement({ login, key, session, actAs }: CredentialRef): string {
  const uuid = (value: string | null) => (value === null ? 'null' : `${pg.escapeLiteral(value)}::uuid`);
  const act = actAs === null ? 'null' : `${Math.trunc(actAs)}::bigint`;
  return `select * from actor_facts(${uuid(login)}, ${uuid(key)}, ${uuid(session)}, ${act},
    interval '${SESSION_IDLE_MINUTES} minutes') where name is not null`;
}

/** What the login of a credential may do now; null when there is no such login. */
export function findActor(session: Session, credential: CredentialRef): Promise<ActorRow | null> {
  return session.row(sql<ActorRow>`${sql.raw(actorStatement(credential))}`);
}
