/** The roles by which servers on the network read schema `enforce`: what they are, what they may, how they sign in. */
import { sql } from 'kysely';
import pg from 'pg';

import type { Session } from '#store/database.ts';

/** The name of the role of a kind of server. */
export function readerName(server: string): string {
  return `abeyance_${server}`;
}

/** Whether the database has the schema that servers read. */
export async function hasEnforceSchema(session: Session): Promise<boolean> {
  const row = await session.row(sql<{ found: boolean }>`select to_regproc('enforce.admit') is not null as found`);
  return row?.found ?? false;
}

/** Makes the role where it is missing and grants it what is its. Answers whether the role is there. */
export async function admitReader(session: Session, server: string): Promise<boolean> {
  const row = await session.row(sql<{ admitted: boolean }>`select enforce.admit(${server}) as admitted`);
  return row?.admitted ?? false;
}

/** Sets what PostgreSQL keeps of a role's password: a verifier (RFC 5803), never the password. */
export async function setReaderVerifier(session: Session, server: string, verifier: string): Promise<void> {
  const role = pg.escapeIdentifier(readerName(server));
  await session.rows(sql`${sql.raw(`alter role ${role} password ${pg.escapeLiteral(verifier)}`)}`);
}

export interface Connected {
  /** As whom this session is connected. */
  readonly user: string;
  /** Major version of the server. */
  readonly major: number;
}

export async function whoIsConnected(session: Session): Promise<Connected> {
  const row = await session.row(
    sql<Connected>`select current_user as user, current_setting('server_version_num')::integer / 10000 as major`,
  );
  if (row === null) throw new Error('a select without a table gave no row');
  return row;
}

export interface Reader {
  readonly canLogIn: boolean;
  /** More than a reader may be: superuser, may make roles or databases, replicates, passes over row security. */
  readonly powers: readonly string[];
  /** Settings as `name=value`. */
  readonly settings: readonly string[];
  /** Roles of which it is a member. */
  readonly memberOf: readonly string[];
}

/** The role of a kind of server, or null where it is missing. */
export function findReader(session: Session, server: string): Promise<Reader | null> {
  return session.row(
    sql<Reader>`select rolcanlogin as "canLogIn", coalesce(rolconfig, '{}') as settings,
        array_remove(array[case when rolsuper then 'superuser' end, case when rolcreaterole then 'createrole' end,
          case when rolcreatedb then 'createdb' end, case when rolreplication then 'replication' end,
          case when rolbypassrls then 'bypassrls' end], null) as powers,
        array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
          where m.member = r.oid) as "memberOf"
      from pg_roles r where rolname = ${readerName(server)}`,
  );
}

/** The views of the server in `enforce`, and its functions as `name()`, and whether its role may use each. */
export function listReaderThings(
  session: Session,
  server: string,
): Promise<{ readonly name: string; readonly readable: boolean }[]> {
  return session.rows(
    sql<{ name: string; readable: boolean }>`
      select c.relname::text as name, has_table_privilege(${readerName(server)}, c.oid, 'select') as readable
      from pg_class c
      where c.relnamespace = 'enforce'::regnamespace and c.relkind in ('v', 'm', 'r')
        and starts_with(c.relname, ${`${server}_`})
      union
      select f.proname || '()', has_function_privilege(${readerName(server)}, f.oid, 'execute')
      from pg_proc f
      where (f.pronamespace = 'enforce'::regnamespace
          and (starts_with(f.proname, ${`${server}_`}) or f.proname = 'refusal'))
        or f.oid = to_regprocedure('restrictions(bigint)')
      order by 1`,
  );
}

/** What the role may do in this database beyond its own views and functions, each in a few words; at most 20. */
export async function listForeignRights(session: Session, server: string): Promise<string[]> {
  const role = readerName(server);
  const rows = await session.rows(
    sql<{ right: string }>`
      select p.privilege || ' on ' || n.nspname || '.' || c.relname as right
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
        cross join (values ('select'), ('insert'), ('update'), ('delete'), ('truncate')) p (privilege)
      where c.relkind in ('r', 'v', 'm', 'p', 'f') and n.nspname not in ('pg_catalog', 'information_schema')
        and n.nspname not like 'pg\\_%'
        and has_table_privilege(${role}, c.oid, p.privilege)
        and not (n.nspname = 'enforce' and starts_with(c.relname, ${`${server}_`}))
      union all
      select 'create in schema ' || n.nspname from pg_namespace n
      where n.nspname not like 'pg\\_%' and has_schema_privilege(${role}, n.oid, 'create')
      union all
      select 'create in the database' where has_database_privilege(${role}, current_database(), 'create')
      order by 1 limit 20`,
  );
  return rows.map(({ right }) => right);
}
