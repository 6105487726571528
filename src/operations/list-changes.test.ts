/** Every filter of the log, alone and together, against a look at each change; the facts that tell before and after. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { closeEntity } from '#operations/close-entity.ts';
import { platformActor } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { type ChangeQuery, type ChangeView, listChanges } from '#operations/list-changes.ts';
import { placeHold } from '#operations/place-hold.ts';
import { putProfile } from '#operations/put-profile.ts';
import { transferEntity } from '#operations/transfer-entity.ts';
import { updateEntity } from '#operations/update-entity.ts';
import { findChanges } from '#store/change-list.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { headOf } from '#test/outcomes.ts';

const here = await testInstallation({ after: (work) => after(work) });
const { context } = here;
const CLERK = platformActor('login:clerk', {
  face: 'native',
  request: 'r-1',
  address: '192.0.2.7',
  reason: 'asked for by letter',
});

async function collect(query: ChangeQuery, scope = 0): Promise<ChangeView[]> {
  const items: ChangeView[] = [];
  for (let page = await listChanges(context, { ...ADMIN, accountId: scope }, query); ;) {
    items.push(...page.items);
    if (page.next === null || (page.items.length === 0 && page.next === query.after)) return items;
    query = { ...query, after: page.next };
    page = await listChanges(context, { ...ADMIN, accountId: scope }, query);
  }
}

const revisionsOf = (items: readonly ChangeView[]) => items.map((item) => item.revision);
const made: { reseller: string; firm: string; owned: string; other: string } = {
  reseller: '',
  firm: '',
  owned: '',
  other: '',
};

before(async () => {
  const create = async (input: Record<string, unknown>, actor = ADMIN) =>
    (await createEntity(context, actor, input)).value.id;
  made.reseller = await create({ kind: 'account', name: 'Reseller', reseller: true });
  made.firm = await create({ kind: 'account', name: 'Firm', parent: made.reseller }, CLERK);
  made.other = await create({ kind: 'account', name: 'Other', parent: made.reseller });
  made.owned = await create({ kind: 'phone_number', e164: '+31208005001', parent: made.other });
  await transferEntity(context, ADMIN, made.owned, made.firm);
  await updateEntity(context, CLERK, made.firm, { city: 'Delft', language: 'nl' });
  await placeHold(context, CLERK, made.firm, { profile: 'limited', note: 'see the letter', externalRef: 'case Smith' });
  await putProfile(context, ADMIN, 'own', { denied: ['api'] });
  await putProfile(context, ADMIN, 'own', { denied: ['dns'] });
  await closeEntity(context, ADMIN, made.other);
});

test('filters find what a look at each change finds, in both orders and in pages of any size', async () => {
  const all = await collect({});
  const beneath: Record<string, readonly string[]> = {
    [made.reseller]: [made.reseller, made.firm, made.other, made.owned],
    [made.firm]: [made.firm, made.owned],
    [made.other]: [made.other, made.owned],
    [made.owned]: [made.owned],
  };
  const middle = all[Math.floor(all.length / 2)]?.at ?? '';
  const matches = (item: ChangeView, query: ChangeQuery) =>
    (query.entity === undefined || item.entity === query.entity) &&
    (query.beneath === undefined || (beneath[query.beneath] ?? []).includes(item.entity ?? '')) &&
    (query.actor === undefined || item.actor === query.actor) &&
    (query.kind === undefined ||
      query.kind
        .split(',')
        .some((kind) => (kind.endsWith('*') ? item.kind.startsWith(kind.slice(0, -1)) : item.kind === kind))) &&
    (query.from === undefined || item.at >= query.from) &&
    (query.to === undefined || item.at <= query.to);
  let compared = 0;
  for (const entity of [undefined, made.firm, made.owned])
    for (const under of [undefined, made.reseller, made.firm, made.other, made.owned])
      for (const actor of [undefined, 'login:clerk', 'login:nobody'])
        for (const kind of [undefined, 'hold.placed', 'entity.*', 'profile.changed,entity.closed', 'nothing.*'])
          for (const period of [{}, { from: middle }, { to: middle }]) {
            const query = { entity, beneath: under, actor, kind, ...period };
            const wanted = revisionsOf(all.filter((item) => matches(item, query)));
            assert.deepEqual(revisionsOf(await collect({ ...query, limit: 3 })), wanted, JSON.stringify(query));
            assert.deepEqual(revisionsOf(await collect({ ...query, limit: 2, order: 'desc' })), wanted.toReversed());
            if (under !== undefined) {
              const { id } =
                (await here.pool.query<{ id: number }>('select id from entity where uuid = $1', [under])).rows[0] ??
                assert.fail();
              assert.deepEqual(
                revisionsOf(await collect({ ...query, beneath: undefined }, id)),
                wanted,
                'scope is as beneath',
              );
            }
            compared++;
          }
  assert.equal(compared, 675);
});

test('however little one page looks at, the pages together find the same', async () => {
  const numberOf = async (uuid: string) =>
    (await here.pool.query<{ id: number }>('select id from entity where uuid = $1', [uuid])).rows[0]?.id ??
    assert.fail();
  const head = await headOf(here);
  const filters = [
    {},
    { actor: 'login:clerk' },
    { kinds: ['entity.*', 'hold.placed'] },
    { kinds: ['profile.changed'] },
  ];
  for (const beneath of [
    undefined,
    await numberOf(made.reseller),
    await numberOf(made.firm),
    await numberOf(made.other),
  ])
    for (const filter of filters)
      for (const order of ['asc', 'desc'] as const)
        for (const bounds of [
          { scan: 2, subtree: 1 },
          { scan: 3, subtree: 100 },
          { scan: 1_000, subtree: 1 },
        ]) {
          const whole = { ...filter, beneath, order, above: 0, through: head, limit: 1_000 };
          const wanted = (await findChanges(here.session, whole)).rows.map((row) => row.revision);
          const found: number[] = [];
          for (let [above, through] = [0, head]; ;) {
            const page = await findChanges(here.session, { ...whole, above, through, limit: 2 }, bounds);
            found.push(...page.rows.map((row) => row.revision));
            if (page.reached === null) break;
            if (order === 'asc') above = page.reached;
            else through = page.reached - 1;
          }
          assert.deepEqual(found, wanted, JSON.stringify({ ...whole, bounds }));
        }
});

test('a change tells from where it came, what was there before, and personal values as they went in', async () => {
  const [created, updated, placed] = await collect({ entity: made.firm, actor: 'login:clerk' });
  assert.deepEqual(
    [created?.face, created?.request, created?.address, created?.reason, created?.actingAs],
    ['native', 'r-1', '192.0.2.7', 'asked for by letter', null],
  );
  const { rows } = await here.pool.query<{ uuid: string }>('select uuid from entity where id = 0');
  assert.equal(created?.account, rows[0]?.uuid);
  assert.deepEqual(updated?.facts['set'], { language: 'nl' });
  assert.deepEqual(updated?.facts['before'], {});
  assert.deepEqual(updated?.personal, { city: 'Delft' });
  assert.equal(placed?.facts['externalRef'], undefined);
  assert.deepEqual(placed?.personal, { note: 'see the letter', externalRef: 'case Smith' });
  const properties = [{ name: 'colour', value: 'red' }];
  await updateEntity(context, ADMIN, made.firm, { properties, city: 'Gouda', language: null, userLimit: 3 });
  await updateEntity(context, ADMIN, made.firm, { properties: [], initialized: false, userLimit: 4 });
  const [first, second] = (await collect({ entity: made.firm, kind: 'entity.updated' })).slice(-2);
  assert.deepEqual(first?.facts['set'], { userLimit: 3 });
  assert.deepEqual(first?.facts['before'], { language: 'nl' });
  assert.deepEqual(first?.facts['cleared'], ['language']);
  assert.deepEqual(first?.personal, { properties, 'before.properties': [], city: 'Gouda', 'before.city': 'Delft' });
  assert.deepEqual(second?.facts['set'], { initialized: false, userLimit: 4 });
  assert.deepEqual(second?.facts['before'], { initialized: true, userLimit: 3 });
  assert.deepEqual(second?.personal, { properties: [], 'before.properties': properties });
  const profiles = await collect({ kind: 'profile.changed' });
  const former = (profiles.at(-1) ?? assert.fail()).facts['before'] as { denied: unknown }; // put-profile wrote it.
  assert.deepEqual(former.denied, ['api']);
  assert.equal(
    Object.hasOwn(profiles.at(-2)?.facts ?? assert.fail(), 'before'),
    false,
    'a new profile has no former body',
  );
});

test('what cannot be read is refused by name', async () => {
  await assert.rejects(collect({ from: 'yesterday' }), /from: must be a time/);
  await assert.rejects(collect({ to: '2026' }), /to: must be a time/);
  await assert.rejects(collect({ kind: 'hold placed' }), /kind: must be kinds/);
  await assert.rejects(collect({ entity: 'ref:nobody' }), /There is no ref:nobody/);
});
