/** Whoever may write to the tables but has not the key: whatever is done to the log is found, and named. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';

import type pg from 'pg';

import { makeOutsideRecords } from '#main/outside-records.ts';
import { type OperationContext, platformActor } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { placeHold } from '#operations/place-hold.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { verifyInstallation } from '#operations/verify-installation.ts';
import { digestOf, linkOf, makeChainKey } from '#store/change.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { headOf } from '#test/outcomes.ts';

const here = await testInstallation({ after: (work) => after(work) });
const folder = await mkdtemp(join(tmpdir(), 'abeyance-attack-'));
after(() => rm(folder, { recursive: true, force: true }));
const context: OperationContext = { ...here.context, outside: makeOutsideRecords(here.context, folder) };
const checkpoints = join(folder, 'checkpoints.jsonl');
const CLERK = platformActor('login:clerk', { face: 'native', request: 'r', address: '192.0.2.1', reason: 'a letter' });

const { value: firm } = await createEntity(context, CLERK, { kind: 'account', name: 'Firm', email: 'f@firm.example' });
for (let n = 0; n < 6; n++) await updateEntity(context, CLERK, firm.id, { city: `City ${n}`, userLimit: n });
await placeHold(context, CLERK, firm.id, { profile: 'limited', note: 'a note' });
const END = await headOf(here);
const MIDDLE = END - 3;

async function findings(): Promise<string[]> {
  await here.follow();
  for await (const step of verifyInstallation(context, ADMIN))
    if ('findings' in step) return step.findings.map((each) => each.detail);
  return assert.fail('no result');
}

/** Lets an attack happen, verifies, and puts the tables back as they were. */
async function whileDone(attack: (pool: pg.Pool) => Promise<unknown>): Promise<string[]> {
  const tables = ['change', 'change_personal', 'request_personal', 'change_counter'];
  for (const table of tables) await here.pool.query(`create table kept_${table} as select * from ${table}`);
  try {
    await attack(here.pool);
    return await findings();
  } finally {
    for (const table of tables) {
      await here.pool.query(`delete from ${table}`);
      await here.pool.query(`insert into ${table} select * from kept_${table}`);
      await here.pool.query(`drop table kept_${table}`);
    }
  }
}

const run = (text: string) => (pool: pg.Pool) =>
  pool.query(text.replaceAll('$m', String(MIDDLE)).replaceAll('$e', String(END)));

beforeEach(async () => {
  await rm(checkpoints, { force: true });
  assert.deepEqual(await findings(), [], 'nothing is wrong before the attack');
  assert.match(
    await readFile(checkpoints, 'utf8'),
    new RegExp(`"revision":${END},`),
    'a clean verification writes a checkpoint',
  );
  await rm(checkpoints);
});

const ALTERED: readonly { readonly column: string; readonly change: string; readonly reason: string }[] = [
  { column: 'at', change: `at + interval '1 second'`, reason: 'another time' },
  { column: 'at', change: `at + interval '1 microsecond'`, reason: 'a time that differs by less than the chain keeps' },
  { column: 'actor', change: `'login:other'`, reason: 'another actor' },
  { column: 'kind', change: `'entity.moved'`, reason: 'another kind' },
  { column: 'entity_id', change: '0', reason: 'another entity' },
  { column: 'entity_id', change: 'null', reason: 'no entity' },
  { column: 'facts', change: `facts || '{"set": {"userLimit": 99}}'`, reason: 'other facts' },
  { column: 'touched', change: `touched || 0::bigint`, reason: 'more that is read again' },
  { column: 'origin', change: `origin || '{"face": "system"}'`, reason: 'another face' },
  { column: 'origin', change: 'null', reason: 'no origin' },
  { column: 'digest', change: `sha256('other')`, reason: 'another digest' },
  { column: 'hash', change: `sha256('other')`, reason: 'another link' },
];

for (const { column, change, reason } of ALTERED)
  test(`${column} of a change is altered: ${reason}`, async () => {
    const found = await whileDone(run(`update change set ${column} = ${change} where revision = $m`));
    assert.ok(
      found.some((detail) => detail.includes(`revision ${MIDDLE} `)),
      found.join('\n'),
    );
  });

const DONE: readonly { readonly what: string; readonly attack: string; readonly found: string }[] = [
  {
    what: 'a row in the middle is deleted',
    attack: 'delete from change where revision = $m',
    found: `revision ${MIDDLE} is missing`,
  },
  {
    what: 'the first rows are deleted',
    attack: 'delete from change where revision <= 3',
    found: 'revisions 1 to 3 are missing',
  },
  {
    what: 'the last rows are deleted',
    attack: 'delete from change where revision > $m',
    found: `revisions ${MIDDLE + 1} to ${END} are missing`,
  },
  { what: 'all rows are deleted', attack: 'delete from change', found: `revisions 1 to ${END} are missing` },
  {
    what: 'a row is inserted at the end',
    attack: `insert into change select $e + 1, at, actor, kind, entity_id, facts, touched, digest, hash, origin from change where revision = $e`,
    found: `revision ${END + 1} lies beyond the counter`,
  },
  {
    what: 'a row is inserted at the end and counted',
    attack: `insert into change select $e + 1, at, actor, kind, entity_id, facts, touched, digest, sha256('x'), origin from change where revision = $e;
      update change_counter set revision = $e + 1, hash = sha256('x')`,
    found: `revision ${END + 1} does not continue the chain`,
  },
  {
    what: 'two rows are swapped',
    attack: `update change set revision = -1 where revision = $m; update change set revision = $m where revision = $m + 1; update change set revision = $m + 1 where revision = -1`,
    found: `revision ${MIDDLE} does not continue the chain`,
  },
  {
    what: 'the counter is set back',
    attack: `update change_counter c set revision = $m, hash = (select hash from change where revision = $m)`,
    found: `revision ${MIDDLE + 1} lies beyond the counter`,
  },
  {
    what: 'the hash of the counter is altered',
    attack: `update change_counter set hash = sha256('x')`,
    found: `the counter's hash is not that of revision ${END}`,
  },
  {
    what: 'the time of the counter is altered',
    attack: `update change_counter set last_at = last_at + interval '1 hour'`,
    found: `the counter's time is not that of revision ${END}`,
  },
  {
    what: 'a personal value is altered',
    attack: `update change_personal set value = 'Elsewhere' where revision = $m and field = 'city'`,
    found: `the personal field city of revision ${MIDDLE} was altered`,
  },
  {
    what: 'the salt of a personal value is altered',
    attack: `update change_personal set salt = '\\x00' where revision = $m and field = 'city'`,
    found: `the personal field city of revision ${MIDDLE} was altered`,
  },
  {
    what: 'a personal value is given to another field',
    attack: `update change_personal set field = 'email' where revision = $m and field = 'city'`,
    found: `the personal field email of revision ${MIDDLE} was altered`,
  },
  {
    what: 'a personal value is removed',
    attack: `delete from change_personal where revision = $m and field = 'city'`,
    found: `the personal field city of revision ${MIDDLE} was removed without an erasure`,
  },
  {
    what: 'a personal value is invented',
    attack: `insert into change_personal values ($m, 'email', '\\x00', 'x@y.example')`,
    found: `the personal field email of revision ${MIDDLE} was altered`,
  },
  {
    what: 'a personal value is put where no change is',
    attack: `insert into change_personal values (999999, 'email', '\\x00', 'x@y.example')`,
    found: 'personal values of revision 999999 belong to no change',
  },
  {
    what: 'the reason of a request is altered',
    attack: `update request_personal set value = 'other' where value = 'a letter'`,
    found: 'the reason of the request of revision',
  },
  {
    what: 'reason and address of a request are swapped',
    attack: `update request_personal set field = case field when 'reason' then 'address' else 'reason' end`,
    found: 'of the request of revision',
  },
  {
    what: 'the address of a request is removed',
    attack: `delete from request_personal where field = 'address'`,
    found: 'the address of the request of revision',
  },
];

for (const { what, attack, found } of DONE)
  test(what, async () => {
    const details = await whileDone(run(attack));
    assert.ok(
      details.some((detail) => detail.includes(found)),
      details.join('\n') || 'nothing was found',
    );
  });

test('a relabelled change with its digest computed again does not fit its link', async () => {
  const details = await whileDone(async (pool) => {
    const { rows } = await pool.query('select * from change where revision = $1', [MIDDLE]);
    const row = { ...rows[0], actor: 'login:nobody' };
    const digest = digestOf({ ...row, entity: row.entity_id });
    await pool.query('update change set actor = $2, digest = $3 where revision = $1', [MIDDLE, row.actor, digest]);
  });
  assert.ok(
    details.some((detail) => detail.startsWith(`revision ${MIDDLE} does not continue the chain`)),
    details.join('\n'),
  );
});

/** Alters a change and chains everything after it with a key. */
async function rechain(pool: pg.Pool, key: ReturnType<typeof makeChainKey>): Promise<void> {
  const { rows } = await pool.query('select * from change where revision >= $1 order by revision', [MIDDLE - 1]);
  let former: Buffer = rows[0].hash;
  for (const row of rows.slice(1)) {
    const actor = row.revision === MIDDLE ? 'login:nobody' : row.actor;
    const digest = digestOf({ ...row, actor, entity: row.entity_id });
    former = linkOf(key, former, row.revision, row.at, digest);
    await pool.query('update change set actor = $2, digest = $3, hash = $4 where revision = $1', [
      row.revision,
      actor,
      digest,
      former,
    ]);
  }
  await pool.query('update change_counter set hash = $1', [former]);
}

test('a history that is chained again with a guessed key is no chain of this installation', async () => {
  const details = await whileDone((pool) => rechain(pool, makeChainKey(Buffer.alloc(32, 'a guess'))));
  assert.ok(
    details.some((detail) => detail.startsWith(`revision ${MIDDLE} does not continue the chain`)),
    details.join('\n'),
  );
});

test('a history that is chained again with the stolen key differs from the signed checkpoint', async () => {
  await context.outside?.writeCheckpoint();
  const details = await whileDone((pool) => rechain(pool, here.chainKey));
  assert.deepEqual(details, [`revision ${END} is not the one of the signed checkpoint: the history was replaced`]);
});

test('a tail that is cut off with the counter set back is known by the signed checkpoint alone', async () => {
  const cut = `delete from change where revision > $m; delete from change_personal where revision > $m;
    update change_counter set revision = $m, hash = (select hash from change where revision = $m), last_at = (select at from change where revision = $m)`;
  assert.deepEqual(await whileDone(run(cut)), [], 'the chain by itself cannot know');
  await rm(checkpoints, { force: true });
  await context.outside?.writeCheckpoint();
  const details = await whileDone(run(cut));
  assert.equal(details.length, 1);
  assert.match(
    details[0] ?? '',
    new RegExp(`^the log ends with revision ${MIDDLE}; a checkpoint of .* has revision ${END}: the end was cut off$`),
  );
});

test('checkpoints of another epoch say nothing, forged ones are told, half a line is none', async () => {
  await context.outside?.writeCheckpoint();
  const line = JSON.parse(await readFile(checkpoints, 'utf8')) as Record<string, unknown>;
  await appendFile(
    checkpoints,
    `${JSON.stringify({ ...line, epoch: '00000000-0000-4000-8000-000000000000', revision: 9_999 })}\n`,
  );
  await appendFile(checkpoints, '{"revision": 12');
  assert.deepEqual(await findings(), []);
  const signature = createHmac('sha256', 'a guess').update('x').digest('hex');
  await writeFile(checkpoints, `${JSON.stringify({ ...line, revision: 2, signature })}\n`);
  assert.deepEqual(await findings(), ['the checkpoint of revision 2 is not signed with the key of this installation']);
});
