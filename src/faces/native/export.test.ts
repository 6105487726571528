/** What is exported and imported into another installation is the same tree, with the same holds and standings. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';

import { type Body, CheckedClient } from '#test/checked-client.ts';

const cleanup = { after: (work: () => Promise<void> | void) => after(work) };
const from = await CheckedClient.of((await testInstallation(cleanup)).app);
const to = await CheckedClient.of((await testInstallation(cleanup)).app);

const items = [
  { kind: 'account', name: 'North Telecom', reference: 'R-1', country: 'NL', email: 'noc@north.example' },
  { kind: 'account', name: 'Acme', reference: 'C-1', parent: 'ref:R-1', properties: [{ name: 'x', value: '1' }] },
  { kind: 'account', name: 'Acme Sales', reference: 'C-1-S', parent: 'ref:C-1' },
  { kind: 'account', name: 'Bolt', reference: 'C-2', parent: 'ref:R-1' },
  { kind: 'sip_domain', domain: 'exported.example', parent: 'ref:C-1', privateKey: '-----BEGIN a private key-----' },
  { kind: 'application', name: 'IVR', url: 'https://ivr.example/', parent: 'ref:C-1' },
  {
    kind: 'sip_account',
    username: 'alice',
    password: 'the password of alice',
    groups: ['pstn'],
    callLimit: 2,
    parent: 'sip:exported.example',
  },
  { kind: 'sip_account', username: 'bob', parent: 'sip:exported.example', owner: 'ref:C-2' },
  { kind: 'sip_alias', username: 'sales', target: 'sip:alice@exported.example', parent: 'sip:exported.example' },
  { kind: 'sip_alias', username: 'front', target: 'sip:sales@exported.example', parent: 'sip:exported.example' },
  { kind: 'phone_number', e164: '+31208005400', target: 'sip:front@exported.example', parent: 'ref:C-1' },
  {
    kind: 'phone_number',
    sipNumber: '200',
    domain: 'sip:exported.example',
    targetUri: 'sip:x@else.example',
    parent: 'ref:C-1',
  },
  { kind: 'trusted_peer', address: '192.0.2.40', authToken: 'the token of the peer', parent: 'ref:C-2' },
  { kind: 'enum_range', prefix: '312080054', parent: 'ref:R-1', nameservers: ['ns1.north.example'] },
  { kind: 'enum_number', digits: '31208005400', parent: 'enum-range:312080054.e164.arpa', owner: 'ref:C-1' },
  {
    kind: 'dns_zone',
    name: 'exported.example',
    nameservers: ['ns1.north.example', 'ns2.north.example'],
    ttl: 300,
    parent: 'ref:C-1',
  },
  {
    kind: 'dns_record',
    name: 'exported.example',
    type: 'MX',
    value: 'mx.exported.example',
    priority: 10,
    parent: 'dns:exported.example',
  },
  {
    kind: 'dns_record',
    name: '_sip._udp.exported.example',
    type: 'SRV',
    value: '5 5060 sip.exported.example',
    priority: 1,
    parent: 'dns:exported.example',
  },
  {
    kind: 'dns_record',
    name: 'exported.example',
    type: 'TXT',
    value: `"${'v=spf1 '.repeat(30)}"`,
    parent: 'dns:exported.example',
  },
  {
    kind: 'mailbox',
    address: 'alice@exported.example',
    password: 'the password of the mailbox',
    parent: 'dns:exported.example',
  },
  { kind: 'foreign', system: 'office', externalReference: 't/1', properties: { seats: 3 }, parent: 'ref:C-1' },
  { kind: 'foreign', system: 'office', externalReference: 't/1/1', parent: 'foreign:office/t/1' },
].map((body) => ({ op: 'create', body }));

async function linesOf(client: CheckedClient, query = ''): Promise<Body[]> {
  const { status, text } = await client.call('GET', `/v1/export${query}`);
  assert.equal(status, 200);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Body);
}

/** All entities as they are seen, without what belongs to one installation alone. */
async function treeOf(client: CheckedClient): Promise<Map<string, Record<string, unknown>>> {
  const { items: entities } = await client.done('GET', '/v1/entities?limit=1000&closed=true');
  const platform = String(entities[0]?.id);
  const tree = new Map<string, Record<string, unknown>>();
  for (const {
    number: _number,
    version: _version,
    createdAt: _createdAt,
    updatedAt: _updatedAt,
    ...entity
  } of entities.slice(1)) {
    const { items: holds } = await client.done('GET', `/v1/entities/${entity.id}/holds`);
    tree.set(entity.id, {
      ...entity,
      parent: entity['parent'] === platform ? 'the platform' : entity['parent'],
      holds: holds.map(({ profile, authority, source, externalRef, note, startsAt, endsAt, reviewAt, inForce }) => ({
        profile,
        authority,
        source,
        externalRef,
        note,
        startsAt,
        endsAt,
        reviewAt,
        inForce,
      })),
    });
  }
  return tree;
}

async function importInto(client: CheckedClient, lines: readonly Body[]): Promise<void> {
  const answer = await client.done('POST', '/v1/bulk', { items: lines.slice(1) });
  assert.deepEqual(
    answer.items.filter((item) => item['problem'] !== undefined),
    [],
  );
}

test('a tree is built to be exported', async () => {
  const answer = await from.done('POST', '/v1/bulk', { items });
  assert.deepEqual(
    answer.items.filter((item) => item['problem'] !== undefined),
    [],
  );
  await from.done('PATCH', '/v1/entities/ref:R-1', { organization: 'sip:exported.example' });
  await from.done('PATCH', '/v1/entities/ref:C-1', { impersonate: 'ref:R-1' });
  await from.done('POST', '/v1/entities/ref:C-1/holds', {
    profile: 'bad_payer',
    source: 'billing',
    externalRef: '4711',
    note: 'invoice 4711',
    authority: 'reseller',
    reviewAt: '2198-05-05T00:00:00Z',
  });
  await from.done('POST', '/v1/entities/sip:bob@exported.example/holds', {
    profile: 'suspended',
    startsAt: '2198-01-01T00:00:00Z',
    endsAt: '2199-01-01T00:00:00Z',
  });
  const lifted = await from.done('POST', '/v1/entities/ref:C-2/holds', { profile: 'fraud' });
  await from.done('DELETE', `/v1/entities/ref:C-2/holds/${lifted.id}`);
});

test('an export with secrets makes the same tree elsewhere, and exports again the same', async () => {
  const lines = await linesOf(from, '?secrets=true');
  const [header] = lines;
  assert.deepEqual([header?.['abeyance'], header?.['format'], header?.['secrets']], ['export', 1, true]);
  await importInto(to, lines);
  assert.deepEqual(await treeOf(to), await treeOf(from));
  const again = await linesOf(to, '?secrets=true');
  const byId = (all: readonly Body[]) =>
    all
      .slice(1)
      .map((line) => JSON.stringify(line))
      .toSorted();
  assert.deepEqual(byId(again), byId(lines));
});

test('importing the same export twice changes nothing and says why', async () => {
  const before = await treeOf(to);
  const answer = await to.done('POST', '/v1/bulk', { items: (await linesOf(from, '?secrets=true')).slice(1) });
  const codes = answer.items.map((item) => (item['problem'] as { code: string } | undefined)?.code ?? item['status']);
  assert.deepEqual(new Set(codes), new Set(['exists', 200]));
  assert.deepEqual(await treeOf(to), before);
});

test('an export without secrets has none, and neither has any other answer', async () => {
  const secrets = /"[0-9a-f]{32}"|ARGON2|the password of|the token of|a private key/;
  const { text } = await from.call('GET', '/v1/export');
  assert.doesNotMatch(text, secrets);
  assert.doesNotMatch(text, /"(?:ha1|ha1b|passwordHash|privateKey|authToken|password)"/);
  assert.match((await from.call('GET', '/v1/export?secrets=true')).text, secrets);
  for (const url of [
    '/v1/entities?limit=1000',
    '/v1/changes?limit=1000',
    '/v1/entities/sip:alice@exported.example',
    '/v1/entities/sip:exported.example/children',
    '/v1/entities/mail:alice@exported.example/explain',
  ])
    assert.doesNotMatch((await from.call('GET', url)).text, secrets, url);
});

test('a part of the tree is exported with what lies beneath it, and without its own parent', async () => {
  const lines = (await linesOf(from, '?root=ref:C-1')).slice(1);
  const bodies = lines.filter((line) => line['op'] === 'create').map((line) => line['body'] as Body);
  assert.equal(bodies[0]?.['name'], 'Acme');
  assert.equal(bodies[0]?.['parent'], undefined);
  assert.ok(
    bodies.some((body) => body['kind'] === 'enum_number'),
    'what Acme owns elsewhere lies beneath it, too',
  );
  assert.ok(!bodies.some((body) => body['name'] === 'North Telecom' || body['name'] === 'Bolt'));
  assert.equal((await from.call('GET', '/v1/export?root=ref:nobody')).status, 404);
});

test('what is closed stays behind', async () => {
  await from.done('POST', '/v1/entities/ref:C-1-S/close');
  const names = new Set((await linesOf(from)).map((line) => (line['body'] as Body | undefined)?.['name']));
  assert.ok(!names.has('Acme Sales'));
  assert.ok(names.has('Acme'));
});
