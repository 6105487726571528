/** Zones with foreign secondaries beneath nodes, in a tree that is too large to look through, and in one that is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Session } from '#store/database.ts';
import { testInstallation } from '#test/installation.ts';
import { makeOperator } from '#test/operator.ts';

import { LOOK_MAX, findLaggingZones } from './lagging-zones.ts';
import { usersBeneath, zonesBeneath } from './node-directory.ts';

const DOMAIN = { nameservers: ['ns.example'] };

test('a large tree has the same zones as a small one; a look that ends early says so', async (t) => {
  const installation = await testInstallation(t);
  const operator = await makeOperator(installation);
  const session = new Session(installation.pool);
  const { reseller, account, owner, other } = operator.entities;
  const secondaries = ['192.0.2.53'];
  const zone = await operator.create('dns_zone', account.id, { name: 'one.example', secondaries, ...DOMAIN });
  const rented = await operator.create(
    'dns_record',
    zone.id,
    { name: 'a.one.example', type: 'A', value: '192.0.2.1' },
    owner.id,
  );
  await operator.create('dns_zone', account.id, { name: 'plain.example', ...DOMAIN });
  const gone = await operator.create('dns_zone', account.id, { name: 'gone.example', secondaries, ...DOMAIN });
  await operator.close(gone.id);
  const look = (...nodes: number[]) => findLaggingZones(session, nodes, 20);
  const expected = async (isLarge: string) => {
    for (const node of [zone, account, owner, reseller, rented])
      assert.deepEqual(await look(node.number), { count: 1, names: ['one.example'] }, `${isLarge} ${node.number}`);
    assert.deepEqual(await look(0), { count: 1, names: ['one.example'] }, isLarge);
    assert.deepEqual(await look(other.number, account.number, zone.number), { count: 1, names: ['one.example'] });
    assert.equal(await look(gone.number), null);
    assert.equal(await look(), null);
  };
  await expected('small');
  assert.equal(await look(other.number), null);
  assert.deepEqual(await zonesBeneath(session, account.number, 50), ['gone.example', 'one.example', 'plain.example']);
  assert.deepEqual(await zonesBeneath(session, owner.number, 50), ['one.example'], 'where its records are');
  assert.equal(await zonesBeneath(session, account.number, 2), null);
  await installation.pool.query(
    `insert into entity (parent_id, kind, ancestors, label)
      select $1, 'application', null, 'one of many' from generate_series(1, ${LOOK_MAX})`,
    [other.number],
  );
  await expected('large');
  assert.equal(await look(other.number), null);
  assert.equal(await zonesBeneath(session, other.number, 50), null, 'too much to look through');
  await installation.pool.query(
    `with e as (insert into entity (parent_id, kind, label) select $1, 'dns_zone', 'z' from generate_series(1, ${LOOK_MAX}) returning id)
      insert into dns_zone select id, 'z' || id || '.example', null, 60, 60, 60, 60, 60, 1, '{}', '{192.0.2.53}', null from e`,
    [other.number],
  );
  const partial = await findLaggingZones(session, [0], 3);
  assert.equal(partial?.isPartial, true);
  assert.equal(partial?.names.length, 3);
  assert.ok(partial.count < LOOK_MAX && partial.count > LOOK_MAX - 5, 'no more than so many are looked at');
});

test('live users are those beneath the node who may not do it now', async (t) => {
  const installation = await testInstallation(t);
  const operator = await makeOperator(installation);
  const session = new Session(installation.pool);
  const { account, owner, other, parent } = operator.entities;
  const zone = await operator.create('dns_zone', account.id, { name: 'mail.example', ...DOMAIN });
  const bob = await operator.create('mailbox', zone.id, { address: 'bob@mail.example' });
  await operator.create('mailbox', zone.id, { address: 'carol@mail.example' }, owner.id);
  await operator.create('mailbox', other.id, { address: 'dave@other.example' });
  const live = ['bob@mail.example', 'Bob@MAIL.example', 'carol@mail.example', 'dave@other.example', 'root', 'x@y'];
  const held = async (node: number) => (await usersBeneath(session, node, live, 'mail.read')).toSorted();
  assert.deepEqual(await held(account.number), [], 'nothing is held');
  const lift = await operator.hold(parent.id, 'fraud');
  const all = ['Bob@MAIL.example', 'bob@mail.example', 'carol@mail.example'];
  assert.deepEqual(await held(parent.number), all);
  assert.deepEqual(await held(bob.number), all.slice(0, 2));
  assert.deepEqual(await held(other.number), []);
  await lift();
  const liftOwner = await operator.hold(owner.id, 'fraud');
  assert.deepEqual(await held(owner.number), ['carol@mail.example'], 'what it owns elsewhere');
  await liftOwner();
  await operator.hold(parent.id, 'limited');
  assert.deepEqual(await held(parent.number), []);
  assert.equal((await usersBeneath(session, parent.number, live, 'mail.send')).length, 3);
  await operator.close(bob.id);
  assert.deepEqual(await held(bob.number), all.slice(0, 2), 'what is closed may do nothing');
  const many = Array.from({ length: 2_500 }, (_, index) => `nobody${index}@mail.example`);
  const crowd = [...many, ...live];
  assert.deepEqual(await usersBeneath(session, bob.number, crowd, 'mail.read'), all.slice(0, 2).toReversed());
  assert.deepEqual(await usersBeneath(session, other.number, crowd, 'mail.read'), []);
  await installation.pool.query(
    `insert into entity (parent_id, kind, label) select $1, 'application', 'one of many' from generate_series(1, ${LOOK_MAX})`,
    [account.number],
  );
  assert.deepEqual(await usersBeneath(session, account.number, crowd, 'mail.read'), all.slice(0, 2).toReversed());
});
