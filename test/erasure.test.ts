/**
 * Erasure: an account with a personal string in every field, hold, plan, request and answer is closed and erased, and
 * none of the strings is anywhere any more: not in the database, not in the engine's file, not in any answer.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { KIND_FIELDS } from '#core/kind-fields.ts';
import type { Kind } from '#core/kind.ts';
import { permissionsOfLevel } from '#core/permission.ts';
import { engineCheckpointFile, makeOutsideRecords } from '#main/outside-records.ts';
import { type Actor, type OperationContext, platformActor } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { eraseEntity, tidyErasures } from '#operations/erase-entity.ts';
import { listChanges } from '#operations/list-changes.ts';
import { placeHold } from '#operations/place-hold.ts';
import { planChange } from '#operations/plan-change.ts';
import { transferEntity } from '#operations/transfer-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { ADMIN, TOKEN, makeApp, testInstallation } from '#test/installation.ts';
import { findingsOf } from '#test/outcomes.ts';
import { WORD, isMarker, markersOf, textsIn } from '#test/personal-world.ts';

const here = await testInstallation({ after: (work) => after(work) }, { numberQuarantineDays: 0 });
const folder = await mkdtemp(join(tmpdir(), 'abeyance-erasure-'));
after(() => rm(folder, { recursive: true, force: true }));
const context: OperationContext = { ...here.context, outside: makeOutsideRecords(here.context, folder) };
const app = await makeApp(context);
after(() => app.close());
const markers = new Set<string>();
/** What is stored sealed is not found in a dump at any time. */
const sealed = new Set<string>();

/** Every row of every table as text, which is what a dump would have. */
async function dump(): Promise<string> {
  const { rows } = await here.pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
  );
  let text = '';
  for (const { name } of rows) {
    const { rows: lines } = await here.pool.query<{ line: string }>(`select t::text as line from ${name} t`);
    text += lines.map(({ line }) => `${name} ${line}\n`).join('');
  }
  return text;
}

function foundIn(text: string): string[] {
  return [...markers].filter((marker) => text.toLowerCase().includes(marker.toLowerCase()));
}

async function call(method: 'GET' | 'POST', url: string, payload?: object, headers: Record<string, string> = {}) {
  const response = await app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: response.statusCode, text: response.body, body: response.json<Record<string, unknown>>() };
}

const note = (what: string) => {
  const marker = `${WORD}${what}`;
  markers.add(marker);
  return marker;
};

const reseller = (await createEntity(context, ADMIN, { kind: 'account', name: 'Reseller', reseller: true })).value;
const CLERK: Actor = platformActor('login:clerk', { face: 'native', reason: note('reason'), address: '192.0.2.8' });
const fields = (kind: Kind, without: readonly string[] = []) => {
  const values = Object.fromEntries(Object.entries(markersOf(kind)).filter(([name]) => !without.includes(name)));
  for (const text of textsIn(values)) if (isMarker(text)) markers.add(text);
  for (const [name, field] of Object.entries(KIND_FIELDS[kind])) if (field.sealed) sealed.add(String(values[name]));
  return values;
};

/** Makes one of each kind beneath the account, full of personal strings. */
async function fill(): Promise<{ account: string; ids: string[] }> {
  const ids: string[] = [];
  const make = async (input: Record<string, unknown>) => {
    const { value } = await createEntity(context, CLERK, input);
    ids.push(value.id);
    return value.id;
  };
  const account = await make({ kind: 'account', parent: reseller.id, ...fields('account') });
  const sub = await make({ kind: 'account', parent: account, name: note('sub') });
  const domain = await make({ kind: 'sip_domain', parent: sub, ...fields('sip_domain') });
  const user = await make({ kind: 'sip_account', parent: domain, ...fields('sip_account') });
  await make({ kind: 'sip_alias', parent: domain, ...fields('sip_alias') });
  await make({ kind: 'sip_alias', parent: domain, target: user, username: note('alias') });
  const { address, host, ...peer } = fields('trusted_peer');
  await make({ kind: 'trusted_peer', parent: account, address, ...peer });
  await make({ kind: 'trusted_peer', parent: account, host });
  await make({ kind: 'phone_number', parent: account, ...fields('phone_number', ['sipNumber']) });
  await make({ kind: 'phone_number', parent: account, sipNumber: note('200'), domain });
  await make({ kind: 'application', parent: account, ...fields('application') });
  const range = await make({ kind: 'enum_range', parent: account, ...fields('enum_range') });
  await make({ kind: 'enum_number', parent: range, ...fields('enum_number') });
  const zoneFields = fields('dns_zone');
  const zone = await make({ kind: 'dns_zone', parent: account, ...zoneFields });
  markers.add(`${WORD}www`);
  const { value } = fields('dns_record', ['name']);
  await make({
    kind: 'dns_record',
    parent: zone,
    name: `${WORD}www.${String(zoneFields['name'])}`,
    type: 'CNAME',
    value,
  });
  await make({ kind: 'mailbox', parent: account, ...fields('mailbox') });
  await make({ kind: 'foreign', parent: account, system: 'elsewhere', ...fields('foreign') });
  return { account, ids };
}

test('nothing personal is left anywhere, the chain still proves itself, and the rest of the tree is as it was', async () => {
  const other = (
    await createEntity(context, ADMIN, {
      kind: 'account',
      parent: reseller.id,
      name: 'Other',
      email: 'stays@other.example',
    })
  ).value;
  const common = (
    await createEntity(context, ADMIN, { kind: 'sip_domain', parent: reseller.id, domain: 'common.example' })
  ).value;
  const { account, ids } = await fill();
  // A record in another's container that the account owns.
  const owned = (
    await createEntity(context, CLERK, { kind: 'sip_account', parent: common.id, ...fields('sip_account', ['realm']) })
  ).value;
  await transferEntity(context, CLERK, owned.id, account);
  // Former values, and requests by the account itself.
  const { rows } = await here.pool.query<{ id: number }>('select id from entity where uuid = $1', [account]);
  const self: Actor = {
    ...platformActor('login:self', { face: 'native', address: note('address') }),
    ownAccountId: rows[0]?.id ?? -1,
  };
  await updateEntity(context, self, account, { city: note('city'), properties: [{ name: note('property') }] });
  await updateEntity(context, CLERK, account, { city: null, reference: note('newreference') });
  await updateEntity(context, self, other.id, { city: 'Delft' });
  const items = [
    { op: 'update', entity: account, body: { company: note('bulkcompany') } },
    { op: 'create', body: { kind: 'account', parent: account, name: note('bulkname') } },
    { op: 'update', entity: other.id, body: { language: 'nl' } },
  ];
  assert.equal((await call('POST', '/v1/bulk', { items }, { 'idempotency-key': 'k-2' })).status, 207);
  for (const id of [account, owned.id, ids[3] ?? ''])
    await placeHold(context, CLERK, id, {
      profile: 'limited',
      note: note('note'),
      externalRef: note('ref'),
      source: 'billing',
    });
  await placeHold(context, CLERK, account, { profile: 'limited', externalRef: note('ref2'), source: 'billing' });
  await planChange(context, CLERK, account, { action: 'hold', profile: 'suspended', note: note('plannote') });
  const keyed = await call(
    'POST',
    `/v1/entities/${account}/holds`,
    { profile: 'suspended', note: note('keyed') },
    { 'idempotency-key': 'k-1' },
  );
  assert.equal(keyed.status, 201);
  const kept = await call('POST', '/v1/accounts', { name: 'Kept' }, { 'idempotency-key': 'k-3' });
  await here.follow();
  await context.outside?.saveEngine();
  const file = engineCheckpointFile(folder);
  const before = (await dump()) + (await readFile(file, 'utf8'));
  assert.deepEqual(
    [...markers].filter((marker) => !sealed.has(marker) && !before.toLowerCase().includes(marker.toLowerCase())),
    [],
    'all of it was stored',
  );
  assert.ok(markers.size > 120, `${markers.size} strings`);

  await assert.rejects(eraseEntity(context, ADMIN, account), { code: 'conflict' });
  await closeEntity(context, CLERK, account);
  await assert.rejects(
    eraseEntity(context, { ...ADMIN, authority: 'reseller', permissions: permissionsOfLevel('reseller') }, account),
    { code: 'forbidden' },
  );
  await assert.rejects(eraseEntity(context, ADMIN, ids[2] ?? ''), { code: 'invalid' });
  await assert.rejects(eraseEntity(context, ADMIN, 0), { code: 'invalid' });
  const erased = await call('POST', `/v1/entities/${account}/erase`);
  assert.equal(erased.status, 200, erased.text);
  assert.equal(erased.body['entities'], ids.length + 2, 'all beneath it, what it owns, and what the bulk request made');

  assert.deepEqual(foundIn(await dump()), [], 'the database');
  assert.deepEqual(foundIn(await readFile(file, 'utf8')), [], "the engine's file");
  await here.follow();
  const answers: string[] = [];
  for (const id of [...ids, owned.id, account]) {
    for (const path of [
      '',
      '/standing',
      '/explain',
      '/holds?ended=true',
      '/children?closed=true',
      '?at=999',
      `/standing?at=60`,
    ])
      answers.push((await call('GET', `/v1/entities/${id}${path}`)).text);
    answers.push(
      JSON.stringify(
        context.engine.explain(
          (await here.pool.query<{ id: number }>('select id from entity where uuid = $1', [id])).rows[0]?.id ?? 0,
        ),
      ),
    );
  }
  answers.push(
    (await call('GET', '/v1/entities?closed=true&limit=1000')).text,
    (await call('GET', '/v1/changes?limit=1000')).text,
  );
  answers.push(
    (await app.inject({ url: '/v1/export?secrets=true', headers: { authorization: `Bearer ${TOKEN}` } })).body,
  );
  assert.deepEqual(foundIn(answers.join('\n')), [], 'the answers');
  for (const marker of markers) {
    if (/^[a-z0-9]+$/.test(marker)) continue;
    const found = await call('GET', `/v1/decisions?subject=${encodeURIComponent(`sip:${marker}`)}&action=call.in`);
    if (found.status === 200) assert.equal(found.body['effect'], 'unknown');
  }

  assert.deepEqual(await findingsOf({ ...here, context }), [], 'the chain still proves itself');
  const stays = await call('GET', `/v1/entities/${other.id}`);
  assert.deepEqual(
    [stays.body['email'], stays.body['city'], stays.body['language']],
    ['stays@other.example', 'Delft', 'nl'],
  );
  assert.equal((await call('GET', `/v1/entities/${owned.id}`)).body['lifecycle'], 'closed');
  assert.equal((await call('GET', `/v1/entities/${common.id}`)).body['standing'], 'active');

  const again = await call(
    'POST',
    `/v1/entities/${account}/holds`,
    { profile: 'suspended', note: `${WORD}keyed` },
    { 'idempotency-key': 'k-1' },
  );
  assert.equal(again.body['code'], 'conflict', 'a repeat is not done again');
  assert.equal((await call('POST', '/v1/bulk', { items }, { 'idempotency-key': 'k-2' })).body['code'], 'conflict');
  assert.deepEqual(
    (await call('POST', '/v1/accounts', { name: 'Kept' }, { 'idempotency-key': 'k-3' })).body,
    kept.body,
    'other answers stay',
  );
  const { body: repeated } = await call('POST', `/v1/entities/${account}/erase`);
  assert.deepEqual([repeated['entities'], repeated['erasedAt']], [0, erased.body['erasedAt']]);
  const { items: changes } = await listChanges(context, ADMIN, { entity: account, kind: 'entity.erased' });
  assert.deepEqual(
    changes.map((change) => change.facts),
    [{ entities: ids.length + 2 }],
  );
});

test('from the first commit on a reader sees nothing, and what was interrupted is finished', async () => {
  const account = (
    await createEntity(context, ADMIN, { kind: 'account', name: 'Interrupted', city: 'Gouda', email: 'a@b.example' })
  ).value;
  await closeEntity(context, ADMIN, account.id);
  // The overwriting fails, as if the process had died after the first transaction.
  await here.pool.query(
    `create function fail() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '57014'; end $$`,
  );
  await here.pool.query('create trigger fail before delete on erasure_entity execute function fail()');
  await assert.rejects(eraseEntity(context, ADMIN, account.id), { code: 'busy' });
  assert.ok((await dump()).includes('Gouda'), 'it is still stored');
  const view = await call('GET', `/v1/entities/${account.id}`);
  assert.equal(view.body['label'], '(erased)');
  assert.equal(view.body['city'], undefined);
  assert.equal(view.body['name'], '(erased)');
  const { items } = await listChanges(context, ADMIN, { entity: account.id });
  assert.ok(items.every((item) => item.personal === undefined));
  assert.equal((await call('GET', `/v1/entities/${account.id}?at=${items[0]?.revision ?? 0}`)).body['city'], undefined);
  await here.pool.query('drop trigger fail on erasure_entity');
  await tidyErasures(context);
  assert.ok(!(await dump()).includes('Gouda'));
  assert.deepEqual(await findingsOf({ ...here, context }), []);
});

test('a number that rests keeps its name until the rest is over', async () => {
  const resting: OperationContext = { ...context, settings: { ...context.settings, numberQuarantineDays: 45 } };
  const account = (await createEntity(resting, ADMIN, { kind: 'account', name: 'With a number' })).value;
  const number = (
    await createEntity(resting, ADMIN, { kind: 'phone_number', e164: '+31208005999', parent: account.id })
  ).value;
  await closeEntity(resting, ADMIN, account.id);
  await eraseEntity(resting, ADMIN, account.id);
  const view = await call('GET', `/v1/entities/${number.id}`);
  assert.deepEqual(
    [view.body['identifiers'], view.body['e164'], view.body['label']],
    [['tel:+31208005999'], undefined, '(erased)'],
  );
  const other = (await createEntity(resting, ADMIN, { kind: 'account', name: 'Wants the number' })).value;
  await assert.rejects(createEntity(resting, ADMIN, { kind: 'phone_number', e164: '+31208005999', parent: other.id }), {
    code: 'exists',
  });
  await tidyErasures(resting);
  assert.deepEqual((await call('GET', `/v1/entities/${number.id}`)).body['identifiers'], ['tel:+31208005999']);
  await tidyErasures(context);
  assert.deepEqual((await call('GET', `/v1/entities/${number.id}`)).body['identifiers'], []);
  await here.follow();
  assert.equal(context.engine.find('tel:+31208005999'), null);
});
