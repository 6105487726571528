/** What is generated and checked in equals what the code gives: the OpenAPI document, and the schema of the database. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { migrate } from '#store/migrate.ts';
import { testDatabase } from '#test/database.ts';
import { assertGolden } from '#test/golden.ts';

import { OPENAPI_FILE, openApiText } from '../scripts/openapi.ts';
import { SCHEMA_FILE, dumpSchema } from '../scripts/schema-dump.ts';

test('docs/openapi.json is the document that the code gives', async () => {
  await assertGolden(OPENAPI_FILE, await openApiText());
});

test('the document refers to nothing that is not in it', async () => {
  const text = await openApiText();
  const document = JSON.parse(text) as { components: { schemas: Record<string, unknown> } };
  const referred = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] ?? ''));
  assert.deepEqual(
    [...referred].filter((name) => !(name in document.components.schemas)),
    [],
  );
  assert.deepEqual(
    Object.keys(document.components.schemas).filter((name) => !referred.has(name)),
    [],
    'and has nothing that it does not refer to',
  );
});

test('db/schema.sql is what the migrations make of an empty database', async (t) => {
  const { pool } = await testDatabase(t, { empty: true });
  assert.ok((await migrate(pool)) > 0);
  await assertGolden(SCHEMA_FILE, await dumpSchema(pool));
});
