/** Granting credits: who may, how much, and what is told of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { Problem } from '#core/problem.ts';
import type { Actor } from '#operations/context.ts';
import { createEntity } from '#operations/create-entity.ts';
import { putCredits } from '#operations/put-credits.ts';
import { CheckedClient } from '#test/checked-client.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';

const { app, context } = await testInstallation({ after: (work) => after(work) });
const client = await CheckedClient.of(app);

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

test('grants name every wrong field, merge, are told in the log, and are repeated under one key', async () => {
  const reseller = await account();
  const url = `/v1/entities/${reseller.id}/credits`;
  const wrong = await client.call('PUT', url, {
    sip_credit: -1,
    number_credit: 1.5,
    email_credit: '3',
    coffee: 1,
    account_credit: 2,
  });
  assert.equal(wrong.status, 422);
  assert.deepEqual(
    (wrong.body['errors'] as { field: string }[]).map(({ field }) => field),
    ['sip_credit', 'number_credit', 'email_credit', 'coffee'],
  );
  await grant(reseller.id, { sip_credit: 10, number_credit: 5 });
  const headers = { 'idempotency-key': 'one grant' };
  const body = { number_credit: null, email_credit: 2_147_483_647 };
  const first = await client.call('PUT', url, body, { headers });
  const second = await client.call('PUT', url, body, { headers });
  assert.deepEqual(second.body, first.body);
  assert.equal(second.headers['idempotent-replayed'], 'true');
  await grant(reseller.id, { sip_credit: 10 });
  const { items } = await client.done('GET', `/v1/changes?entity=${reseller.id}`);
  assert.deepEqual(
    items.slice(1).map((change) => [change['kind'], change['facts']]),
    [
      [
        'credits.changed',
        { before: { sip_credit: null, number_credit: null }, after: { sip_credit: 10, number_credit: 5 } },
      ],
      [
        'credits.changed',
        {
          before: { number_credit: 5, email_credit: null },
          after: { number_credit: null, email_credit: 2_147_483_647 },
        },
      ],
    ],
  );
});

test('credits are of open accounts beneath the platform', async () => {
  const customer = await account();
  const phone = await number(customer.id);
  assert.equal((await client.call('GET', `/v1/entities/${phone.id}/credits`)).body['code'], 'invalid');
  assert.equal((await client.call('PUT', `/v1/entities/${phone.id}/credits`, {})).body['code'], 'invalid');
  assert.equal((await client.call('PUT', '/v1/entities/0/credits', { sip_credit: 1 })).body['code'], 'invalid');
  const platform = (await client.done('GET', '/v1/entities/0/credits')) as unknown as { credits: { used: null }[] };
  assert.ok(platform.credits.every((one) => one.used === null));
  await client.done('POST', `/v1/entities/${customer.id}/close`);
  assert.equal(
    (await client.call('PUT', `/v1/entities/${customer.id}/credits`, { sip_credit: 1 })).body['code'],
    'closed',
  );
  assert.equal(
    (await client.call('GET', `/v1/entities/${customer.id}/credits?children=1001`)).body['code'],
    'malformed',
  );
});

test('only who is above an account grants, never more than it has itself, and is told no users of those above', async () => {
  const reseller = await account();
  const customer = await account(reseller.id);
  const other = await account();
  const actor: Actor = {
    ...ADMIN,
    name: 'login:1',
    accountId: reseller.number,
    ownAccountId: reseller.number,
    authority: 'reseller',
  };
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: Problem) => error.code,
    );
  await grant(reseller.id, { number_credit: 1 });
  const rows = [
    { id: customer.id, body: { number_credit: 1 }, code: 'done', reason: 'beneath, as much as it has' },
    { id: customer.id, body: { number_credit: 2 }, code: 'invalid', reason: 'more than it has' },
    {
      id: customer.id,
      body: { number_credit: null, sip_credit: 9_000 },
      code: 'done',
      reason: 'it has no limit of SIP accounts',
    },
    { id: reseller.id, body: { number_credit: 1 }, code: 'forbidden', reason: 'itself' },
    { id: other.id, body: { number_credit: 1 }, code: 'forbidden', reason: 'not beneath' },
    { id: '0', body: { number_credit: 1 }, code: 'forbidden', reason: 'above' },
  ];
  for (const { id, body, code, reason } of rows)
    assert.equal(await codeOf(putCredits(context, actor, id, body)), code, reason);
  const reading = { ...actor, permissions: 0 };
  assert.equal(await codeOf(putCredits(context, reading, customer.id, {})), 'forbidden', 'without the permission');
  await number(customer.id);
  const factsFor = (who: Actor) =>
    createEntity(context, who, numberBody(customer.id)).then(
      () => assert.fail('there is no credit left'),
      (error: Problem) => error.facts,
    );
  assert.ok('by' in (await factsFor(actor)));
  assert.ok(!('by' in (await factsFor({ ...actor, accountId: customer.number, ownAccountId: customer.number }))));
});
