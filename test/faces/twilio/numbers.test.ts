/** Numbers with the library of Twilio: looked for, bought, read, changed, given up. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { placeHold } from '#operations/place-hold.ts';
import { ADMIN } from '#test/installation.ts';
import { numberWorld } from '#test/number-world.ts';
import { addAccount, restAs } from '#test/telephony-world.ts';
import { refusalOf, twilioClients } from '#test/twilio-client.ts';

const STOCK = Array.from({ length: 9 }, (_, at) => `+3120800510${at}`);
const TAKEN = '+31208005100';
const here = await numberWorld({ after }, { stock: STOCK, settings: { countries: ['NL'] } });
const clientOf = await twilioClients(here.app);
const account = await addAccount(here.context);
const child = await addAccount(here.context, account);
const other = await addAccount(here.context);
await here.follow();

const client = clientOf(account);
const v2010 = client.api.v2010;
const numbers = v2010.accounts(account.sid).incomingPhoneNumbers;

test('the countries, one of them, and what there is in it', async () => {
  const available = client.availablePhoneNumbers;
  const countries = await available.list();
  assert.deepEqual(
    countries.map(({ countryCode, country }) => [countryCode, country]),
    [['NL', 'Netherlands']],
  );
  const country = await available('NL').fetch();
  assert.equal(country.subresourceUris['local'], `${country.uri.slice(0, -'.json'.length)}/Local.json`);
  const missing = await refusalOf(available('US').fetch());
  assert.deepEqual([missing.status, missing.code], [404, 20404]);
  const offers = await available('NL').local.list({ limit: 20 });
  assert.equal(offers.length, STOCK.length);
  const [offer] = offers;
  assert.ok(offer);
  assert.equal(offer.isoCountry, 'NL');
  assert.equal(offer.capabilities.voice, true);
  assert.deepEqual(
    (await available('NL').local.list({ contains: '5103' })).map(({ phoneNumber }) => phoneNumber),
    ['+31208005103'],
  );
  assert.deepEqual(
    (await available('NL').local.list({ pageSize: 4 })).map(({ phoneNumber }) => phoneNumber).toSorted(),
    STOCK,
  );
  assert.equal((await available('NL').mobile.list({ contains: '999' })).length, 0);
});

test('a number is bought by itself or by area code, read, changed and given up', async () => {
  const bought = await numbers.create({
    phoneNumber: TAKEN,
    friendlyName: 'Desk',
    voiceUrl: 'https://example.org/voice',
    voiceMethod: 'GET',
  });
  assert.equal(bought.phoneNumber, TAKEN);
  assert.equal(bought.accountSid, account.sid);
  assert.equal(bought.friendlyName, 'Desk');
  assert.equal(bought.voiceMethod, 'GET');
  assert.equal(bought.smsUrl, null);
  assert.equal(bought.capabilities.voice, true);
  assert.ok(bought.dateCreated instanceof Date);
  assert.equal(here.carrier.bought.get(TAKEN), 1);
  const fetched = await numbers(bought.sid).fetch();
  assert.deepEqual(fetched.toJSON(), bought.toJSON());
  const changed = await numbers(bought.sid).update({
    friendlyName: 'Door',
    voiceUrl: '',
    smsUrl: 'https://example.org/s',
  });
  assert.deepEqual(
    [changed.friendlyName, changed.voiceUrl, changed.smsUrl, changed.voiceMethod],
    ['Door', null, 'https://example.org/s', 'GET'],
  );
  const chosen = await numbers.create({ areaCode: '20' });
  assert.ok(STOCK.includes(chosen.phoneNumber) && chosen.phoneNumber !== TAKEN);
  assert.equal(await numbers(chosen.sid).remove(), true);
  const gone = await refusalOf(numbers(chosen.sid).fetch());
  assert.deepEqual([gone.status, gone.code], [404, 20404]);
  const twice = await refusalOf(numbers(chosen.sid).remove());
  assert.deepEqual([twice.status, twice.code], [404, 20404]);
});

test('numbers are listed with filters and over more than one page, and none is passed over as they are removed', async () => {
  for (const number of STOCK.slice(3, 8))
    await numbers.create({ phoneNumber: number, friendlyName: `N${number.at(-1)}` });
  const all = await numbers.list({ pageSize: 2 });
  assert.deepEqual(
    all.map(({ phoneNumber }) => phoneNumber),
    [TAKEN, ...STOCK.slice(3, 8)],
  );
  assert.equal((await numbers.list({ limit: 3 })).length, 3);
  assert.deepEqual(
    (await numbers.list({ phoneNumber: '5105' })).map(({ friendlyName }) => friendlyName),
    ['N5'],
  );
  assert.deepEqual(
    (await numbers.list({ friendlyName: 'N6' })).map(({ phoneNumber }) => phoneNumber),
    ['+31208005106'],
  );
  assert.equal((await numbers.list({ friendlyName: 'N' })).length, 0);
  // Page by page, each number removed before the next page is asked for.
  const seen: string[] = [];
  type Page = Pick<Awaited<ReturnType<typeof numbers.page>>, 'instances' | 'nextPage'>;
  for (let page: Page | undefined = await numbers.page({ pageSize: 2 }); page; page = await page.nextPage())
    for (const number of page.instances) {
      seen.push(number.phoneNumber);
      if (number.phoneNumber !== TAKEN) await numbers(number.sid).remove();
    }
  assert.deepEqual(seen, [TAKEN, ...STOCK.slice(3, 8)]);
  assert.equal((await numbers.list()).length, 1);
});

test('what cannot be had or is wrong has the code that Twilio has for it', async () => {
  const refused = async (asked: Promise<unknown>) => {
    const { status, code } = await refusalOf(asked);
    return [status, code];
  };
  assert.deepEqual(await refused(numbers.create({ phoneNumber: '+31208009999' })), [400, 21422]);
  assert.deepEqual(await refused(numbers.create({ phoneNumber: TAKEN })), [400, 21422]);
  assert.deepEqual(await refused(numbers.create({ phoneNumber: 'nonsense' })), [400, 21421]);
  assert.deepEqual(await refused(numbers.create({ areaCode: '77' })), [400, 21452]);
  assert.deepEqual(await refused(numbers.create({ areaCode: 'abc' })), [400, 21451]);
  assert.deepEqual(await refused(numbers.create({})), [400, 21421]);
  assert.deepEqual(await refused(numbers.tollFree.create({ phoneNumber: '+31208009999' })), [400, 21422]);
  const [number] = await numbers.list();
  assert.ok(number);
  assert.deepEqual(await refused(numbers(number.sid).update({ voiceMethod: 'PATCH' })), [400, 21403]);
  assert.deepEqual(
    await refused(numbers(number.sid).update({ voiceApplicationSid: `AP${'0'.repeat(32)}` })),
    [400, 21420],
  );
  assert.deepEqual(await refused(numbers(number.sid).update({ accountSid: child.sid })), [400, 20001]);
  assert.deepEqual(await refused(numbers.page({ pageToken: 'PA1' })), [400, 21481]);
  const raw = await restAs(
    here.app,
    '/2010-04-01',
    account,
  )('GET', `/Accounts/${account.sid}/IncomingPhoneNumbers.json?PageSize=none`);
  assert.deepEqual([raw.status, raw.body['code']], [400, 20007]);
});

test('whose number it is decides who sees it, and through which account', async () => {
  const [number] = await numbers.list();
  assert.ok(number);
  const throughChild = await refusalOf(v2010.accounts(child.sid).incomingPhoneNumbers(number.sid).fetch());
  assert.deepEqual([throughChild.status, throughChild.code], [403, 20003]);
  const foreign = clientOf(other, account.sid).incomingPhoneNumbers;
  for (const ask of [
    () => foreign.list(),
    () => foreign(number.sid).fetch(),
    () => foreign(number.sid).remove(),
    () => clientOf(child, account.sid).incomingPhoneNumbers.create({ phoneNumber: '+31208005102' }),
  ]) {
    const refusal = await refusalOf(ask());
    assert.deepEqual([refusal.status, refusal.code], [403, 20003]);
  }
  const own = await clientOf(child).incomingPhoneNumbers.create({ phoneNumber: '+31208005102' });
  assert.equal((await v2010.accounts(child.sid).incomingPhoneNumbers(own.sid).fetch()).accountSid, child.sid);
});

test('nothing is bought for an account that is suspended; what it has can be managed from above', async () => {
  await placeHold(here.context, ADMIN, child.id, { profile: 'suspended' });
  await here.follow();
  const mine = clientOf(account, child.sid).incomingPhoneNumbers;
  const refusal = await refusalOf(mine.create({ phoneNumber: '+31208005108' }));
  assert.deepEqual([refusal.status, refusal.code], [403, 20005]);
  const [number] = await mine.list();
  assert.ok(number);
  assert.equal(
    (await clientOf(account, child.sid).incomingPhoneNumbers(number.sid).update({ friendlyName: 'Held' })).friendlyName,
    'Held',
  );
  const itself = await refusalOf(clientOf(child).incomingPhoneNumbers.list());
  assert.deepEqual([itself.status, itself.code], [403, 20005]);
});

test('a number and a page have the members of Twilio, null where there is nothing', async () => {
  const rest = restAs(here.app, '/2010-04-01', account);
  const path = `/2010-04-01/Accounts/${account.sid}/IncomingPhoneNumbers`;
  const { status, body } = await rest('GET', `/Accounts/${account.sid}/IncomingPhoneNumbers.json`);
  assert.equal(status, 200);
  const { incoming_phone_numbers: list, ...figures } = body as { incoming_phone_numbers: Record<string, unknown>[] };
  assert.deepEqual(figures, {
    page: 0,
    page_size: 50,
    start: 0,
    end: 0,
    uri: `${path}.json?PageSize=50&Page=0`,
    first_page_uri: `${path}.json?PageSize=50&Page=0`,
    next_page_uri: null,
    previous_page_uri: null,
  });
  const [number] = list;
  assert.ok(number);
  assert.equal(number['voice_url'], null);
  assert.equal(number['sms_application_sid'], null);
  assert.equal(number['uri'], `${path}/${String(number['sid'])}.json`);
  assert.match(String(number['date_created']), /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/);
  assert.deepEqual(number['capabilities'], { voice: true, sms: true, mms: false, fax: false });
});
