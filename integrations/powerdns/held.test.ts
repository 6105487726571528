/** What a held zone answers, as its profile says; caches; and a database that is away. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { testInstallation } from '#test/installation.ts';
import { makeOperator } from '#test/operator.ts';
import { made } from '#test/people.ts';
import { freePort } from '#test/real-server.ts';

import { assertRefused, startPdns } from './pdns-for-test.ts';
import { startRelay } from './relay-for-test.ts';
import { NUMBER, RANGE, ZONE, makeDnsWorld } from './world-for-test.ts';

const installation = await testInstallation({ after });
const operator = await makeOperator(installation);
const world = await makeDnsWorld(operator);
const pdns = await startPdns({ after }, installation.connectionString);
const put = (name: string, body: object) => made(operator.admin('PUT', `/v1/profiles/${name}`, body));

await put('dns_gone', { denied: ['dns'], severity: 100, systems: { powerdns: { answer: 'nxdomain' } } });
await put('dns_parked', {
  denied: ['dns'],
  severity: 900,
  systems: { powerdns: { answer: 'parked', addresses: ['192.0.2.80', '2001:db8::80'], ttl: 30 } },
});
await put('dns_page', { intercepted: ['dns'], systems: { powerdns: { addresses: ['192.0.2.81'] } } });
await put('dns_nowhere', { intercepted: ['dns'] });

test('nxdomain: SOA and NS alone are left, and a minute is the longest that is kept', async () => {
  const lift = await operator.hold(operator.entities.parent.id, 'dns_gone');
  const { status, authority } = await pdns.ask('www.example.com');
  assert.equal(status, 'NXDOMAIN');
  assert.match(authority[0] ?? '', /^example\.com\. 60 SOA /);
  assert.equal(await pdns.say(ZONE, 'A'), 'NODATA');
  assert.equal(await pdns.say(ZONE, 'NS'), 'ns1.example.net., ns2.example.net.');
  assert.equal(await pdns.say(NUMBER, 'NAPTR'), 'NXDOMAIN');
  await lift();
  assert.equal(await pdns.say('www.example.com'), '192.0.2.2');
});

test('parked: every name leads to the parking addresses, for its time to live, and nowhere else', async () => {
  const lift = await operator.hold(operator.entities.reseller.id, 'dns_parked');
  assert.deepEqual((await pdns.ask('www.example.com')).answers, ['www.example.com. 30 A 192.0.2.80']);
  assert.deepEqual((await pdns.ask('a.b.c.example.com', 'AAAA')).answers, ['a.b.c.example.com. 30 AAAA 2001:db8::80']);
  assert.equal(await pdns.say(ZONE), '192.0.2.80');
  assert.equal(await pdns.say(ZONE, 'MX'), 'NODATA');
  assert.match(await pdns.say(ZONE, 'SOA'), /^ns1\.example\.net\. /);
  await lift();
  assert.equal(await pdns.say('www.example.com'), '192.0.2.2');
  assert.equal(await pdns.say('www.example.com', 'AAAA'), 'NODATA');
});

test('intercepted dns is parked; without an address to show it is refused', async () => {
  const lift = await operator.hold(world.zone, 'dns_page');
  assert.equal(await pdns.say('www.example.com'), '192.0.2.81');
  assert.equal(await pdns.say(NUMBER, 'NAPTR'), '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .');
  await lift();
  const empty = await operator.hold(world.zone, 'dns_nowhere');
  assertRefused(await pdns.ask('www.example.com'));
  await empty();
});

test('of several holds the most restrictive answer counts, in whatever order they came', async () => {
  const orders = [
    ['dns_page', 'dns_parked', 'dns_gone', 'suspended'],
    ['suspended', 'dns_gone', 'dns_parked', 'dns_page'],
  ];
  for (const order of orders) {
    const lifts = new Map<string, () => Promise<void>>();
    for (const profile of order) lifts.set(profile, await operator.hold(operator.entities.account.id, profile));
    assertRefused(await pdns.ask('www.example.com'));
    await lifts.get('suspended')?.();
    assert.equal(await pdns.say('www.example.com'), 'NXDOMAIN');
    await lifts.get('dns_gone')?.();
    assert.equal(await pdns.say('www.example.com'), '192.0.2.80');
    await lifts.get('dns_parked')?.();
    assert.equal(await pdns.say('www.example.com'), '192.0.2.81');
    await lifts.get('dns_page')?.();
    assert.equal(await pdns.say('www.example.com'), '192.0.2.2');
  }
});

test('an edit of the profile counts at once', async () => {
  await put('edited', { denied: ['dns'] });
  const lift = await operator.hold(world.zone, 'edited');
  assertRefused(await pdns.ask('www.example.com'));
  await put('edited', { denied: ['dns'], systems: { powerdns: { answer: 'nxdomain' } } });
  assert.equal(await pdns.say('www.example.com'), 'NXDOMAIN');
  await put('edited', { denied: ['call.out'] });
  assert.equal(await pdns.say('www.example.com'), '192.0.2.2');
  await lift();
});

test('settings that mean nothing are refused, each by its name', async () => {
  const { admin } = operator;
  const cases: readonly (readonly [settings: unknown, field: string])[] = [
    ['parked', 'systems.powerdns'],
    [{ answer: 'servfail' }, 'systems.powerdns.answer'],
    [{ answer: 'parked' }, 'systems.powerdns.addresses'],
    [{ addresses: ['www.example.com'] }, 'systems.powerdns.addresses'],
    [{ addresses: ["192.0.2.1'; drop table entity; --"] }, 'systems.powerdns.addresses'],
    [{ addresses: [] }, 'systems.powerdns.addresses'],
    [{ ttl: -1 }, 'systems.powerdns.ttl'],
    [{ anwser: 'refused' }, 'systems.powerdns.anwser'],
  ];
  for (const [powerdns, field] of cases) {
    const { status, body } = await admin('PUT', '/v1/profiles/wrong', { denied: ['dns'], systems: { powerdns } });
    assert.deepEqual([status, body.errors?.[0]?.field], [422, field], JSON.stringify(powerdns));
  }
});

test('settings that were stored before they were judged never make a zone fail', async () => {
  for (const systems of [{ powerdns: 7 }, { powerdns: { answer: 'parked', addresses: 'x' } }, { powerdns: [] }, []]) {
    await put('old', { denied: ['dns'] });
    await installation.pool.query('update profile set systems = $1 where name = $2', [JSON.stringify(systems), 'old']);
    const lift = await operator.hold(world.zone, 'old');
    assertRefused(await pdns.ask('www.example.com'));
    await lift();
  }
});

test('a held zone beneath a zone that is served shows nothing of its own', async () => {
  const zone = await operator.create('dns_zone', operator.entities.other.id, {
    name: 'shop.example.com',
    nameservers: ['ns1.example.net'],
  });
  await operator.create('dns_record', zone.id, { name: 'www.shop.example.com', type: 'A', value: '192.0.2.90' });
  await world.record('shop.example.com', 'NS', 'ns1.example.net');
  const fresh = await startPdns({ after }, installation.connectionString);
  assert.equal(await fresh.say('www.shop.example.com'), '192.0.2.90');
  const lift = await operator.hold(zone.id);
  // The zone above answers, as it would if this one were served elsewhere.
  const { status, answers, authority } = await fresh.ask('www.shop.example.com');
  assert.deepEqual([status, answers, authority], ['NOERROR', [], ['shop.example.com. 3600 NS ns1.example.net.']]);
  await lift();
  const above = await operator.hold(world.zone);
  assert.equal(await fresh.say('www.shop.example.com'), '192.0.2.90');
  await above();
});

test('a zone that is held when the server starts is served after the lift, without a new list of zones', async () => {
  const lift = await operator.hold(operator.entities.account.id);
  const fresh = await startPdns({ after }, installation.connectionString, { zone_list_seconds: '99999' });
  assertRefused(await fresh.ask('www.example.com'));
  await lift();
  assert.equal(await fresh.say('www.example.com'), '192.0.2.2');
});

test('a new zone is found when the list of zones is read again', async () => {
  const patient = await startPdns({ after }, installation.connectionString, { zone_list_seconds: '99999' });
  await operator.create('dns_zone', operator.entities.other.id, {
    name: 'fresh.example',
    nameservers: ['ns1.example.net'],
  });
  assertRefused(await patient.ask('fresh.example', 'NS'));
  await patient.control('rediscover');
  while ((await patient.say('fresh.example', 'NS')) !== 'ns1.example.net.') await sleep(20);
});

test('with the caches as shipped an answer outlives a hold until it is purged, or for a second', async () => {
  const cached = await startPdns({ after }, installation.connectionString, { cache_seconds: '1' });
  const comes = async (wanted: string) => {
    while ((await cached.say('www.example.com')) !== wanted) await sleep(20);
  };
  await comes('192.0.2.2');
  const lift = await operator.hold(operator.entities.account.id);
  await comes('REFUSED');
  await lift();
  await comes('192.0.2.2');
});

test('a purge through the API ends what caches keep, for one zone with all beneath, or for all', async () => {
  const cached = await startPdns({ after }, installation.connectionString, { cache_seconds: '3600' });
  assert.equal(await cached.say('www.example.com'), '192.0.2.2');
  assert.equal(await cached.say('aside.example'), '192.0.2.200');
  const lift = await operator.hold(operator.entities.account.id);
  assert.equal(await cached.say('www.example.com'), '192.0.2.2', 'kept for an hour');
  const one = await cached.call('PUT', `/cache/flush?domain=${ZONE}.`);
  assert.equal(one.status, 200);
  assert.ok((one.body as { count: number }).count > 0);
  assertRefused(await cached.ask('www.example.com'));
  await lift();
  assertRefused(await cached.ask('www.example.com'));
  await cached.call('PUT', `/cache/flush?domain=${ZONE}.`);
  assert.equal(await cached.say('www.example.com'), '192.0.2.2');
  const above = await operator.hold(operator.entities.reseller.id);
  assert.deepEqual(
    [await cached.say('www.example.com'), await cached.say('aside.example')],
    ['192.0.2.2', '192.0.2.200'],
  );
  assert.equal((await cached.call('PUT', '/cache/flush?domain=.')).status, 200);
  const kept = [await cached.say('www.example.com'), await cached.say('aside.example')];
  assert.deepEqual(kept, ['REFUSED', 'REFUSED'], 'the root and all beneath is everything');
  await above();
  assert.match(await cached.control('purge'), /^[1-9]\d*$/, 'the control socket does the same');
  assert.equal(await cached.say('www.example.com'), '192.0.2.2');
  const { status } = await fetch(`${cached.api}/api/v1/servers/localhost/cache/flush?domain=.`, { method: 'PUT' });
  assert.equal(status, 401, 'not without the key');
});

test('without the database the answer is SERVFAIL, and all is well when it is back', async () => {
  const port = await freePort();
  const relay = await startRelay({ after }, port, installation.connectionString);
  const url = new URL(installation.connectionString);
  url.port = String(port);
  url.hostname = '127.0.0.1';
  const apart = await startPdns({ after }, url.href);
  assert.equal(await apart.say('www.example.com'), '192.0.2.2');
  await relay.cut();
  assert.equal(await apart.say('www.example.com'), 'SERVFAIL');
  assert.equal(await apart.say(NUMBER, 'NAPTR'), 'SERVFAIL');
  await relay.mend();
  while ((await apart.say('www.example.com')) !== '192.0.2.2') await sleep(50);
  const admin = new pg.Client({ connectionString: installation.connectionString });
  await admin.connect();
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'abeyance_powerdns' and datname = current_database()`,
  );
  await admin.end();
  assert.equal(
    await apart.say(`1.0.1.${RANGE}`, 'NAPTR'),
    '100 10 "u" "E2U+sip" "!^.*$!sip:rented@example.com!" .',
    'sessions that were ended are made again',
  );
});

test('the role reads the views and nothing else', async () => {
  const url = new URL(installation.connectionString);
  url.username = 'abeyance_powerdns';
  url.password = 'a-password-of-the-tests';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  for (const statement of [
    'select from public.dns_zone',
    'select from public.entity',
    'select from public.dns_mark',
    'select public.mark_dns(1, now(), $$[]$$)',
    'insert into powerdns_domains (name) values ($$x$$)',
    'delete from powerdns_records',
  ])
    await assert.rejects(client.query(statement), /permission denied|cannot (insert|delete|execute)/, statement);
  await client.end();
});
