/**
 * The schema of a migrated database as readable SQL, made from the catalogues: what `db/schema.sql` has.
 *
 * It is for readers and for comparison; databases are made by the migrations alone.
 */
import type pg from 'pg';

export const SCHEMA_FILE = new URL('../db/schema.sql', import.meta.url);

const HEAD =
  '-- What the migrations make of an empty database. Written by UPDATE_GOLDEN=1 npm run golden; never run.\n';

/** Partitions belong to a range of revisions, not to the schema; only the default one is always there. */
const RELATIONS = `
  select c.oid, c.relname as name, c.relkind as kind, c.oid::regclass::text as quoted, obj_description(c.oid, 'pg_class') as comment,
    case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key,
    case when c.relispartition then (select quote_ident(p.relname) from pg_inherits i join pg_class p on p.oid = i.inhparent where i.inhrelid = c.oid) end as parent,
    pg_get_expr(c.relpartbound, c.oid) as bound,
    case when c.relkind = 'v' then pg_get_viewdef(c.oid, true) end as view
  from pg_class c
  where c.relnamespace::regnamespace::text in ('public', 'enforce') and c.relkind in ('r', 'p', 'v')
    and (not c.relispartition or pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT')
  order by c.relnamespace::regnamespace::text desc, c.relname collate "C"`;

/** What others than the owner may do: all of it, so that a grant too many is seen. */
const GRANTS = `
  select definition from (select 'grant ' || lower(a.privilege_type) || ' on ' || g.thing || ' to '
    || case when a.grantee = 0 then 'public' else a.grantee::regrole::text end || ';' as definition
  from (
    select 'schema ' || n.nspname as thing, n.nspacl as acl, n.nspowner as owner from pg_namespace n where n.nspname = 'enforce'
    union all
    select c.oid::regclass::text, c.relacl, c.relowner from pg_class c
    where c.relnamespace::regnamespace::text in ('public', 'enforce') and c.relkind in ('r', 'p', 'v', 'S')
    union all
    select 'function ' || f.oid::regprocedure, coalesce(f.proacl, acldefault('f', f.proowner)), f.proowner from pg_proc f
    where f.pronamespace::regnamespace::text in ('public', 'enforce')
  ) g cross join lateral aclexplode(g.acl) a
  where a.grantee <> g.owner) granted order by definition collate "C"`;

const COLUMNS = `
  select quote_ident(a.attname) as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
    pg_get_expr(d.adbin, d.adrelid) as "default", a.attidentity as identity, col_description(a.attrelid, a.attnum) as comment
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`;

/** Not-null constraints are told with their columns; newer servers list them here, too. */
const CONSTRAINTS = `
  select quote_ident(conname) as name, pg_get_constraintdef(oid) as definition from pg_constraint
  where conrelid = $1 and contype <> 'n' order by array_position(array['p', 'u', 'f', 'c', 'x'], contype::text), conname collate "C"`;

const INDEXES = `
  select pg_get_indexdef(i.indexrelid) as definition from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indrelid = $1 and not exists (select from pg_constraint where conindid = i.indexrelid) order by c.relname collate "C"`;

const SEQUENCE = `
  select s.seqmin::text as min, s.seqstart::text as start
  from pg_sequence s join pg_depend d on d.objid = s.seqrelid and d.deptype = 'i' where d.refobjid = $1`;

const TRIGGERS = `
  select pg_get_triggerdef(oid, true) as definition from pg_trigger where tgrelid = $1 and not tgisinternal order by tgname collate "C"`;

const FUNCTIONS = `
  select pg_get_functiondef(p.oid) as definition, obj_description(p.oid, 'pg_proc') as comment, p.oid::regprocedure::text as signature
  from pg_proc p where p.pronamespace::regnamespace::text in ('public', 'enforce')
    and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  order by p.pronamespace::regnamespace::text desc, p.proname collate "C", 3`;

interface Relation {
  readonly oid: number;
  readonly kind: 'r' | 'p' | 'v';
  readonly quoted: string;
  readonly comment: string | null;
  readonly partition_key: string | null;
  readonly parent: string | null;
  readonly bound: string | null;
  readonly view: string | null;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default: string | null;
  readonly identity: '' | 'a' | 'd';
  readonly comment: string | null;
}

/** Dumps tables, views and functions of the schemas `public` and `enforce`, each kind in the order of names, and who may use them. */
export async function dumpSchema(pool: pg.Pool): Promise<string> {
  const parts = [HEAD];
  const { rows: relations } = await pool.query<Relation>(RELATIONS);
  for (const relation of relations) parts.push(await dumpRelation(pool, relation));
  const { rows: functions } = await pool.query<{ definition: string; comment: string | null; signature: string }>(
    FUNCTIONS,
  );
  for (const { definition, comment, signature } of functions)
    parts.push(
      `${definition.trim()};\n${comment === null ? '' : `comment on function ${signature} is ${literal(comment)};\n`}`,
    );
  const { rows: schemas } = await pool.query<{ comment: string }>(
    `select obj_description(oid, 'pg_namespace') as comment from pg_namespace where nspname = 'enforce'`,
  );
  for (const { comment } of schemas) parts.push(`comment on schema enforce is ${literal(comment)};\n`);
  const { rows: grants } = await pool.query<{ definition: string }>(GRANTS);
  parts.push(`${grants.map(({ definition }) => definition).join('\n')}\n`);
  return parts.join('\n');
}

async function dumpRelation(pool: pg.Pool, relation: Relation): Promise<string> {
  const { oid, quoted, comment, parent, bound, view } = relation;
  const lines: string[] = [];
  const { rows: columns } = await pool.query<Column>(COLUMNS, [oid]);
  if (view !== null) lines.push(`create view ${quoted} as\n${view.trim()}`);
  else if (parent === null) lines.push(await createTable(pool, relation, columns));
  else lines.push(`create table ${quoted} partition of ${parent} ${String(bound).toLowerCase()};`);
  if (comment !== null) lines.push(`comment on table ${quoted} is ${literal(comment)};`);
  if (parent === null) {
    for (const column of columns)
      if (column.comment !== null)
        lines.push(`comment on column ${quoted}.${column.name} is ${literal(column.comment)};`);
    lines.push(...(await definitions(pool, INDEXES, oid)));
  }
  lines.push(...(await definitions(pool, TRIGGERS, oid)));
  return `${lines.join('\n')}\n`;
}

async function createTable(
  pool: pg.Pool,
  { oid, quoted, partition_key: key }: Relation,
  columns: readonly Column[],
): Promise<string> {
  const { rows: constraints } = await pool.query<{ name: string; definition: string }>(CONSTRAINTS, [oid]);
  const { rows: sequences } = await pool.query<{ min: string; start: string }>(SEQUENCE, [oid]);
  const body = [
    ...columns.map((column) => `  ${columnText(column, sequences[0])}`),
    ...constraints.map(({ name, definition }) => `  constraint ${name} ${definition}`),
  ];
  return `create table ${quoted} (\n${body.join(',\n')}\n)${key === null ? '' : ` partition by ${key}`};`;
}

function columnText(
  { name, type, required, default: value, identity }: Column,
  sequence: { min: string; start: string } | undefined,
): string {
  const generated = { a: 'always', d: 'by default', '': null }[identity];
  return [
    `${name} ${type}`,
    ...(required ? ['not null'] : []),
    ...(value === null ? [] : [`default ${value}`]),
    ...(generated === null
      ? []
      : [`generated ${generated} as identity (minvalue ${sequence?.min} start ${sequence?.start})`]),
  ].join(' ');
}

async function definitions(pool: pg.Pool, query: string, oid: number): Promise<string[]> {
  const { rows } = await pool.query<{ definition: string }>(query, [oid]);
  return rows.map(({ definition }) => `${definition};`);
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
