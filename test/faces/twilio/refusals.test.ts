/** What the library throws: the codes of Twilio, whatever was asked, and never another class than its own. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { placeHold } from '#operations/place-hold.ts';
import { ADMIN, testInstallation } from '#test/installation.ts';
import { addAccount, forgetFailures, restAs, restWith } from '#test/telephony-world.ts';
import { refusalOf, twilioClients } from '#test/twilio-client.ts';

const BASE = '/2010-04-01';
const here = await testInstallation({ after });
const clientOf = await twilioClients(here.app);
const account = await addAccount(here.context);
const child = await addAccount(here.context, account);
const stranger = await addAccount(here.context);
const developer = await addAccount(here.context, account, { role: 'Developer' });
await here.follow();

const fetching = (who: Parameters<typeof clientOf>[0], sid: string) =>
  refusalOf(clientOf(who).api.v2010.accounts(sid).fetch());
const NOWHERE = 'AC00000000000000000000000000000000';

test('a wrong token is nobody', async () => {
  const refusal = await fetching({ sid: account.sid, token: 'wrong' }, account.sid);
  assert.deepEqual([refusal.status, refusal.code], [401, 20003]);
  assert.equal(refusal.moreInfo, 'https://www.twilio.com/docs/errors/20003');
  assert.ok(refusal.message.length > 0);
});

test('what is missing is told from what is somebody else’s', async () => {
  const missing = await fetching(account, NOWHERE);
  assert.deepEqual([missing.status, missing.code], [404, 20404]);
  for (const other of [stranger.sid, stranger.email]) {
    const foreign = await fetching(account, other);
    assert.deepEqual([foreign.status, foreign.code], [403, 20003]);
  }
  const above = await fetching(child, account.sid);
  assert.deepEqual([above.status, above.code], [403, 20003]);
  const sibling = await fetching(developer, child.sid);
  assert.deepEqual([sibling.status, sibling.code], [403, 20003]);
});

test('a path or a method that there is not has an error object, too', async () => {
  const rest = restAs(here.app, BASE, account);
  const nowhere = await rest('GET', `/Accounts/${account.sid}/Pigeons.json`);
  assert.deepEqual([nowhere.status, nowhere.body['code']], [404, 20404]);
  const method = await rest('DELETE', `/Accounts/${account.sid}.json`);
  assert.deepEqual([method.status, method.body['code']], [405, 20004]);
  assert.match(String(method.headers['allow']), /GET/);
  const broken = await rest('GET', '/Accounts/%zz.json');
  assert.deepEqual([broken.status, broken.body['code']], [400, 20001]);
  const long = await rest('GET', `/Accounts/${'a'.repeat(3_000)}.json`);
  assert.deepEqual([long.status, long.body['code']], [414, 20001]);
  for (const answer of [nowhere, method, broken, long])
    assert.deepEqual(Object.keys(answer.body), ['code', 'message', 'more_info', 'status']);
});

test('resources of Twilio that there are not here are not found', async () => {
  const { v2010 } = clientOf(account).api;
  const mine = v2010.accounts(account.sid);
  for (const asked of [
    mine.tokens.create(),
    mine.keys.list(),
    mine.newKeys.create(),
    mine.queues.list(),
    mine.sip.domains.list(),
    mine.addresses.list(),
    mine.balance.fetch(),
    mine.shortCodes.list(),
    mine.connectApps.list(),
  ]) {
    const refusal = await refusalOf(asked);
    assert.deepEqual([refusal.status, refusal.code], [404, 20404]);
  }
});

test('whoever does not operate is refused, told apart from who is not known', async () => {
  await placeHold(here.context, ADMIN, account.id, { profile: 'suspended' });
  await here.follow();
  for (const who of [account, child]) {
    const refusal = await fetching(who, who.sid);
    assert.deepEqual([refusal.status, refusal.code], [403, 20005]);
    const anywhere = await restAs(here.app, BASE, who)('GET', '/nowhere.json');
    assert.deepEqual([anywhere.status, anywhere.body['code']], [403, 20005]);
    await forgetFailures(here);
    const wrong = await fetching({ sid: who.sid, token: 'wrong' }, who.sid);
    assert.deepEqual([wrong.status, wrong.code], [401, 20003]);
  }
});

test('no credential at all is 401 before any path is looked at', async () => {
  for (const path of ['', '/Accounts.json', '/nowhere.json', `/Accounts/${account.sid}.json`]) {
    const answer = await restWith(here.app, BASE, null)('GET', path);
    assert.deepEqual([answer.status, answer.body['code'], answer.body['status']], [401, 20003, 401]);
    assert.equal(answer.headers['x-abeyance-problem'], 'unauthenticated');
  }
});
