/** Serials grow whenever what is served changes, and never go back: under random changes, one by one and at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { isSerialKeptOrRaised } from '#core/dns-serial.ts';

import { type Installation, testInstallation } from '#test/installation.ts';
import { made } from '#test/people.ts';
import { makeSerialWorld, serialStep } from '#test/serial-world.ts';

interface Seen {
  readonly name: string;
  readonly serial: number;
  readonly content: string;
}

/** Every zone as one snapshot of the database has it. */
async function look({ pool }: Installation): Promise<Seen[]> {
  const { rows } = await pool.query<Seen>(
    `select d.name, (select s.serial from enforce.powerdns_serial(d.id, coalesce(z.serial, 1)) s)::float8 as serial,
      (select coalesce(string_agg(concat_ws(' ', l.name, l.ttl, l.type, l.prio, case l.type when 'SOA' then '' else l.content end), E'\\n'
        order by l.name, l.type, l.content), 'refused') from enforce.powerdns_list(d.id) l) as content
    from enforce.powerdns_domains d left join dns_zone z on z.entity_id = d.id`,
  );
  return rows;
}

function judge(former: readonly Seen[], next: readonly Seen[], what: string): void {
  for (const { name, serial, content } of former) {
    const now = next.find((zone) => zone.name === name);
    assert.ok(now !== undefined, `${name} is not listed any more after ${what}`);
    assert.ok(isSerialKeptOrRaised(serial, now.serial), `${name} went back from ${serial} to ${now.serial} by ${what}`);
    if (now.content !== content)
      assert.notEqual(now.serial, serial, `${name} is other after ${what}:\n${content}\n--\n${now.content}`);
  }
}

test('whatever happens, one after the other', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(serialStep, { minLength: 15, maxLength: 40 }), async (steps) => {
      const installation = await testInstallation(t);
      const world = await makeSerialWorld(installation);
      let former = await look(installation);
      for (const step of steps) {
        await step.run(world);
        const next = await look(installation);
        judge(former, next, step.what);
        former = next;
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
});

test('whatever happens at once: no snapshot shows other content under the same serial', async (t) => {
  const installation = await testInstallation(t);
  const world = await makeSerialWorld(installation);
  const steps = fc.sample(serialStep, 200);
  let looks = 0;
  let isDone = false;
  const work = async () => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step.run(world);
  };
  const watch = async () => {
    let former = await look(installation);
    while (!isDone) {
      const next = await look(installation);
      judge(former, next, 'something at once');
      former = next;
      looks += 1;
    }
  };
  const watching = watch();
  try {
    await Promise.all([work(), work(), work(), work()]);
  } finally {
    isDone = true;
  }
  await watching;
  assert.ok(looks > 0);
});

/** A change that must make one zone other, and so its serial. */
async function changes(installation: Installation, zone: string, what: string, work: () => Promise<unknown>) {
  const former = await look(installation);
  await work();
  const next = await look(installation);
  judge(former, next, what);
  const content = (list: readonly Seen[]) => list.find(({ name }) => name === zone)?.content;
  assert.notEqual(content(former), content(next), what);
}

test('a number that is moved leaves one range and joins another', async (t) => {
  const installation = await testInstallation(t);
  const { ask, leaves, zones } = await makeSerialWorld(installation);
  const move = (parent = '') => made(ask('POST', `/v1/entities/${leaves[3] ?? ''}/move`, { parent }));
  await changes(installation, '0.2.1.3.e164.arpa', 'the leave', () => move(zones[3]));
  await changes(installation, '2.1.3.e164.arpa', 'the way back', () => move(zones[1]));
});

test('an owner who became a reseller reaches the zones elsewhere as before', async (t) => {
  const installation = await testInstallation(t);
  const { ask, accounts } = await makeSerialWorld(installation);
  const two = accounts[5] ?? '';
  await made(ask('PATCH', `/v1/entities/${two}`, { reseller: true }));
  let hold = '';
  await changes(installation, 'one.example', 'a hold on the owner', async () => {
    hold = String((await made(ask('POST', `/v1/entities/${two}/holds`, { profile: 'suspended' })))['id']);
  });
  await changes(installation, 'one.example', 'its end', () => made(ask('DELETE', `/v1/entities/${two}/holds/${hold}`)));
});
