/** One story that uses every route of the document, with each answer held against its schema. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { KINDS } from '#core/kind.ts';
import { useEventRoutes } from '#test/event-routes.ts';
import { testInstallation } from '#test/installation.ts';
import { useNumberRoutes } from '#test/number-routes.ts';
import { useRecordRoutes } from '#test/record-routes.ts';
import { useLoginRoutes, usePropertyRoutes } from '#test/login-routes.ts';
import { useSystemRoutes } from '#test/system-routes.ts';
import { CheckedClient } from '#test/checked-client.ts';

const here = await testInstallation({ after: (work) => after(work) });
const client = await CheckedClient.of(here.app);

test('an entity of every kind is created with all that its schema shows, and read again the same', async () => {
  const account = await client.done('POST', '/v1/accounts', {
    name: 'Acme',
    email: 'INFO@Acme.example',
    reference: 'C-17',
    country: 'NL',
    properties: [{ name: 'a', value: 'b' }],
  });
  const domain = await client.done('POST', '/v1/resources', {
    kind: 'sip_domain',
    domain: 'acme.example',
    parent: account.id,
  });
  const zone = await client.done('POST', '/v1/resources', {
    kind: 'dns_zone',
    name: 'acme.example',
    email: 'dns@acme.example',
    nameservers: ['ns1.acme.example'],
    parent: account.id,
  });
  const range = await client.done('POST', '/v1/resources', {
    kind: 'enum_range',
    prefix: '312080051',
    minDigits: 11,
    maxDigits: 11,
    parent: account.id,
  });
  const application = await client.done('POST', '/v1/resources', {
    kind: 'application',
    name: 'IVR',
    medium: 'voice',
    url: 'https://ivr.acme.example/',
    parent: account.id,
  });
  const tenant = await client.done('POST', '/v1/resources', {
    kind: 'foreign',
    system: 'office',
    externalReference: 't/1',
    properties: { seats: 3 },
    parent: account.id,
  });
  const leaves = [
    {
      kind: 'sip_account',
      username: 'alice',
      password: 'a secret',
      firstName: 'Alice',
      groups: ['free-pstn'],
      voiceApplication: application.id,
      parent: domain.id,
    },
    { kind: 'sip_alias', username: 'sales', target: 'sip:alice@acme.example', parent: domain.id },
    { kind: 'trusted_peer', address: '192.0.2.9', authToken: 'peer secret', parent: account.id },
    {
      kind: 'phone_number',
      e164: '+31208005100',
      target: 'sip:alice@acme.example',
      voiceCapable: true,
      parent: account.id,
    },
    {
      kind: 'phone_number',
      sipNumber: '100',
      domain: domain.id,
      targetUri: 'sip:box@elsewhere.example',
      parent: account.id,
    },
    {
      kind: 'enum_number',
      digits: '31208005101',
      mappings: [
        {
          order: 10,
          preference: 100,
          flags: 'u',
          service: 'E2U+sip',
          regexp: '!^.*$!sip:alice@acme.example!',
          replacement: '.',
          ttl: 300,
        },
      ],
      parent: range.id,
    },
    {
      kind: 'dns_record',
      name: 'acme.example',
      type: 'MX',
      value: 'mx.acme.example',
      priority: 10,
      ttl: 600,
      parent: zone.id,
    },
    { kind: 'mailbox', address: 'alice@acme.example', password: 'a secret', quotaMegabytes: 100, parent: zone.id },
    { kind: 'foreign', system: 'office', name: 'Seat', parent: tenant.id },
  ];
  for (const leaf of leaves) {
    const created = await client.done('POST', '/v1/resources', leaf);
    const read = await client.done('GET', `/v1/entities/${created.id}`);
    assert.deepEqual(read, created);
  }
  const { items } = await client.done('GET', '/v1/entities?limit=1000');
  assert.deepEqual(new Set(items.map((item) => item['kind'])), new Set(KINDS));
  const { items: children } = await client.done('GET', `/v1/entities/${account.id}/children`);
  assert.deepEqual(
    children.map((child) => child['parent']),
    children.map(() => account.id),
  );
  const changed = await client.done('PATCH', '/v1/entities/sip:alice@acme.example', { callLimit: 2, firstName: null });
  assert.equal(changed['callLimit'], 2);
  assert.equal(changed['firstName'], undefined);
});

test('a hold is placed, listed, explained, decided by, lifted, and told of', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'Held' });
  const url = `/v1/entities/${account.id}`;
  const placed = await client.call('POST', `${url}/holds`, {
    profile: 'bad_payer',
    note: 'invoice 4711',
    endsAt: '2199-01-01T00:00:00Z',
    reviewAt: '2198-01-01T00:00:00Z',
    source: 'billing',
    externalRef: '4711',
  });
  assert.equal(placed.status, 201);
  assert.equal(
    (await client.call('POST', `${url}/holds`, { profile: 'bad_payer', source: 'billing', externalRef: '4711' }))
      .status,
    200,
    'the same hold again is the same hold',
  );
  const { items } = await client.done('GET', `${url}/holds`);
  assert.deepEqual(items, [placed.body]);
  const standing = await client.done('GET', `${url}/standing`);
  assert.equal(standing['standing'], 'limited');
  const explained = await client.done('GET', `${url}/explain`);
  assert.equal(explained['entity'], account.id);
  const decision = await client.done(
    'GET',
    `/v1/decisions?subject=${account.id}&action=call.out&destination=%2B31208005100`,
  );
  assert.equal(decision['effect'], 'intercept');
  const decisions = await client.done('POST', '/v1/decisions', {
    questions: [
      { subject: account.id, action: 'call.out', destination: '112' },
      { subject: 'sip:nobody@nowhere.example', action: 'register' },
    ],
    atRevision: decision['revision'],
  });
  assert.deepEqual(
    (decisions['answers'] as { effect: string }[]).map((answer) => answer.effect),
    ['allow', 'unknown'],
  );
  const asGateway = { 'x-abeyance-subject': account.id, 'x-abeyance-action': 'call.out' };
  const refused = await client.call('GET', '/v1/decisions/http', undefined, { headers: asGateway });
  assert.deepEqual([refused.status, refused.body['code']], [403, 'held']);
  const lifted = await client.done('DELETE', `${url}/holds/${placed.body.id}`);
  await client.done('GET', '/v1/decisions/http', undefined, { headers: asGateway });
  for (const section of ['directory', 'dialplan']) await client.done('POST', `/v1/freeswitch/${section}`, {});
  const observations = [{ subject: account.id, action: 'register' }];
  await client.done('POST', '/v1/observations', { source: 'proxy-1', observations });
  assert.equal((await client.done('GET', `/v1/observations?account=${account.id}`)).items.length, 1);
  assert.equal(lifted['endCause'], 'lifted');
  assert.deepEqual((await client.done('GET', `${url}/holds`)).items, []);
  assert.deepEqual((await client.done('GET', `${url}/holds?ended=true&profile=bad_payer&source=billing`)).items, [
    lifted,
  ]);
  const { items: changes } = await client.done('GET', `/v1/changes?entity=${account.id}`);
  assert.deepEqual(
    changes.map((change) => change['kind']),
    ['entity.created', 'hold.placed', 'hold.lifted'],
  );
});

test('a plan says what would happen, and applying it does just that', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'Planned' });
  await client.done('POST', '/v1/accounts', { name: 'Beneath', parent: account.id });
  const url = `/v1/entities/${account.id}/plan`;
  const plan = await client.done('POST', url, { action: 'hold', profile: 'suspended' });
  assert.deepEqual(plan['effect'], {
    beneath: 2,
    changing: { total: 2, byKind: { account: 2 } },
    alreadyHeld: { total: 0, byKind: {} },
    unchanged: { total: 0, byKind: {} },
    systems: [],
  });
  const applied = await client.done('POST', `/v1/plans/${String(plan['token'])}/apply`);
  const hold = applied['result'] as { id: string };
  assert.equal((await client.done('GET', `/v1/entities/${account.id}/standing`))['standing'], 'suspended');
  const again = await client.call('POST', `/v1/plans/${String(plan['token'])}/apply`);
  assert.equal(again.body['code'], 'conflict');
  const lift = await client.done('POST', url, { action: 'lift', hold: hold.id });
  await client.done('POST', `/v1/plans/${String(lift['token'])}/apply`);
  const stale = await client.done('POST', url, { action: 'close' });
  await client.done('POST', `/v1/entities/${account.id}/holds`, { profile: 'limited' });
  assert.equal(
    (await client.call('POST', `/v1/plans/${String(stale['token'])}/apply`)).body['code'],
    'conflict',
    'a hold came between',
  );
  const close = await client.done('POST', url, { action: 'close' });
  await client.done('POST', '/v1/accounts', { name: 'Created since' });
  const closed = await client.done('POST', `/v1/plans/${String(close['token'])}/apply`);
  assert.equal((closed['result'] as { lifecycle: string }).lifecycle, 'closed');
  const profile = await client.done('POST', '/v1/entities/0/plan', {
    action: 'profile',
    name: 'planned',
    body: { denied: ['api'] },
  });
  assert.equal((profile['effect'] as { changing: { total: number } }).changing.total, 0);
  await client.done('POST', `/v1/plans/${String(profile['token'])}/apply`);
});

test('shape and lifecycle are changed by move, transfer and close', async () => {
  const reseller = await client.done('POST', '/v1/accounts', { name: 'Reseller' });
  const a = await client.done('POST', '/v1/accounts', { name: 'A', parent: reseller.id });
  const b = await client.done('POST', '/v1/accounts', { name: 'B', parent: reseller.id });
  const number = await client.done('POST', '/v1/resources', {
    kind: 'phone_number',
    e164: '+31208005200',
    parent: a.id,
  });
  assert.equal((await client.done('POST', `/v1/entities/${number.id}/transfer`, { owner: b.id }))['owner'], b.id);
  assert.equal((await client.done('POST', `/v1/entities/${number.id}/move`, { parent: b.id }))['parent'], b.id);
  assert.equal(
    (await client.done('GET', `/v1/entities/${number.id}`))['owner'],
    undefined,
    'its owner is its container now',
  );
  assert.equal((await client.done('POST', `/v1/entities/${b.id}/close`))['lifecycle'], 'closed');
  assert.equal((await client.done('GET', `/v1/entities/${number.id}`))['standing'], 'closed');
  const before = (await client.done('GET', `/v1/entities/${b.id}`))['version'];
  const { items: changes } = await client.done(
    'GET',
    `/v1/changes?beneath=${b.id}&kind=entity.closed&order=desc&limit=1`,
  );
  const open = Number(changes[0]?.['revision']) - 1;
  assert.equal((await client.done('GET', `/v1/entities/${b.id}?at=${open}`))['lifecycle'], 'open');
  assert.equal((await client.done('GET', `/v1/entities/${number.id}/standing?at=${open}`))['standing'], 'active');
  assert.equal((await client.done('POST', `/v1/entities/${b.id}/erase`))['entities'], 2);
  const erased = await client.done('GET', `/v1/entities/${b.id}`);
  assert.deepEqual([erased['name'], erased['version']], ['(erased)', Number(before) + 1]);
});

test('credits are granted, read, and refused beyond', async () => {
  const account = await client.done('POST', '/v1/accounts', { name: 'Credited' });
  const url = `/v1/entities/${account.id}/credits`;
  const granted = await client.done('PUT', url, { number_credit: 1, sip_credit: 5, account_credit: null });
  assert.deepEqual(await client.done('GET', url), granted);
  const number = { kind: 'phone_number', parent: account.id };
  await client.done('POST', '/v1/resources', { ...number, e164: '+31208005300' });
  const refused = await client.call('POST', '/v1/resources', { ...number, e164: '+31208005301' });
  assert.equal(refused.body['code'], 'over_credit');
  await client.done('GET', `${url}?children=0`);
});

test('profiles are written, read, listed and removed', async () => {
  const written = await client.call('PUT', '/v1/profiles/holiday', {
    description: 'Away',
    severity: 10,
    denied: ['call.in'],
    refusal: { text: 'Away', announcement: 'away' },
    sessions: 'end',
    systems: { kamailio: { group: 'away' } },
  });
  assert.equal(written.headers['etag'], '"1"');
  assert.deepEqual(await client.done('GET', '/v1/profiles/holiday'), written.body);
  assert.equal(
    (await client.done('PUT', '/v1/profiles/holiday', { ...written.body, severity: 11 }))['version'],
    2,
    'what was read can be sent back',
  );
  const { items } = await client.done('GET', '/v1/profiles');
  assert.ok(
    items.some((profile) => profile['name'] === 'holiday') && items.some((profile) => profile['name'] === 'suspended'),
  );
  await client.done('DELETE', '/v1/profiles/holiday');
  assert.equal((await client.call('GET', '/v1/profiles/holiday')).status, 404);
});

test('the installation tells what it is, exports itself, and verifies itself', async () => {
  const status = await client.done('GET', '/v1/status');
  assert.equal(status['version'], '0.0.0-test');
  const exported = await client.call('GET', '/v1/export');
  assert.match(String(exported.headers['content-type']), /^application\/x-ndjson/);
  const verified = await client.call('POST', '/v1/verify');
  const result = JSON.parse(verified.text.trim().split('\n').at(-1) ?? '') as { ok: boolean; findings: unknown[] };
  assert.deepEqual(result.findings, []);
  assert.equal(result.ok, true);
  const items = [{ op: 'create', body: { kind: 'account', name: 'In bulk' } }];
  assert.equal((await client.call('POST', '/v1/bulk', { items })).status, 207);
});

test('logins, keys, roles and sessions are made, read, listed, changed and removed', () => useLoginRoutes(client));
test('properties are changed one by one, and say whether they take effect', () => usePropertyRoutes(client));
test('numbers are searched, bought and given back', () => useNumberRoutes(client, here));
test('records are told and listed', () => useRecordRoutes(client));
test('systems, targets and receipts', () => useSystemRoutes(client, here.pool));
test('events are read, and deliveries listed, read, repeated and tested', () => useEventRoutes(here, client));
test('no route of the document was left out', () => {
  const unused = client.routes.filter((route) => !client.used.has(route));
  assert.deepEqual(unused, []);
  assert.ok(client.routes.length >= 27);
});
