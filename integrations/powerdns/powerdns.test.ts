/** The story of the sample operator, told by a real PowerDNS with its caches off: each answer is that of the next question. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testInstallation } from '#test/installation.ts';
import { type EntityName, makeOperator } from '#test/operator.ts';
import { made } from '#test/people.ts';

import { assertRefused, startPdns } from './pdns-for-test.ts';
import { NUMBER, RANGE, ZONE, makeDnsWorld, mapping } from './world-for-test.ts';

const installation = await testInstallation({ after });
const operator = await makeOperator(installation);
const world = await makeDnsWorld(operator);
const pdns = await startPdns({ after }, installation.connectionString);

const SERVED = {
  www: '192.0.2.2',
  rented: '192.0.2.3',
  number: '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
  rentedNumber: '100 10 "u" "E2U+sip" "!^.*$!sip:rented@example.com!" .',
  aside: '192.0.2.200',
};
const GONE = { ...SERVED, www: 'REFUSED', rented: 'REFUSED', number: 'REFUSED', rentedNumber: 'REFUSED' };

async function say() {
  return {
    www: await pdns.say('www.example.com'),
    rented: await pdns.say('rented.example.com'),
    number: await pdns.say(NUMBER, 'NAPTR'),
    rentedNumber: await pdns.say(`1.0.1.${RANGE}`, 'NAPTR'),
    aside: await pdns.say('aside.example'),
  };
}

test('works: zones and ENUM are served from our tables', async () => {
  assert.deepEqual(await say(), SERVED);
  const { answers } = await pdns.ask('www.example.com');
  assert.deepEqual(answers, ['www.example.com. 77 A 192.0.2.2'], 'the TTL of the record');
  assert.match(
    await pdns.say(ZONE, 'SOA'),
    /^ns1\.example\.net\. john\\\.doe\.example\.com\. 20240101\d\d 14400 7200 604800 600$/,
  );
  assert.equal(await pdns.say(ZONE, 'NS'), 'ns1.example.net., ns2.example.net.');
  assert.match(
    await pdns.say(RANGE, 'SOA'),
    /^ns1\.example\.net\. hostmaster\.5\.0\.0\.8\.0\.2\.1\.3\.e164\.arpa\. \d+ /,
  );
  const missing = await pdns.ask('nothing.example.com');
  assert.equal(missing.status, 'NXDOMAIN');
  assert.match(missing.authority[0] ?? '', /^example\.com\. 600 SOA /, 'kept for no longer than the minimum');
  assert.equal(await pdns.say('www.example.com', 'AAAA'), 'NODATA');
  assertRefused(await pdns.ask('elsewhere.example'));
});

const HOLDERS: readonly EntityName[] = ['account', 'parent', 'reseller'];
for (const held of HOLDERS)
  test(`suspended at the ${held}: refused, and all is back after the lift`, async () => {
    const lift = await operator.hold(operator.entities[held].id);
    // The owner's number and record lie in what is held. Other accounts of the reseller are held with the reseller.
    assert.deepEqual(await say(), held === 'reseller' ? { ...GONE, aside: 'REFUSED' } : GONE);
    assertRefused(await pdns.ask(ZONE, 'SOA'));
    assertRefused(await pdns.ask('nothing.example.com'));
    await lift();
    assert.deepEqual(await say(), SERVED);
  });

test('suspended at the zone: the range goes on, and the other way round', async () => {
  const liftZone = await operator.hold(world.zone);
  assert.deepEqual(await say(), { ...SERVED, www: 'REFUSED', rented: 'REFUSED' });
  await liftZone();
  const liftRange = await operator.hold(world.range);
  assert.deepEqual(await say(), { ...SERVED, number: 'REFUSED', rentedNumber: 'REFUSED' });
  await liftRange();
  assert.deepEqual(await say(), SERVED);
});

test("suspended at the owner: what is the owner's vanishes alone", async () => {
  const lift = await operator.hold(operator.entities.owner.id);
  assert.deepEqual(await say(), { ...SERVED, rented: 'NXDOMAIN', rentedNumber: 'NXDOMAIN' });
  await lift();
  assert.deepEqual(await say(), SERVED);
});

test('a single record or number is held alone, its neighbours are served', async () => {
  const extra = await world.record('www.example.com', 'A', '192.0.2.22', { ttl: 77 });
  assert.equal(await pdns.say('www.example.com'), '192.0.2.2, 192.0.2.22');
  const liftRecord = await operator.hold(world.www);
  assert.equal(await pdns.say('www.example.com'), '192.0.2.22', 'one of two addresses');
  const liftNumber = await operator.hold(world.number);
  assert.deepEqual(
    [await pdns.say(NUMBER, 'NAPTR'), await pdns.say(`1.0.1.${RANGE}`, 'NAPTR')],
    ['NXDOMAIN', SERVED.rentedNumber],
  );
  await liftRecord();
  await liftNumber();
  await operator.close(extra);
  assert.deepEqual(await say(), SERVED);
});

test('limited and bad_payer leave the DNS alone', async () => {
  for (const profile of ['limited', 'bad_payer']) {
    const lift = await operator.hold(operator.entities.account.id, profile);
    assert.deepEqual(await say(), SERVED, profile);
    await lift();
  }
});

test('one of two holds lifted changes nothing', async () => {
  const [above, here] = [await operator.hold(operator.entities.parent.id), await operator.hold(world.zone, 'fraud')];
  await above();
  assertRefused(await pdns.ask('www.example.com'));
  await here();
  assert.deepEqual(await say(), SERVED);
});

test('records are served in the form that they are stored in', async () => {
  const long = 'x'.repeat(300);
  await world.record(ZONE, 'TXT', `it's "quoted" \\ back; %s $1 ${long}`);
  await world.record(ZONE, 'MX', '10 mail.example.com');
  await world.record('none.example.com', 'MX', '0 .');
  await world.record('_sip._udp.example.com', 'SRV', '10 20 5060 sip.example.com');
  await world.record(ZONE, 'NAPTR', '10 20 "s" "SIP+D2U" "" _sip._udp.example.com');
  await world.record(ZONE, 'CAA', '0 issue "ca.example.net"');
  await world.record('geo.example.com', 'LOC', '52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m');
  await world.record('host.example.com', 'SSHFP', '1 1 123456789abcdef67890123456789abcdef67890');
  await world.record('alias.example.com', 'CNAME', 'www.example.com');
  await world.record('v6.example.com', 'AAAA', '2001:DB8::0:1');
  await world.record('bücher.example.com', 'A', '192.0.2.44');
  await world.record('bob@example.com', 'MBOXFW', 'bob@example.net');
  await world.record('web.example.com', 'URL', 'https://www.example.com/');
  await world.record(ZONE, 'NS', 'ns1.example.net');
  assert.equal(
    await pdns.say(ZONE, 'TXT'),
    `"it's \\"quoted\\" \\\\ back; %s $1 ${long.slice(0, 227)}" "${long.slice(227)}"`,
  );
  const cases: readonly (readonly [name: string, type: string, content: string])[] = [
    [ZONE, 'MX', '10 mail.example.com.'],
    ['none.example.com', 'MX', '0 .'],
    ['_sip._udp.example.com', 'SRV', '10 20 5060 sip.example.com.'],
    [ZONE, 'NAPTR', '10 20 "s" "SIP+D2U" "" _sip._udp.example.com.'],
    [ZONE, 'CAA', '0 issue "ca.example.net"'],
    ['geo.example.com', 'LOC', '52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m'],
    ['host.example.com', 'SSHFP', '1 1 123456789ABCDEF67890123456789ABCDEF67890'],
    ['v6.example.com', 'AAAA', '2001:db8::1'],
    ['xn--bcher-kva.example.com', 'A', '192.0.2.44'],
    ['bob.example.com', 'ANY', 'NXDOMAIN'],
    ['web.example.com', 'A', 'NXDOMAIN'],
    [ZONE, 'NS', 'ns1.example.net., ns2.example.net.'],
  ];
  for (const [name, type, content] of cases) assert.equal(await pdns.say(name, type), content, `${name} ${type}`);
  assert.deepEqual((await pdns.ask('alias.example.com')).answers, [
    'alias.example.com. 3600 CNAME www.example.com.',
    'www.example.com. 77 A 192.0.2.2',
  ]);
});

test('the mappings of a number come as they were given, quotes, backslashes and letters beyond ASCII', async () => {
  const mappings = [
    { ...mapping(''), regexp: '!^(.*)$!sip:\\1@"é".example!', ttl: 60 },
    { ...mapping(''), order: 200, regexp: '', replacement: 'other.example.com' },
  ];
  await operator.create('enum_number', world.range, { digits: '31208005102', mappings });
  const { answers } = await pdns.ask(`2.0.1.${RANGE}`, 'NAPTR');
  assert.deepEqual(
    answers,
    [
      `2.0.1.${RANGE}. 3600 NAPTR 200 10 "u" "E2U+sip" "" other.example.com.`,
      `2.0.1.${RANGE}. 60 NAPTR 100 10 "u" "E2U+sip" "!^(.*)$!sip:\\\\1@\\"\\195\\169\\".example!" .`,
    ].toSorted(),
  );
});

test('another tree than e164.arpa, and a number that is its whole range', async (t) => {
  const range = await operator.create('enum_range', operator.entities.account.id, {
    prefix: '49',
    tld: '4.enum.example',
  });
  await operator.create('enum_number', range.id, { digits: '49', mappings: [mapping('sip:all@example.com')] });
  const fresh = await startPdns(t, installation.connectionString);
  assert.equal(await fresh.say('9.4.4.enum.example', 'NAPTR'), '100 10 "u" "E2U+sip" "!^.*$!sip:all@example.com!" .');
  assert.equal(await fresh.say('4.4.enum.example', 'NAPTR'), 'REFUSED', 'above the range is nothing of ours');
  assert.equal(await fresh.say('1.2.3.4.5.6.7.8.9.4.4.enum.example', 'NAPTR'), 'NXDOMAIN');
});

test('wildcards, letters of either case, empty names between, and names below a cut', async () => {
  await world.record('*.wild.example.com', 'A', '192.0.2.50');
  await world.record('a.b.deep.example.com', 'A', '192.0.2.51');
  await world.record('cut.example.com', 'NS', 'ns.cut.example.com');
  await world.record('ns.cut.example.com', 'A', '192.0.2.52');
  await world.record('x.cut.example.com', 'A', '192.0.2.53');
  assert.equal(await pdns.say('any.thing.wild.example.com'), '192.0.2.50');
  assert.deepEqual((await pdns.ask('wWw.ExAmPlE.cOm')).answers, ['wWw.ExAmPlE.cOm. 77 A 192.0.2.2']);
  const lift = await operator.hold(world.www);
  assert.equal(await pdns.say('wWw.ExAmPlE.cOm'), 'NXDOMAIN');
  await lift();
  const below = await pdns.ask('x.cut.example.com');
  assert.deepEqual(
    [below.status, below.answers, below.authority],
    ['NOERROR', [], ['cut.example.com. 3600 NS ns.cut.example.com.']],
  );
});

test('names that look like SQL find nothing and break nothing', async () => {
  for (const name of [
    "it's",
    'a%b',
    '%',
    "x' or 1=1 --",
    'a\\\\b',
    'a\\.b',
    'a\\000b',
    'a\\200b',
    'a_c',
    '$1',
    'a;b',
    '\\"',
  ]) {
    const { status, answers } = await pdns.ask(`${name}.example.com`);
    assert.deepEqual(answers, [], name);
    assert.match(status, /^(NXDOMAIN|SERVFAIL)$/, `${name}: PowerDNS itself refuses octets that no name of ours has`);
  }
  assert.deepEqual(await pdns.say('www.example.com'), '192.0.2.2');
});

test('closed: refused for good, and the name goes to whoever has it next', async (t) => {
  const { admin, entities } = operator;
  const account = await operator.create('account', entities.reseller.id, { name: 'Leaving' });
  const zone = await operator.create('dns_zone', account.id, {
    name: 'leaving.example',
    nameservers: ['ns1.example.net'],
  });
  await operator.create('dns_record', zone.id, { name: 'leaving.example', type: 'A', value: '192.0.2.66' });
  const fresh = await startPdns(t, installation.connectionString);
  assert.equal(await fresh.say('leaving.example'), '192.0.2.66');
  await operator.close(account.id);
  assertRefused(await fresh.ask('leaving.example'));
  const taken = await operator.create('dns_zone', entities.other.id, {
    name: 'leaving.example',
    nameservers: ['ns1.example.net'],
  });
  await operator.create('dns_record', taken.id, { name: 'leaving.example', type: 'A', value: '192.0.2.67' });
  const later = await startPdns(t, installation.connectionString);
  assert.equal(await later.say('leaving.example'), '192.0.2.67');
  await made(admin('POST', `/v1/entities/${world.rentedNumber}/close`, {}));
  assert.equal(await pdns.say(`1.0.1.${RANGE}`, 'NAPTR'), 'NXDOMAIN');
});
