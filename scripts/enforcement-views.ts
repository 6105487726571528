/** The views of schema `enforce` as a document: what each server reads, column by column, from the comments in the database. */
import type pg from 'pg';

export const VIEWS_FILE = new URL('../docs/enforcement-views.md', import.meta.url);

const HEAD = `# What the servers read

Made from the comments in the database by \`UPDATE_GOLDEN=1 npm run golden\`. Each kind of server has a role
\`abeyance_<server>\`, which may read the views and call the functions that begin with its name, call
\`restrictions(entity)\` and \`enforce.refusal(entity, action)\`, and nothing else. Columns are only ever added, at the end.
`;

const VIEWS = `
  select c.oid, split_part(c.relname, '_', 1) as server, c.relname as name, obj_description(c.oid, 'pg_class') as comment
  from pg_class c where c.relnamespace = 'enforce'::regnamespace and c.relkind in ('v', 'r', 'm')
  order by 2, c.relname collate "C"`;
const COLUMNS = `
  select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, col_description(a.attrelid, a.attnum) as comment
  from pg_attribute a where a.attrelid = $1 and a.attnum > 0 order by a.attnum`;
const FUNCTIONS = `
  select split_part(f.proname, '_', 1) as server, f.oid::regprocedure::text as name, obj_description(f.oid, 'pg_proc') as comment
  from pg_proc f where f.pronamespace = 'enforce'::regnamespace order by f.proname collate "C"`;

interface Described {
  readonly server: string;
  readonly name: string;
  readonly comment: string | null;
}

/** The document. Throws for a view, a column or a function that says nothing of itself. */
export async function enforcementViewsText(pool: pg.Pool): Promise<string> {
  const { rows: views } = await pool.query<Described & { oid: number }>(VIEWS);
  const { rows: functions } = await pool.query<Described>(FUNCTIONS);
  const servers = [...new Set(views.map(({ server }) => server))].toSorted();
  const parts = [HEAD];
  for (const server of servers) {
    parts.push(`## ${server}\n`);
    for (const view of views.filter((one) => one.server === server)) {
      const { rows: columns } = await pool.query<Described & { type: string }>(COLUMNS, [view.oid]);
      parts.push(`### ${view.name}\n`, `${said(view.name, view.comment)}\n`);
      parts.push(
        [
          '| column | type | what it is |',
          '| --- | --- | --- |',
          ...columns.map(
            ({ name, type, comment }) =>
              `| \`${name}\` | ${type} | ${said(`${view.name}.${name}`, comment).replaceAll('|', '\\|')} |`,
          ),
          '',
        ].join('\n'),
      );
    }
    const own = functions.filter((one) => one.server === server);
    if (own.length > 0) parts.push(`${functionList(own)}\n`);
  }
  parts.push('## Functions for all\n');
  parts.push(`${functionList(functions.filter(({ server }) => !servers.includes(server)))}\n`);
  return parts.join('\n');
}

function functionList(functions: readonly Described[]): string {
  return functions.map(({ name, comment }) => `- \`${name}\`: ${said(name, comment)}`).join('\n');
}

function said(name: string, comment: string | null): string {
  if (comment === null) throw new Error(`${name} has no comment`);
  return comment;
}
