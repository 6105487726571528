/** Retention: old spans of the log go into files that prove themselves, ended holds and kept answers go for good. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';

import { pino } from 'pino';

import { archiveChanges } from '#main/archive-changes.ts';
import { Maintenance } from '#main/maintenance.ts';
import { makeOutsideRecords } from '#main/outside-records.ts';
import { readPastEntity, readPastStanding } from '#operations/as-of/read-past.ts';
import { type OperationContext, platformActor } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { listChanges } from '#operations/list-changes.ts';
import { placeHold } from '#operations/place-hold.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { ensurePartitions } from '#store/partition.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { findingsOf, headOf } from '#test/outcomes.ts';

const SPAN = 20;
const here = await testInstallation({ after: (work) => after(work) });
const folder = await mkdtemp(join(tmpdir(), 'abeyance-retention-'));
after(() => rm(folder, { recursive: true, force: true }));
const context: OperationContext = { ...here.context, outside: makeOutsideRecords(here.context, folder) };
const future = () => new Date(Date.now() + 60_000);
const CLERK = platformActor('login:clerk', { face: 'native', address: '192.0.2.1', reason: 'a letter' });

// Partitions of a few revisions instead of ten million.
await here.pool.query('create table kept as select * from change');
for (const { name } of (
  await here.pool.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'change'::regclass`,
  )
).rows)
  if (name !== 'change_default') await here.pool.query(`drop table ${name}`);
await ensurePartitions(here.session, SPAN);
await here.pool.query('insert into change select * from kept');
await here.pool.query('drop table kept');

const firm = (await createEntity(context, CLERK, { kind: 'account', name: 'Firm', email: 'old@firm.example' })).value;

async function fillUpTo(revision: number): Promise<void> {
  while ((await headOf(here)) < revision) {
    await updateEntity(context, CLERK, firm.id, { city: `City ${await headOf(here)}` });
    await ensurePartitions(here.session, SPAN);
  }
}

const details = async () => (await findingsOf({ ...here, context })).map((finding) => finding.detail);
const archives = () => readdir(join(folder, 'archive')).then((names) => names.sort());

test('full spans that are old enough go into files, with a record, and the rest still proves itself', async () => {
  await fillUpTo(SPAN + 5);
  assert.deepEqual(await archiveChanges(context, folder, new Date(0)), [], 'nothing is that old');
  const { rows: before } = await here.pool.query('select * from change where revision < $1 order by revision', [SPAN]);
  const { rows: epoch } = await here.pool.query<{ epoch: string }>('select epoch from change_counter');
  assert.deepEqual(
    await archiveChanges(context, folder, future()),
    [`changes-1-${SPAN - 1}.jsonl.gz`],
    'the one that is full',
  );
  const file = join(folder, 'archive', `changes-1-${SPAN - 1}.jsonl.gz`);
  const lines = gunzipSync(await readFile(file))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    [lines[0].first, lines[0].last, lines[0].count, lines[0].epoch],
    [1, SPAN - 1, SPAN - 1, epoch[0]?.epoch],
  );
  assert.deepEqual(
    lines.slice(1).map(({ revision, actor, kind, facts }) => ({ revision, actor, kind, facts })),
    before.map(({ revision, actor, kind, facts }) => ({ revision, actor, kind, facts })),
  );
  assert.ok(
    !lines.some((line) => JSON.stringify(line).includes('old@firm.example')),
    'personal values are not archived',
  );
  const { rows: left } = await here.pool.query(
    'select min(revision) as first, (select min(revision) from change_personal) as personal, to_regclass($1) as partition from change',
    ['change_from_0'],
  );
  assert.deepEqual(left, [{ first: SPAN, personal: SPAN, partition: null }]);
  const kept = await here.pool.query(`select from request_personal`);
  assert.ok((kept.rowCount ?? 0) > 0, 'what requests of kept changes said stays');
  assert.deepEqual(await details(), []);
  const { items } = await listChanges(context, ADMIN, {});
  assert.equal(items[0]?.revision, SPAN);
  assert.equal(items.at(-1)?.kind, 'changes.archived');
  await assert.rejects(listChanges(context, ADMIN, { after: `${epoch[0]?.epoch}:3` }), { code: 'conflict' });
  await fillUpTo(3 * SPAN + 2);
  assert.deepEqual(await archiveChanges(context, folder, future()), [
    `changes-${SPAN}-${2 * SPAN - 1}.jsonl.gz`,
    `changes-${2 * SPAN}-${3 * SPAN - 1}.jsonl.gz`,
  ]);
  assert.deepEqual(await details(), []);
});

test('what was before the log that is kept is refused in so many words', async () => {
  await assert.rejects(readPastEntity(context, ADMIN, firm.id, '4'), { code: 'conflict' });
  await assert.rejects(readPastStanding(context, ADMIN, firm.id, '2001-01-01T00:00:00Z'), { code: 'conflict' });
  await assert.rejects(
    readPastEntity(context, ADMIN, firm.id, String(await headOf(here))),
    { code: 'conflict' },
    'it was made in the archive',
  );
  const young = (await createEntity(context, ADMIN, { kind: 'account', name: 'Young' })).value;
  assert.equal((await readPastEntity(context, ADMIN, young.id, String(await headOf(here))))['name'], 'Young');
  await assert.rejects(readPastEntity(context, ADMIN, young.id, String((await headOf(here)) - 1)), {
    code: 'not_found',
  });
});

test('records and files that were altered or removed are found; files that are elsewhere are not missed', async () => {
  const all = await archives();
  const file = join(folder, 'archive', all[0] ?? '');
  const whole = await readFile(file);
  await rm(file);
  assert.deepEqual(await details(), []);
  const text = gunzipSync(whole).toString();
  const broken: [Buffer, RegExp][] = [
    [gzipSync(text.replace('login:clerk', 'login:other')), /revision \d+ was altered in its file/],
    [gzipSync(text.split('\n').toSpliced(3, 1).join('\n')), /revision 3 is missing in its file/],
    [gzipSync(text.split('\n').slice(0, -3).join('\n')), /its file ends with revision/],
    [gzipSync(text.replace('"count":', '"count":1')), /the header of its file is not signed/],
    [whole.subarray(0, 300), /cannot be read: its file is damaged/],
  ];
  for (const [bytes, found] of broken) {
    await writeFile(file, bytes);
    const [detail] = await details();
    assert.match(detail ?? '', found);
  }
  await writeFile(file, whole);
  assert.deepEqual(await details(), []);
  const attacks: [string, RegExp][] = [
    ['delete from change_archive', /revisions 1 to \d+ are missing/],
    [`delete from change_archive where first = ${SPAN}`, /revisions \d+ to \d+ are neither kept nor archived/],
    ['update change_archive set count = count + 1 where first = 1', /is not signed/],
    [`update change_archive set last_hash = sha256('x') where last = ${3 * SPAN - 1}`, /is not signed/],
    [`delete from change where revision <= ${3 * SPAN}`, /revision 60 is missing/],
  ];
  for (const [attack, found] of attacks) {
    await here.pool.query(
      'create table kept_archive as select * from change_archive; create table kept_change as select * from change',
    );
    await here.pool.query(attack);
    const told = await details();
    await here.pool
      .query(`delete from change_archive; insert into change_archive select * from kept_archive; drop table kept_archive;
      delete from change; insert into change select * from kept_change; drop table kept_change`);
    assert.ok(
      told.some((detail) => found.test(detail)),
      `${attack}: ${told.join('; ')}`,
    );
  }
  assert.deepEqual(await details(), []);
});

test('a span that was altered is not archived, so that it stays where it is found', async () => {
  await fillUpTo(4 * SPAN + 2);
  const revision = 3 * SPAN + 4;
  const { rows } = await here.pool.query<{ actor: string }>('select actor from change where revision = $1', [revision]);
  await here.pool.query(`update change set actor = 'login:other' where revision = $1`, [revision]);
  await assert.rejects(archiveChanges(context, folder, future()), new RegExp(`revision ${revision} was altered`));
  assert.equal((await archives()).length, 3);
  await here.pool.query('update change set actor = $2 where revision = $1', [revision, rows[0]?.actor]);
  assert.equal((await archiveChanges(context, folder, future())).length, 1);
});

test('ended holds and kept answers go when their time is over, and nothing else', async () => {
  const place = async (source: string) =>
    (await placeHold(context, ADMIN, firm.id, { profile: 'limited', source })).value.hold;
  const [old, young, open] = [await place('a'), await place('b'), await place('c')];
  await liftHold(context, ADMIN, firm.id, old.id);
  await liftHold(context, ADMIN, firm.id, young.id);
  await here.pool.query(`update hold set ended_at = now() - interval '40 days' where uuid = $1`, [old.id]);
  await here.pool.query(`update hold set placed_at = now() - interval '90 days'`);
  for (const [key, hours] of [
    ['old', 30],
    ['young', 20],
  ] as const)
    await here.pool.query(
      `insert into idempotency (actor, key, route, digest, created_at) values ('a', $1, 'r', '', now() - make_interval(hours => $2))`,
      [key, hours],
    );
  const remaining = async () => ({
    holds: (await here.pool.query<{ uuid: string }>('select uuid from hold order by id')).rows.map((row) => row.uuid),
    keys: (await here.pool.query<{ key: string }>('select key from idempotency order by key')).rows.map(
      (row) => row.key,
    ),
  });
  const log = pino({ level: 'silent' });
  await new Maintenance(
    context,
    folder,
    {
      changesDays: 0,
      holdsDays: 0,
      observationsDays: 0,
      recordsDays: 0,
      eventsDays: 0,
      deliveriesDays: 0,
      receiptsDays: 90,
      answersHours: 100,
      partitionSpan: SPAN,
    },
    log,
  ).hourly();
  assert.deepEqual(await remaining(), { holds: [old.id, young.id, open.id], keys: ['old', 'young'] }, '0 is for ever');
  await new Maintenance(
    context,
    folder,
    {
      changesDays: 30,
      holdsDays: 30,
      observationsDays: 30,
      recordsDays: 30,
      eventsDays: 0,
      deliveriesDays: 0,
      receiptsDays: 90,
      answersHours: 24,
      partitionSpan: SPAN,
    },
    log,
  ).hourly();
  assert.deepEqual(await remaining(), { holds: [young.id, open.id], keys: ['young'] });
  assert.deepEqual(await details(), []);
});
