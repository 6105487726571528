/** docs/personal-data.md against the catalogue of the database and the fields of the kinds, both ways. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';

import { columnOf } from '#core/field.ts';
import { KIND_FIELDS } from '#core/kind-fields.ts';
import { type Cleanup, testDatabase } from '#test/database.ts';

const cleanup: Cleanup = { after: (work) => after(work) };
const here = await testDatabase(cleanup);
const text = await readFile(new URL('../docs/personal-data.md', import.meta.url), 'utf8');
const CLASSES = new Set(['none', 'personal', 'secret', 'pseudonymous']);

/** `table.column` with its class. */
function documented(): Map<string, string> {
  const found = new Map<string, string>();
  let table = '';
  for (const line of text.split('\n')) {
    table = /^### (\w+)$/.exec(line)?.[1] ?? table;
    const cells = line.split(' | ').map((cell) => cell.replace(/^\| |\s*\|$/g, ''));
    const column = /^`(\w+)`$/.exec(cells[0] ?? '')?.[1];
    if (table === '' || column === undefined) continue;
    assert.equal(
      cells.length,
      5,
      `${table}.${column} tells class, what it is, how long it is kept, and what erasing does`,
    );
    assert.ok(
      cells.every((cell) => cell.trim() !== ''),
      `${table}.${column} has no empty cell`,
    );
    assert.ok(!found.has(`${table}.${column}`), `${table}.${column} is told once`);
    found.set(`${table}.${column}`, cells[1] ?? '');
  }
  return found;
}

test('every column of every table is documented, and nothing else', async () => {
  const { rows } = await here.pool.query<{ name: string }>(
    `select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and a.attnum > 0 and not a.attisdropped order by 1`,
  );
  assert.ok(rows.length > 300);
  assert.deepEqual([...documented().keys()].sort(), rows.map((row) => row.name).sort());
});

test('the classes are those that there are, and those of the fields of kinds', () => {
  const found = documented();
  for (const [name, of] of found) assert.ok(CLASSES.has(of), `${name}: ${of}`);
  for (const [kind, fields] of Object.entries(KIND_FIELDS))
    for (const [name, field] of Object.entries(fields)) {
      const wanted = field.secret
        ? 'secret'
        : field.personal
          ? 'personal'
          : field.type === 'reference'
            ? 'pseudonymous'
            : 'none';
      assert.equal(found.get(`${kind}.${columnOf(name, field)}`), wanted, `${kind}.${name}`);
    }
});
