/** The short way of a look-up answers what the long way answers: after random changes, for every name of every zone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { type Installation, testInstallation } from '#test/installation.ts';
import { made } from '#test/people.ts';
import { type SerialWorld, makeSerialWorld, serialStep } from '#test/serial-world.ts';

/** What is asked and answered otherwise by the two; and how many answers both gave. */
async function compare({ pool }: Installation): Promise<{ differ: unknown[]; answers: number }> {
  const { rows } = await pool.query<{ zone: string; name: string; type: string; short: string; long: string }>(
    `with name (zone, apex, name) as (
      select d.id, d.name, unnest(array[d.name, '*.' || d.name, 'nothing.' || d.name, '*.nothing.' || d.name]) from enforce.powerdns_domains d
      union select d.id, d.name, r.name from enforce.powerdns_domains d cross join dns_record r
      union select d.id, d.name, enforce.powerdns_name(i.scheme, i.value) from enforce.powerdns_domains d cross join identifier i where i.scheme = 'enum'
      union select 0, 'none', r.name from dns_record r)
    select n.apex as zone, n.name, t.type, s.answer as short, l.answer as long
    from name n cross join (values (null), ('SOA'), ('NS'), ('A'), ('NAPTR')) t (type)
      cross join lateral (select string_agg(a::text, ' ' order by a::text) as answer from enforce.powerdns_at(n.name, n.zone, t.type) a) s
      cross join lateral (select string_agg(a::text, ' ' order by a::text) as answer from enforce.powerdns_judged(n.name, n.zone, t.type) a) l`,
  );
  return {
    differ: rows.filter(({ short, long }) => short !== long),
    answers: rows.filter(({ short }) => short !== null).length,
  };
}

/** Records at the apex, name servers twice, a cut, a wildcard, and a zone within the zone. */
async function makeMore({ ask, zones, accounts, leaves }: SerialWorld): Promise<void> {
  const resource = async (kind: string, parent: string | undefined, fields: object) =>
    String((await made(ask('POST', '/v1/resources', { kind, parent, ...fields })))['id']);
  const [zone] = zones;
  await made(ask('PATCH', `/v1/entities/${zone ?? ''}`, { nameservers: ['ns1.example', 'ns2.example'] }));
  const within = await resource('dns_zone', accounts[1], {
    name: 'within.lower.example',
    nameservers: ['ns1.example'],
  });
  const of = (name: string, type: string, value: string, owner?: string) =>
    resource('dns_record', name.endsWith('within.lower.example') ? within : zone, {
      name,
      type,
      value,
      ...(owner === undefined ? {} : { owner }),
    });
  leaves.push(
    await of('lower.example', 'A', '192.0.2.10'),
    await of('lower.example', 'NS', 'ns1.example'),
    await of('lower.example', 'NS', 'ns3.example'),
    await of('*.lower.example', 'A', '192.0.2.11', accounts[3]),
    await of('cut.lower.example', 'NS', 'ns.cut.lower.example'),
    await of('a.lower.example', 'A', '192.0.2.12', accounts[3]),
    await of('within.lower.example', 'A', '192.0.2.13'),
    await of('mail.lower.example', 'MBOXFW', 'someone@example.net'),
  );
}

test('whatever happens, both ways answer the same', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(serialStep, { minLength: 15, maxLength: 40 }), async (steps) => {
      const installation = await testInstallation(t);
      const world = await makeSerialWorld(installation);
      await makeMore(world);
      const { differ, answers } = await compare(installation);
      assert.deepEqual(differ, [], 'before anything happens');
      assert.ok(answers > 0, 'something is answered');
      for (const step of steps) {
        await step.run(world);
        assert.deepEqual((await compare(installation)).differ, [], step.what);
      }
    }),
    { numRuns: 4, endOnFailure: true },
  );
});
