/** Credits through the native API: what is charged and given back, and what a refusal tells. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { CREDIT_KINDS, CREDITS, type Credit } from '#core/credit.ts';
import { KINDS } from '#core/kind.ts';
import type { Problem } from '#core/problem.ts';
import { readCredits } from '#operations/read-credits.ts';
import { runBulk } from '#operations/run-bulk.ts';
import { CheckedClient } from '#test/checked-client.ts';
import { ADMIN, makeApp, testInstallation } from '#test/installation.ts';
import { findingsOf } from '#test/outcomes.ts';

const cleanup = { after: (work: () => Promise<void> | void) => after(work) };
const here = await testInstallation(cleanup, { numberQuarantineDays: 0 });
const { context } = here;
const client = await CheckedClient.of(here.app);

let made = 0;
const account = (parent?: string, more: object = {}) =>
  client.done('POST', '/v1/accounts', {
    name: `Account ${(made += 1)}`,
    ...(parent === undefined ? {} : { parent }),
    ...more,
  });
const numberBody = (parent: string, more: object = {}) => ({
  kind: 'phone_number',
  e164: `+3120${7_000_000 + (made += 1)}`,
  parent,
  ...more,
});
const number = (parent: string, more: object = {}) => client.done('POST', '/v1/resources', numberBody(parent, more));
const grant = (id: string, body: object) => client.done('PUT', `/v1/entities/${id}/credits`, body);

/** Numbers that count with an account. */
async function used(id: string, credit: Credit = 'number_credit'): Promise<number | null> {
  const view = await readCredits(context, ADMIN, id);
  return view.credits.find((one) => one.credit === credit)?.used ?? null;
}

test('SQL has the same table of credits and kinds as core', async () => {
  const { rows } = await here.pool.query<{ kind: string; credit: Credit | null }>(
    'select kind, credit_of(kind) as credit from unnest($1::text[]) kind',
    [KINDS],
  );
  for (const { kind, credit } of rows)
    assert.equal(kind in Object.groupBy(Object.values(CREDIT_KINDS), (one) => one), credit !== null);
  assert.deepEqual(
    rows.filter(({ kind, credit }) => credit !== null && CREDIT_KINDS[credit] !== kind),
    [],
  );
  assert.equal(rows.filter(({ credit }) => credit !== null).length, CREDITS.length);
});

test('a grant below what is used is accepted, tells by how much, and only stops creations', async () => {
  const reseller = await account();
  const customer = await account(reseller.id);
  const numbers = [await number(customer.id), await number(customer.id), await number(customer.id)];
  const answer = await grant(reseller.id, { number_credit: 1 });
  const view = (answer['credits'] as { credit: string }[]).find(({ credit }) => credit === 'number_credit');
  assert.deepEqual(view, {
    credit: 'number_credit',
    kind: 'phone_number',
    granted: 1,
    limit: 1,
    used: 3,
    left: 0,
    over: 2,
    children: { items: [{ id: customer.id, label: customer['label'], used: 3 }], total: 1 },
  });
  const refused = await client.call('POST', '/v1/resources', numberBody(customer.id));
  assert.equal(refused.status, 409);
  assert.deepEqual(refused.body['facts'], {
    credit: 'number_credit',
    ancestor: reseller.id,
    ancestorLabel: reseller['label'],
    limit: 1,
    used: 3,
    wanted: 1,
    by: [{ id: customer.id, label: customer['label'], used: 3 }],
  });
  assert.match(String(refused.body['detail']), /has a number_credit of 1 and uses 3; there is no room for 1 more\.$/);
  const sibling = await account(reseller.id);
  for (const one of numbers) await client.done('POST', `/v1/entities/${one.id}/move`, { parent: sibling.id });
  assert.equal(await used(sibling.id), 3, 'what moves beneath the one that is over is not charged to it again');
  for (const one of numbers) await client.done('POST', `/v1/entities/${one.id}/close`);
  await number(customer.id);
  assert.equal(await used(reseller.id), 1);
});

test('where an absent grant means nothing at all, customers need one and resellers do not', async () => {
  const strict = { ...context, settings: { ...context.settings, customerCreditDefault: 'zero' as const } };
  const strictly = await CheckedClient.of(await makeApp(strict));
  const reseller = await strictly.done('POST', '/v1/accounts', { name: 'Strict reseller' });
  const customer = await strictly.done('POST', '/v1/accounts', { name: 'Strict customer', parent: reseller.id });
  const url = `/v1/entities/${customer.id}/credits`;
  const { credits } = (await strictly.done('GET', url)) as unknown as { credits: { granted: null; limit: 0 }[] };
  assert.ok(credits.every(({ granted, limit }) => granted === null && limit === 0));
  const refused = await strictly.call('POST', '/v1/resources', numberBody(customer.id));
  const facts = refused.body['facts'] as Record<string, unknown>;
  assert.deepEqual([facts['ancestor'], facts['limit'], facts['used']], [customer.id, 0, 0]);
  await strictly.done('PUT', url, { number_credit: 1 });
  await strictly.done('POST', '/v1/resources', numberBody(customer.id));
  await strictly.done('POST', '/v1/resources', numberBody(reseller.id));
  assert.equal(await used(reseller.id), 2);
});

test('an owner is not charged, a transfer charges nobody, and what is held counts', async () => {
  const reseller = await account();
  const [holder, owner] = [await account(reseller.id), await account(reseller.id)];
  await grant(owner.id, { number_credit: 0 });
  const one = await number(holder.id, { owner: owner.id });
  assert.deepEqual([await used(holder.id), await used(owner.id)], [1, 0]);
  await client.done('POST', `/v1/entities/${one.id}/transfer`, { owner: null });
  await client.done('POST', `/v1/entities/${holder.id}/holds`, { profile: 'limited' });
  assert.deepEqual([await used(holder.id), await used(reseller.id)], [1, 1]);
});

test('closing gives back at once and once: a thing, a container with its things, an account without a look beneath', async () => {
  const reseller = await account();
  const customer = await account(reseller.id);
  const below = await account(customer.id);
  const domain = await client.done('POST', '/v1/resources', {
    kind: 'sip_domain',
    domain: 'given-back.example',
    parent: below.id,
  });
  const user = (username: string) =>
    client.done('POST', '/v1/resources', { kind: 'sip_account', username, parent: domain.id });
  const [first] = [await user('a'), await user('b'), await user('c')];
  const sip = async () => [
    await used(below.id, 'sip_credit'),
    await used(customer.id, 'sip_credit'),
    await used(reseller.id, 'sip_credit'),
  ];
  await client.done('POST', `/v1/entities/${first.id}/close`);
  assert.deepEqual(await sip(), [2, 2, 2]);
  await user('a');
  assert.deepEqual(await sip(), [3, 3, 3], 'a name that is taken over is charged like any other');
  await client.done('POST', `/v1/entities/${customer.id}/close`);
  assert.deepEqual(await sip(), [3, 3, 0]);
  assert.deepEqual([await used(reseller.id, 'account_credit'), await used(customer.id, 'account_credit')], [0, 1]);
  await client.done('POST', `/v1/entities/${domain.id}/close`);
  assert.deepEqual(await sip(), [0, 0, 0], 'beneath what is closed, only up to there');
  await client.done('POST', `/v1/entities/sip:b@given-back.example/close`);
  await client.done('POST', `/v1/entities/${below.id}/close`);
  assert.deepEqual(await sip(), [0, 0, 0]);
  assert.deepEqual([await used(reseller.id, 'account_credit'), await used(customer.id, 'account_credit')], [0, 0]);
});

test('a move is charged to the new line alone, and refused there before it is found stale', async () => {
  const reseller = await account();
  const [from, to] = [await account(reseller.id), await account(reseller.id)];
  const customer = await account(from.id);
  await number(customer.id);
  await number(customer.id);
  await grant(to.id, { number_credit: 1 });
  await grant(reseller.id, { number_credit: 2 });
  const move = () =>
    client.call('POST', `/v1/entities/${customer.id}/move`, { parent: to.id }, { headers: { 'if-match': '"9"' } });
  const refused = await move();
  assert.equal(refused.body['code'], 'over_credit');
  const facts = refused.body['facts'] as Record<string, unknown>;
  assert.deepEqual([facts['ancestor'], facts['used'], facts['wanted']], [to.id, 0, 2]);
  await grant(to.id, { number_credit: 2 });
  assert.equal((await move()).body['code'], 'precondition_failed');
  await client.done('POST', `/v1/entities/${customer.id}/move`, { parent: to.id });
  assert.deepEqual([await used(from.id), await used(to.id), await used(reseller.id)], [0, 2, 2]);
});

test('in bulk what there is room for is created, each item beyond is told why, and a rerun gets the same answer', async () => {
  const reseller = await account();
  const customer = await account(reseller.id);
  const create = (body: object) => ({ op: 'create', body });
  const items = [
    { op: 'credits', entity: reseller.id, body: { number_credit: 2 } },
    create(numberBody(customer.id)),
    create({ kind: 'application', name: 'Uncounted here', parent: customer.id }),
    create(numberBody(customer.id)),
    create(numberBody(customer.id)),
    create({ kind: 'application', parent: customer.id }),
    create(numberBody(customer.id)),
    { op: 'close', entity: 0 },
  ];
  const headers = { 'idempotency-key': 'credits in bulk' };
  const answer = await client.call('POST', '/v1/bulk?brief=true', { items }, { headers });
  assert.equal(answer.status, 207);
  const outcomes = answer.body.items as unknown as { status: number; problem?: Problem }[];
  assert.deepEqual(
    outcomes.map(({ status, problem }) => problem?.code ?? status),
    [200, 201, 201, 201, 'over_credit', 'invalid', 'over_credit', 'invalid'],
  );
  const { by, ...facts } = (outcomes[4]?.problem?.facts ?? {}) as Record<string, unknown>;
  assert.deepEqual(facts, {
    credit: 'number_credit',
    ancestor: reseller.id,
    ancestorLabel: reseller['label'],
    limit: 2,
    used: 2,
    wanted: 1,
  });
  assert.deepEqual(by, [{ id: customer.id, label: customer['label'], used: 2 }]);
  const again = await client.call('POST', '/v1/bulk?brief=true', { items }, { headers });
  assert.deepEqual(again.body.items, answer.body.items);
  assert.equal(await used(reseller.id), 2);
});

test('an export carries grants so that an import elsewhere ends with the same, even where they are below the use', async (t) => {
  const reseller = await account();
  const customer = await account(reseller.id);
  await number(customer.id);
  await number(customer.id);
  await grant(reseller.id, { number_credit: 1, account_credit: 4 });
  await grant(customer.id, { number_credit: 7 });
  const { text } = await client.call('GET', `/v1/export?root=${reseller.id}`);
  const [, ...items] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Parameters<typeof runBulk>[2][number]);
  const elsewhere = await testInstallation(t, { customerCreditDefault: 'zero' });
  const { outcomes } = await runBulk(elsewhere.context, ADMIN, items, { isBrief: true });
  assert.deepEqual(
    outcomes.filter((outcome) => !outcome.ok),
    [],
  );
  for (const id of [reseller.id, customer.id]) {
    const views = [await readCredits(context, ADMIN, id), await readCredits(elsewhere.context, ADMIN, id)].map((view) =>
      view.credits.map(({ credit, granted, used: count }) => ({ credit, granted, count })),
    );
    assert.deepEqual(views[1], views[0]);
  }
});

test('verify names each account and credit whose books are wrong', async () => {
  assert.deepEqual(await findingsOf(here), []);
  const customer = await account();
  await number(customer.id);
  await here.pool.query(`update credit set used = 5 where account_id = $1`, [customer.number]);
  await here.pool.query(`insert into credit (account_id, credit, used) values ($1, 'sip_credit', 2)`, [
    customer.number,
  ]);
  assert.deepEqual(await findingsOf(here), [
    {
      stage: 'credits',
      detail: `account ${customer.number} is charged 5 for number_credit, a count from scratch gives 1`,
    },
    {
      stage: 'credits',
      detail: `account ${customer.number} is charged 2 for sip_credit, a count from scratch gives 0`,
    },
  ]);
});
