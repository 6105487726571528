/** What an account used, what runs on the whole installation, and what there is not. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { XMLParser } from 'fast-xml-parser';

import { putRecords } from '#operations/put-records.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { addAccount, giveLogin, restAs } from '#test/telephony-world.ts';

const BASE = '/restcomm/2012-04-24';
const here = await testInstallation({ after });
const { context, app, pool } = here;
const platform = await pool.query<{ uuid: string }>('select uuid from entity where id = 0');
const root = await giveLogin(context, { id: platform.rows[0]?.uuid ?? '', number: 0 }, 'root@accounts.example');
const parent = await addAccount(context);
const child = await addAccount(context, parent);
const grandchild = await addAccount(context, child);
const stranger = await addAccount(context);
await here.follow();
const asRoot = restAs(app, BASE, root);
const asParent = restAs(app, BASE, parent);
const asStranger = restAs(app, BASE, stranger);
const at = (path: string) => `/Accounts/${child.sid}/${path}`;
const xmlOf = (text: string) => new XMLParser().parse(text).RestcommResponse;
const { items: made } = await putRecords(context, ADMIN, {
  source: 'switch',
  records: [
    {
      kind: 'call',
      externalRef: '1',
      account: child.id,
      status: 'completed',
      duration: 90,
      startedAt: '2026-01-05T10:00:00Z',
      price: '1.5',
      priceUnit: 'EUR',
    },
    {
      kind: 'call',
      externalRef: '2',
      account: child.id,
      status: 'failed',
      duration: 30,
      startedAt: '2026-01-06T23:59:59Z',
    },
    { kind: 'call', externalRef: '3', account: grandchild.id, status: 'in-progress' },
    { kind: 'message', externalRef: '1', account: child.id, sentAt: '2026-01-05T10:00:00Z' },
  ],
});
const c3 = made[2]?.sid;

test('usage is summed up by spans, of the account alone', async () => {
  const daily = await asParent('GET', `${at('Usage/Records/Daily')}.json`);
  assert.deepEqual(daily.body, [
    {
      category: 'calls',
      description: 'Total Calls',
      account_sid: child.sid,
      start_date: '2026-01-05',
      end_date: '2026-01-05',
      usage: '2',
      usage_unit: 'minutes',
      count: '1',
      count_unit: 'calls',
      price: '1.5',
      price_unit: 'EUR',
      uri: `/2012-04-24/Accounts/${child.sid}/Usage/Records/Daily.json`,
    },
    {
      category: 'calls',
      description: 'Total Calls',
      account_sid: child.sid,
      start_date: '2026-01-06',
      end_date: '2026-01-06',
      usage: '1',
      usage_unit: 'minutes',
      count: '1',
      count_unit: 'calls',
      price: '0',
      price_unit: 'USD',
      uri: `/2012-04-24/Accounts/${child.sid}/Usage/Records/Daily.json`,
    },
  ]);
  const one = async (span: string, query = '') => {
    const { body } = await asParent('GET', `${at(`Usage/Records/${span}`)}.json${query}`);
    assert.ok(Array.isArray(body));
    return body.map(({ start_date, end_date, usage, count }) => [start_date, end_date, usage, count].join(' '));
  };
  assert.deepEqual(await one('MONTHLY'), ['2026-01-01 2026-01-31 2 2']);
  assert.deepEqual(await one('yearly'), ['2026-01-01 2026-12-31 2 2']);
  assert.deepEqual(await one('AllTime', '?StartDate=2026-01-06&EndDate=2026-01-31'), ['2026-01-06 2026-01-31 1 1']);
  for (const span of ['Today', 'Yesterday', 'ThisMonth', 'LastMonth', 'AllTime'])
    assert.equal((await one(span)).length, 1);
  assert.deepEqual(await one('Daily', '?Category=sms'), ['2026-01-05 2026-01-05 1 1']);
  assert.equal(xmlOf((await asParent('GET', at('Usage/Records/AllTime'))).text).UsageRecords.UsageRecord.Count, 2);
  assert.equal((await asParent('GET', at('Usage/Records/Hourly'))).status, 404);
  assert.equal((await asParent('GET', at('Usage/Records/__proto__'))).status, 404);
  assert.equal((await asParent('GET', `${at('Usage/Records/Daily')}?Category=fax`)).status, 400);
  assert.equal((await asParent('GET', `${at('Usage/Records/Daily')}?StartDate=x`)).status, 400);
});

test('the platform alone sees what runs', async () => {
  const metrics = (await asRoot('GET', `/Accounts/${root.sid}/Supervisor/metrics.json?LiveCallDetails=true`)).body;
  assert.deepEqual(
    [metrics['Metrics'].LiveCalls, metrics['Metrics'].CompletedCalls, metrics['LiveCallDetails'][0].sid],
    [1, 1, c3],
  );
  const live = xmlOf((await asRoot('GET', `/Accounts/${root.sid}/Supervisor/livecalls`)).text);
  assert.equal(live.LiveCallDetails.Call.Sid, c3);
  assert.equal((await asRoot('POST', `/Accounts/${root.sid}/Supervisor/remote`)).status, 404);
  assert.equal((await asRoot('GET', `/Accounts/${root.sid}/Calls.json?SubAccounts=true`)).body['total'], 3);
});

test('what is not here is checked as all else, and then empty or not done', async () => {
  assert.deepEqual((await asParent('GET', `${at('Geolocation')}.json`)).body, []);
  assert.equal((await asParent('POST', at('Email/Messages'), { To: 'a@b.example' })).status, 404);
  assert.equal((await asParent('POST', at('UssdPush'), {})).status, 404);
  assert.equal((await asParent('GET', at('Geolocation/Immediate/GL1'))).status, 404);
  assert.equal((await asParent('GET', at('Management/Gateways'))).status, 403);
  assert.equal((await asParent('GET', at('OutboundProxy'))).status, 403);
  assert.deepEqual((await asRoot('GET', `${at('Management/Gateways')}.json`)).body, []);
  assert.equal((await asRoot('POST', at('Management/Gateways'), {})).status, 404);
  assert.equal((await asRoot('GET', at('OutboundProxy/getProxies'))).status, 404);
  assert.equal((await asStranger('POST', at('Email/Messages'), {})).status, 403);
});
