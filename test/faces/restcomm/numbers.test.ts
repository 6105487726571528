/** Numbers on the Restcomm face: what is shown of them, listed, changed, given up, and whose they are. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { uuidOfSid } from '#core/sid.ts';
import { closeEntity } from '#operations/close-entity.ts';
import { liftHold } from '#operations/lift-hold.ts';
import { placeHold } from '#operations/place-hold.ts';
import { ADMIN } from '#test/installation.ts';
import { restcommNumbers } from '#test/restcomm-numbers.ts';
import { type TelephonyAccount, addAccount } from '#test/telephony-world.ts';

const here = await restcommNumbers({ after });
const { platform, parent, child, sibling, as, path, buy } = here;

const KEYS = `sid account_sid friendly_name phone_number voice_url voice_method voice_fallback_url voice_fallback_method
  status_callback status_callback_method voice_caller_id_lookup voice_application_sid date_created date_updated sms_url sms_method
  sms_fallback_url sms_fallback_method sms_application_sid ussd_url ussd_method ussd_fallback_url ussd_fallback_method
  ussd_application_sid refer_url refer_method refer_application_sid capabilities api_version uri`.split(/\s+/);

test('a number is bought and shown with every member in its order, absent ones null', async () => {
  const bought = await as(child)('POST', path(child, '.json'), { PhoneNumber: '+31 20 800 5110' });
  assert.equal(bought.status, 200, bought.text);
  assert.deepEqual(Object.keys(bought.body), KEYS);
  const { sid, date_created: _created, date_updated: _updated, ...rest } = bought.body;
  assert.match(String(sid), /^PN[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    account_sid: child.sid,
    friendly_name: '+31208005110',
    phone_number: '+31208005110',
    ...Object.fromEntries(['voice', 'sms', 'ussd', 'refer'].map((one) => [`${one}_url`, null])),
    ...Object.fromEntries(['voice', 'sms', 'ussd', 'refer'].map((one) => [`${one}_method`, 'POST'])),
    ...Object.fromEntries(['voice', 'sms', 'ussd'].map((one) => [`${one}_fallback_url`, null])),
    ...Object.fromEntries(['voice', 'sms', 'ussd'].map((one) => [`${one}_fallback_method`, 'POST'])),
    ...Object.fromEntries(['voice', 'sms', 'ussd', 'refer'].map((one) => [`${one}_application_sid`, null])),
    status_callback: null,
    status_callback_method: 'POST',
    voice_caller_id_lookup: false,
    capabilities: { voice_capable: true, sms_capable: true, mms_capable: false, fax_capable: false },
    api_version: '2012-04-24',
    uri: `/2012-04-24/Accounts/${child.sid}/IncomingPhoneNumbers/${String(sid)}.json`,
  });
  assert.equal(here.carrier.bought.get('+31208005110'), 1);
  const xml = await as(parent)('GET', path(child, `/${String(sid)}`));
  assert.match(
    xml.text,
    /<Capabilities>\s*<Voice>true<\/Voice>\s*<Sms>true<\/Sms>\s*<Mms>false<\/Mms>\s*<Fax>false<\/Fax>/,
  );
  assert.match(
    xml.text,
    new RegExp(`<Uri>/2012-04-24/Accounts/${child.sid}/IncomingPhoneNumbers/${String(sid)}</Uri>`),
  );
  assert.doesNotMatch(xml.text, /suspended|Status>/);
});

test('a pure SIP number is one within an organization, asks no provider, and is unique there', async () => {
  const before = here.carrier.count;
  const form = { PhoneNumber: '1234', isSIP: 'true', VoiceUrl: 'https://x.example/v' };
  const mine = await as(child)('POST', path(child, '.json'), form);
  assert.deepEqual(
    [mine.status, mine.body['phone_number'], mine.body['voice_url']],
    [200, '1234', form.VoiceUrl],
    mine.text,
  );
  assert.equal((await as(sibling)('POST', path(sibling), form)).status, 200, 'in another organization');
  assert.equal((await as(parent)('POST', path(parent), form)).text, '21452', 'in the same organization');
  assert.equal(here.carrier.count, before);
  await here.follow();
  assert.equal(here.context.engine.decide('sip:1234@one.example', 'call.in').effect, 'allow');
});

test('moving numbers to another organization is for the platform, and gives pure SIP numbers another name', async () => {
  const mover = await addAccount(here.context, null, { organization: here.organizations[0] });
  await here.follow();
  const sid = await buy('4711', mover, { isSIP: 'true' });
  const to = { OrganizationSid: `OR${here.organizations[1].replaceAll('-', '')}` };
  const migrate = (who: TelephonyAccount, what: string, form: Record<string, string>) =>
    as(who)('POST', `/Accounts/${what}/IncomingPhoneNumbers/migrate`, form);
  assert.equal((await migrate(mover, mover.sid, to)).status, 403);
  assert.equal((await migrate(mover, mover.sid, {})).status, 403);
  assert.equal((await migrate(platform, mover.sid, {})).status, 400);
  assert.equal((await migrate(platform, 'AC00000000000000000000000000000000', to)).status, 404);
  assert.equal(
    (await migrate(platform, mover.sid, { OrganizationSid: 'OR00000000000000000000000000000000' })).status,
    404,
  );
  assert.equal((await migrate(platform, mover.sid, { OrganizationSid: 'nonsense' })).status, 404);
  assert.equal((await migrate(platform, platform.sid, to)).status, 400);
  assert.equal((await migrate(platform, mover.sid, to)).status, 200);
  await here.follow();
  const decided = (subject: string) => here.context.engine.decide(subject, 'call.in').effect;
  assert.deepEqual([decided('sip:4711@two.example'), decided('sip:4711@one.example')], ['allow', 'unknown']);
  assert.equal((await as(mover)('GET', path(mover, `/${sid}.json`))).body['phone_number'], '4711');
  assert.equal((await migrate(platform, mover.sid, to)).status, 200, 'again');
});

test('an update sets and clears addresses and applications, by POST and by PUT', async () => {
  const sid = await buy('+31208005115');
  const made = await as(child)('POST', `/Accounts/${child.sid}/Applications.json`, { FriendlyName: 'Menu' });
  const application = String(made.body['sid']);
  const set = await as(child)('POST', path(child, `/${sid}.json`), {
    FriendlyName: 'Desk',
    VoiceUrl: 'https://x.example/v',
    VoiceMethod: 'get',
    VoiceApplicationSid: application,
    SmsApplicationSid: application,
    VoiceCallerIdLookup: 'true',
    FaxCapable: 'true',
  });
  const { body } = set;
  assert.deepEqual(
    [set.status, body['friendly_name'], body['voice_url'], body['voice_method'], body['voice_caller_id_lookup']],
    [200, 'Desk', 'https://x.example/v', 'GET', true],
    set.text,
  );
  assert.deepEqual([body['voice_application_sid'], body['voice_application_name']], [application, 'Menu']);
  assert.deepEqual([body['sms_application_name'], 'ussd_application_name' in body], ['Menu', false]);
  const cleared = await as(parent)('PUT', path(child, `/${sid}.json`), {
    VoiceUrl: '',
    VoiceMethod: '',
    VoiceApplicationSid: '',
    FriendlyName: '',
  });
  const now = cleared.body;
  assert.deepEqual(
    [
      now['voice_url'],
      now['voice_method'],
      now['voice_application_sid'],
      now['sms_application_sid'],
      now['friendly_name'],
    ],
    [null, 'POST', null, application, '+31208005115'],
    cleared.text,
  );
  const foreignOne = await as(sibling)('POST', `/Accounts/${sibling.sid}/Applications.json`, {
    FriendlyName: 'Theirs',
  });
  for (const form of [
    { VoiceMethod: 'PATCH' },
    { VoiceApplicationSid: 'AP00000000000000000000000000000000' },
    { VoiceApplicationSid: String(foreignOne.body['sid']) },
    { VoiceApplicationSid: 'nonsense' },
  ] as const)
    assert.equal((await as(child)('PUT', path(child, `/${sid}`), form as Record<string, string>)).status, 400);
});

test('a list has the envelope, its filters, its order, and exact totals', async () => {
  const lister = await addAccount(here.context);
  await here.follow();
  for (const [number, name] of [
    ['+31208005120', 'bravo'],
    ['+31208005121', 'Alpha'],
    ['+31208005122', 'charlie 100%'],
  ] as const)
    await buy(number, lister, { FriendlyName: name });
  const list = async (query: string) => {
    const answer = await as(lister)('GET', `${path(lister, '.json')}?${query}`);
    assert.equal(answer.status, 200, answer.text);
    const items = answer.body['incomingPhoneNumbers'] as { phone_number: string }[];
    return { ...answer.body, numbers: items.map((one) => one.phone_number.slice(-2)), total: answer.body['total'] };
  };
  const all = await list('');
  assert.deepEqual(
    Object.keys(all).slice(0, 12),
    `page num_pages page_size total start end uri first_page_uri previous_page_uri next_page_uri last_page_uri
      incomingPhoneNumbers`.split(/\s+/),
  );
  assert.deepEqual([all.numbers, all.total], [['20', '21', '22'], 3]);
  for (const [query, numbers] of [
    ['PageSize=99999999', ['20', '21', '22']],
    ['PageSize=2&Page=1', ['22']],
    ['SortBy=FriendlyName', ['21', '20', '22']],
    ['SortBy=PhoneNumber&Reverse=true', ['22', '21', '20']],
    ['Reverse=true', ['22', '21', '20']],
    ['PhoneNumber=%2B31208005121', ['21']],
    ['PhoneNumber=+31208005121', ['21']],
    ['PhoneNumber=5*21', ['21']],
    ['FriendlyName=ALPH', ['21']],
    ['FriendlyName=0%25', ['22']],
    ['FriendlyName=%25', ['22']],
    ['FriendlyName=_', []],
  ] as const)
    assert.deepEqual((await list(query)).numbers, numbers, query);
  assert.equal((await list('PageSize=2&Page=1')).total, 3);
  const refused = await as(lister)('GET', `${path(lister)}?SortBy=Colour`);
  assert.equal(refused.status, 400);
  assert.equal((await as(lister)('GET', `${path(lister)}?Page=9`)).status, 400);
  const classes = await as(lister)('GET', path(lister, '/TollFree.json'));
  assert.equal(classes.body['total'], 0);
  assert.equal((await as(lister)('GET', path(lister, '/Local.json'))).body['total'], 3);
  const xml = await as(lister)('GET', `${path(lister)}?PageSize=2`);
  assert.match(xml.text, /<IncomingPhoneNumbers page="0" numpages="1" pagesize="2" total="3" start="0" end="1" uri="/);
});

test('deleting is 204, then 404, and the number is closed to be released', async () => {
  const sid = await buy('+31208005116');
  const gone = await as(parent)('DELETE', path(child, `/${sid}.json`));
  assert.deepEqual([gone.status, gone.text], [204, '']);
  for (const method of ['GET', 'DELETE', 'PUT'] as const)
    assert.equal((await as(child)(method, path(child, `/${sid}`), method === 'PUT' ? {} : undefined)).status, 404);
  const { rows: closed } = await here.pool.query(
    'select release_pending(id) as pending from entity where uuid = $1 and closed_at is not null',
    [uuidOfSid(sid)],
  );
  assert.deepEqual(closed, [{ pending: true }]);
  assert.equal((await as(child)('POST', path(child), { PhoneNumber: '+31208005116' })).text, '21452', 'it rests');
});

test('a number of another account is 403, one that is nowhere 404', async () => {
  const sid = await buy('+31208005117');
  for (const [who, where] of [
    [parent, parent],
    [sibling, child],
    [sibling, sibling],
  ] as const)
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
      const answer = await as(who)(
        method,
        path(where, `/${sid}`),
        method.startsWith('P') ? { VoiceUrl: 'x' } : undefined,
      );
      assert.deepEqual([answer.status, answer.text], [403, ''], `${method} ${where.sid}`);
    }
  for (const none of ['PN00000000000000000000000000000000', 'x', child.sid])
    assert.equal((await as(child)('GET', path(child, `/${none}`))).status, 404);
});

test('what a client sends back as it read it changes nothing, also an application that it could not name itself', async () => {
  const sid = await buy('+31208005118');
  const menu = await as(parent)('POST', `/Accounts/${parent.sid}/Applications.json`, { FriendlyName: 'Above' });
  const application = { VoiceApplicationSid: String(menu.body['sid']) };
  assert.equal((await as(child)('PUT', path(child, `/${sid}`), application)).status, 400);
  assert.equal((await as(parent)('PUT', path(child, `/${sid}`), application)).status, 200);
  const again = await as(child)('PUT', path(child, `/${sid}.json`), { ...application, FriendlyName: 'Ours' });
  assert.deepEqual(
    [again.status, again.body['voice_application_sid'], again.body['friendly_name']],
    [200, application.VoiceApplicationSid, 'Ours'],
    again.text,
  );
});

test('numbers of both sorts obey a hold above their account, whosever domain they lie in', async () => {
  const account = await addAccount(here.context, parent, { organization: here.organizations[1] });
  await here.follow();
  await buy('+31208005119', account);
  await buy('8000', account, { isSIP: 'true' });
  const effects = async () => {
    await here.follow();
    return ['tel:+31208005119', 'sip:8000@two.example'].map(
      (subject) => here.context.engine.decide(subject, 'call.in').effect,
    );
  };
  assert.deepEqual(await effects(), ['allow', 'allow']);
  const { value } = await placeHold(here.context, ADMIN, parent.id, { profile: 'suspended' });
  assert.deepEqual(await effects(), ['deny', 'deny']);
  await liftHold(here.context, ADMIN, parent.id, value.hold.id);
  assert.deepEqual(await effects(), ['allow', 'allow']);
  await closeEntity(here.context, ADMIN, account.id);
  assert.deepEqual(await effects(), ['deny', 'deny']);
});
