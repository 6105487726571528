/** Zones with foreign secondaries: transfers, notifications, serials, and what plans and answers say of them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { isSerialKeptOrRaised } from '#core/dns-serial.ts';
import { testInstallation } from '#test/installation.ts';
import { makeOperator } from '#test/operator.ts';
import { type Body, made } from '#test/people.ts';

import { startPdns } from './pdns-for-test.ts';
import { startSecondary } from './secondary-for-test.ts';
import { NUMBER, RANGE, ZONE, makeDnsWorld } from './world-for-test.ts';

const secondary = await startSecondary({ after });
const installation = await testInstallation({ after });
const operator = await makeOperator(installation);
const world = await makeDnsWorld(operator, {
  secondaries: [`127.0.0.1:${secondary.port}`, '2001:db8::53', 'ns.secondary.example'],
});
const pdns = await startPdns({ after }, installation.connectionString);
const { admin, entities } = operator;
const LAGGING = { count: 1, names: [ZONE] };

test('a zone is transferred whole to its secondaries, and to nobody else', async () => {
  assert.deepEqual(await pdns.transfer(ZONE), [
    'example.com. 3600 A 192.0.2.1',
    'example.com. 3600 NS ns1.example.net.',
    'example.com. 3600 NS ns2.example.net.',
    'rented.example.com. 3600 A 192.0.2.3',
    'www.example.com. 77 A 192.0.2.2',
  ]);
  assert.equal(await pdns.transfer(ZONE, '-b', '127.0.0.2'), null, 'no secondary of the zone');
  assert.equal(await pdns.transfer('aside.example'), null, 'a zone without secondaries');
  assert.equal(await pdns.transfer(RANGE), null, 'a range has none');
});

test('what is transferred is what is answered, whatever is held', async () => {
  const whole = await pdns.transfer(ZONE);
  const lift = await operator.hold(entities.owner.id);
  assert.deepEqual(
    await pdns.transfer(ZONE),
    whole?.filter((line) => !line.startsWith('rented.')),
  );
  await lift();
  assert.deepEqual(await pdns.transfer(ZONE), whole);
  const away = await operator.hold(entities.parent.id);
  assert.equal(await pdns.transfer(ZONE), null, 'a zone that is refused');
  await away();
  assert.deepEqual(await pdns.transfer(ZONE), whole);
});

test('a change is notified by itself, and at once through the API', async () => {
  const own = await startPdns({ after }, installation.connectionString);
  assert.equal(await secondary.next(), ZONE, 'it changed in the last minutes');
  secondary.notified.length = 0;
  assert.deepEqual(await own.call('PUT', `/zones/${ZONE}./notify`), {
    status: 200,
    body: { result: 'Notification queued' },
  });
  assert.equal(await secondary.next(), ZONE);
  await own.server.stop();
});

test('a parked zone with its secondaries: notified, transferred parked, and afterwards as before', async () => {
  await made(
    admin('PUT', '/v1/profiles/parking', {
      denied: ['dns'],
      systems: { powerdns: { answer: 'parked', addresses: ['192.0.2.80'] } },
    }),
  );
  const [whole, before] = [await pdns.transfer(ZONE), await pdns.serial(ZONE)];
  const lift = await operator.hold(entities.parent.id, 'parking');
  secondary.notified.length = 0;
  await pdns.call('PUT', `/zones/${ZONE}./notify`);
  assert.equal(await secondary.next(), ZONE);
  const parked = await pdns.serial(ZONE);
  assert.ok((parked ?? 0) > (before ?? 0));
  assert.deepEqual(await pdns.transfer(ZONE), [
    '*.example.com. 60 A 192.0.2.80',
    'example.com. 60 A 192.0.2.80',
    'example.com. 60 NS ns1.example.net.',
    'example.com. 60 NS ns2.example.net.',
  ]);
  await lift();
  assert.ok(((await pdns.serial(ZONE)) ?? 0) > (parked ?? 0));
  assert.deepEqual(await pdns.transfer(ZONE), whole);
});

test('the serial grows with whatever reaches the zone, and with nothing else', async () => {
  const step = async (what: string, work: () => Promise<unknown>, grows: boolean) => {
    const former = (await pdns.serial(ZONE)) ?? 0;
    const result = await work();
    const next = (await pdns.serial(ZONE)) ?? 0;
    if (grows) assert.ok(next > former, `${what}: ${next} after ${former}`);
    else assert.equal(next, former, what);
    return result;
  };
  const record = (await step('a new record', () => world.record('new.example.com', 'A', '192.0.2.5'), true)) as string;
  await step('an edit', () => made(admin('PATCH', `/v1/entities/${record}`, { value: '192.0.2.6' })), true);
  await step('an edit of the zone', () => made(admin('PATCH', `/v1/entities/${world.zone}`, { ttl: 1800 })), true);
  await step(
    'a higher serial',
    () => made(admin('PATCH', `/v1/entities/${world.zone}`, { serial: 2_026_010_101 })),
    true,
  );
  const liftRecord = (await step('a hold on a record', () => operator.hold(record), true)) as () => Promise<void>;
  await step('its end', liftRecord, true);
  const liftOwner = (await step(
    'a hold on an owner',
    () => operator.hold(entities.owner.id),
    true,
  )) as () => Promise<void>;
  await step('its end', liftOwner, true);
  await step(
    'a transfer',
    () => made(admin('POST', `/v1/entities/${record}/transfer`, { owner: entities.owner.id })),
    true,
  );
  await step('a closed record', () => operator.close(record), true);
  await step('suspended and resumed far above', async () => (await operator.hold(entities.reseller.id))(), true);
  await step(
    'a hold that leaves names alone',
    async () => (await operator.hold(entities.account.id, 'limited'))(),
    false,
  );
  await step(
    'an account renamed',
    () => made(admin('PATCH', `/v1/entities/${entities.account.id}`, { name: 'Renamed' })),
    false,
  );
  await step('another zone', () => operator.create('dns_zone', entities.other.id, { name: 'apart.example' }), false);
});

test('a serial that would go back is refused', async () => {
  const { status, body } = await admin('PATCH', `/v1/entities/${world.zone}`, { serial: 7 });
  assert.deepEqual(
    [status, body.errors],
    [422, [{ field: 'serial', message: 'must not go back from 2026010101 (RFC 1982)' }]],
  );
});

test('a zone that takes over a name goes on from the former serials', async () => {
  const fields = { name: 'passed.example', nameservers: ['ns1.example.net'] };
  const former = await operator.create('dns_zone', entities.account.id, { ...fields, serial: 3_999_999_999 });
  const first = await startPdns({ after }, installation.connectionString);
  const was = (await first.serial('passed.example')) ?? 0;
  await first.server.stop();
  await operator.close(former.id);
  await operator.create('dns_zone', entities.other.id, fields);
  const second = await startPdns({ after }, installation.connectionString);
  const is = (await second.serial('passed.example')) ?? 0;
  assert.ok(is !== was && isSerialKeptOrRaised(was, is), `${is} after ${was}`);
  await second.server.stop();
});

test('plans name the zones whose secondaries do not follow at once, and a hold or a lift costs no such look', async () => {
  const plan = async (entity: string, intent: object): Promise<Body> =>
    (await made(admin('POST', `/v1/entities/${entity}/plan`, intent)))['effect'];
  for (const entity of [world.zone, world.www, entities.account.id, entities.reseller.id, entities.owner.id, '0'])
    assert.deepEqual((await plan(entity, { action: 'hold', profile: 'suspended' }))['laggingZones'], LAGGING, entity);
  for (const entity of [world.range, world.number, entities.other.id])
    assert.equal((await plan(entity, { action: 'hold', profile: 'suspended' }))['laggingZones'], undefined, entity);
  assert.equal((await plan(world.zone, { action: 'hold', profile: 'limited' }))['laggingZones'], undefined);
  assert.deepEqual((await plan(world.zone, { action: 'close' }))['laggingZones'], LAGGING);
  const held = await made(admin('POST', `/v1/entities/${entities.parent.id}/holds`, { profile: 'suspended' }));
  assert.equal(held['laggingZones'], undefined);
  const edit = { action: 'profile', name: 'suspended', body: { denied: ['api'] } };
  assert.deepEqual((await plan('0', edit))['laggingZones'], LAGGING);
  assert.deepEqual((await plan(entities.parent.id, { action: 'lift', hold: held['id'] }))['laggingZones'], LAGGING);
  const lifted = await made(admin('DELETE', `/v1/entities/${entities.parent.id}/holds/${String(held['id'])}`));
  assert.equal(lifted['laggingZones'], undefined);
});

test('no more than twenty are named, all are counted, and a plan to close tells them too', async () => {
  const account = await operator.create('account', entities.reseller.id, { name: 'Many' });
  for (let n = 10; n < 35; n++)
    await operator.create('dns_zone', account.id, { name: `zone${n}.example`, secondaries: ['192.0.2.53'] });
  const planned = await made(admin('POST', `/v1/entities/${account.id}/plan`, { action: 'close' }));
  assert.deepEqual(planned['effect']['laggingZones'], {
    count: 25,
    names: Array.from({ length: 20 }, (_, index) => `zone${index + 10}.example`),
  });
  await operator.close(account.id);
  const again = await made(admin('POST', `/v1/entities/${entities.reseller.id}/plan`, { action: 'close' }));
  assert.deepEqual(again['effect']['laggingZones'], LAGGING, 'those that are closed themselves are no news');
});

test('a number that is held changes the serial of its range', async () => {
  const former = (await pdns.serial(RANGE)) ?? 0;
  const lift = await operator.hold(world.number);
  const held = (await pdns.serial(RANGE)) ?? 0;
  await lift();
  const resumed = (await pdns.serial(RANGE)) ?? 0;
  assert.ok(former < held && held < resumed, `${former}, ${held}, ${resumed}`);
  assert.notEqual(await pdns.say(NUMBER, 'NAPTR'), 'NXDOMAIN');
});
