/** Numbers are bought on the Restcomm face of a simulated carrier that refuses, is slow, is down, or loses its replies. */
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';

import { SYSTEM_KIND } from '#core/system-kinds.ts';
import { placeHold } from '#operations/place-hold.ts';
import { putCredits } from '#operations/put-credits.ts';
import { settlePurchases } from '#operations/settle-purchases.ts';
import { insertSystem } from '#store/system.ts';
import { startCarrier } from '#systems/number-provider/simulator.ts';
import { ADMIN } from '#test/installation.ts';
import { expireLeases } from '#test/number-world.ts';
import { restcommNumbers } from '#test/restcomm-numbers.ts';
import { addAccount } from '#test/telephony-world.ts';

const here = await restcommNumbers({ after });
const { platform, parent, child, sibling, as, path, buy } = here;

afterEach(() => {
  Object.assign(here.carrier.knobs, { isDown: false, refuse: 0, loseReply: 0 });
});

test('what nobody sells, or somebody has, is 400 with 21452 alone, and nothing is left of it', async () => {
  await buy('+31208005111');
  for (const form of [
    { PhoneNumber: '+31208005111' },
    { PhoneNumber: '+4930123456' },
    { AreaCode: '999' },
    { PhoneNumber: '+4930123456', isSIP: 'false' },
  ] as const) {
    const refused = await as(sibling)('POST', path(sibling, '.json'), form);
    assert.deepEqual([refused.status, refused.text], [400, '21452'], JSON.stringify(form));
    assert.equal(refused.headers['x-abeyance-problem'], 'conflict');
  }
  assert.equal((await as(sibling)('GET', path(sibling, '.json'))).body['total'], 0);
});

test('neither number nor area code, or what is no number, is 400', async () => {
  for (const form of [
    {},
    { PhoneNumber: '' },
    { PhoneNumber: 'abc' },
    { isSIP: 'true' },
    { PhoneNumber: 'a b', isSIP: 'true' },
  ]) {
    const refused = await as(child)('POST', path(child), form);
    assert.deepEqual([refused.status, refused.headers['x-abeyance-problem']], [400, 'invalid'], refused.text);
    assert.notEqual(refused.text, '21452');
  }
});

test('an area code alone buys what the provider offers for it, in the countries that it has', async () => {
  const bought = await as(child)('POST', path(child, '/Local.json'), { AreaCode: '2080051' });
  assert.deepEqual([bought.status, bought.body['phone_number']], [200, '+31208005110'], bought.text);
});

test('ten digits without a plus sign are a number of North America', async () => {
  here.carrier.stock.add('+15125550199');
  const bought = await as(child)('POST', path(child, '.json'), { PhoneNumber: '(512) 555-0199' });
  assert.equal(bought.body['phone_number'], '+15125550199', bought.text);
});

test('a purchase that the provider does not answer is 200, and settled later: bought, or gone', async () => {
  const answers: { number: string; knob: string; sid: string }[] = [];
  for (const [number, knob, value] of [
    ['+31208005113', 'loseReply', 1],
    ['+31208005126', 'isDown', true],
    ['+31208005127', 'refuse', 1],
  ] as const) {
    Object.assign(here.carrier.knobs, { [knob]: value });
    const sid = await buy(number);
    Object.assign(here.carrier.knobs, { loseReply: 0, isDown: false, refuse: 0 });
    const shown = await as(child)('GET', path(child, `/${sid}.json`));
    assert.deepEqual([shown.status, shown.body['phone_number']], [200, number], knob);
    answers.push({ number, knob, sid });
  }
  here.carrier.stock.delete('+31208005127');
  await expireLeases(here);
  assert.equal(await settlePurchases(here.context), 3);
  await here.follow();
  for (const { number, knob, sid } of answers) {
    const isBought = knob !== 'refuse';
    assert.equal((await as(child)('GET', path(child, `/${sid}`))).status, isBought ? 200 : 404, knob);
    assert.equal(here.carrier.bought.get(number), isBought ? 1 : undefined, knob);
  }
});

test('providers are asked in the order of their names, and who may not buy there is not sold to', async () => {
  await here.pool.query(`update system set settings = settings || '{"buyers":"platform"}' where name = 'carrier'`);
  try {
    assert.equal((await as(child)('POST', path(child), { PhoneNumber: '+31208005114' })).text, '21452');
    assert.equal((await as(child)('GET', `/Accounts/${child.sid}/AvailablePhoneNumbers/NL/Local.json`)).text, '[]');
    assert.deepEqual((await as(child)('GET', path(child, '/AvailableCountries.json'))).body, ['US']);
    const bought = await as(platform)('POST', path(child, '.json'), { PhoneNumber: '+31208005114' });
    assert.equal(bought.body['account_sid'], child.sid, bought.text);
  } finally {
    await here.pool.query(`update system set settings = settings || '{"buyers":"all"}' where name = 'carrier'`);
  }
});

test('for a suspended account its parent reads and changes, and buys nothing', async () => {
  const held = await addAccount(here.context, parent, { organization: here.organizations[0] });
  await here.follow();
  const sid = await buy('+31208005118', held);
  await placeHold(here.context, ADMIN, held.id, { profile: 'bad_payer' });
  await here.follow();
  assert.equal((await as(held)('GET', path(held))).status, 403);
  for (const form of [{ PhoneNumber: '+31208005119' }, { AreaCode: '20' }, { PhoneNumber: '99', isSIP: 'true' }]) {
    const refused = await as(parent)('POST', path(held), form);
    assert.deepEqual([refused.status, refused.headers['x-abeyance-problem']], [403, 'held'], refused.text);
  }
  assert.equal((await as(parent)('PUT', path(held, `/${sid}`), { VoiceUrl: 'https://x.example' })).status, 200);
  const read = await as(parent)('GET', path(held, `/${sid}.json`));
  assert.ok(!read.text.includes('suspended'));
  assert.ok(!here.carrier.bought.has('+31208005119'));
});

test('available numbers are a bare array with their own words; what is not found, or a provider that is down, is empty', async () => {
  const search = (end: string, who = child) => as(who)('GET', `/Accounts/${who.sid}/AvailablePhoneNumbers/${end}`);
  const found = await search('NL/Local.json?Contains=5139&VoiceEnabled=true');
  assert.equal(found.status, 200, found.text);
  const items = found.body as unknown as Record<string, unknown>[];
  assert.equal(items.length, 1);
  assert.equal(items[0]?.['phoneNumber'], '+31208005139');
  assert.deepEqual(
    [items[0]?.['isoCountry'], items[0]?.['voiceCapable'], items[0]?.['ussdCapable']],
    ['NL', true, false],
  );
  assert.match((await search('NL/Mobile')).text, /<AvailablePhoneNumbers>/);
  assert.equal((await search('NL/Local.json?RangeSize=2')).body['length'], 2);
  assert.notDeepEqual(
    (await search('NL/Local.json?RangeSize=2&RangeIndex=1')).body,
    (await search('NL/Local.json?RangeSize=2')).body,
  );
  assert.equal((await search('NL/Local.json?Contains=51*9')).text.includes('+31208005129'), true);
  for (const none of [
    'NL/Local.json?Contains=777777',
    'NL/Local.json?InRegion=Utopia',
    'NL/Local.json?FaxEnabled=true',
  ])
    assert.equal((await search(none)).text, '[]', none);
  assert.equal((await search('Nederland/Local.json')).status, 400);
  here.carrier.knobs.isDown = true;
  assert.deepEqual([(await search('NL/Local.json')).status, (await search('NL/Local.json')).text], [200, '[]']);
  here.carrier.knobs.isDown = false;
  assert.deepEqual((await as(child)('GET', path(child, '/AvailableCountries.json'))).body, ['NL', 'US']);
  const xml = await as(child)('GET', path(child, '/AvailableCountries'));
  assert.match(xml.text, /<AvailableCountries>\s*<AvailableCountry>NL<\/AvailableCountry>\s*<AvailableCountry>US</);
});

test('a provider that is down keeps nobody from another that has the number', async () => {
  const stopped = await startCarrier('generic', []);
  await stopped.stop();
  await insertSystem(here.session, here.context.sealingKey, {
    ...SYSTEM_KIND.number_provider.pace,
    // Asked before `carrier`.
    name: 'absent',
    kind: 'number_provider',
    accountId: 0,
    settings: { url: stopped.origin, dialect: 'generic', buyers: 'all', portableDays: 0 },
    secrets: { token: 'none' },
    drift: 'off',
  });
  await buy('+31208005125');
  assert.equal(here.carrier.bought.get('+31208005125'), 1);
  assert.equal((await as(child)('POST', path(child), { PhoneNumber: '+4930123456' })).text, '21452');
});

test('beyond its credit an account gets no number, and is told so in the format that was asked for', async () => {
  const limited = await addAccount(here.context, parent, { organization: here.organizations[0] });
  await putCredits(here.context, ADMIN, limited.id, { number_credit: 1 });
  await here.follow();
  await buy('+31208005120', limited);
  const json = await as(limited)('POST', path(limited, '.json'), { PhoneNumber: '+31208005121' });
  assert.deepEqual([json.status, json.body['error']], [403, 'DID_QUOTA_EXCEEDED'], json.text);
  assert.ok(String(json.body['message']).length > 0);
  const xml = await as(limited)('POST', path(limited), { PhoneNumber: '77', isSIP: 'true' });
  assert.match(xml.text, /<Message>.+<\/Message>\s*<Error>DID_QUOTA_EXCEEDED<\/Error>/);
  assert.equal(here.carrier.bought.get('+31208005121'), undefined);
});
