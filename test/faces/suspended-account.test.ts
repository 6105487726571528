/**
 * Every route of the account APIs while an account is suspended, and after it is closed: as that account, as those beneath,
 * as the one above and as the one beside; and again once it is active.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { RESTCOMM_BASE, TWILIO_BASE } from '#faces/shared/account-path.ts';
import { NOTHING, RESTCOMM_ROWS, TWILIO_ROWS, isOpenRow, requestOf } from '#test/face-matrix-routes.ts';
import { type FaceAccount, expectOk, growTree, setStatus } from '#test/face-tree.ts';
import { testInstallation } from '#test/installation.ts';
import { basic } from '#test/people.ts';
import { type Rest, restWith } from '#test/telephony-world.ts';

const here = await testInstallation({ after });
const tree = await growTree(here, { m: null, a: 'm', b: 'a', c: 'b', d: 'c', s: 'm' });
const of = (name: string): FaceAccount => {
  const account = tree.accounts.get(name);
  assert.ok(account !== undefined);
  return account;
};
const [m, a, s] = [of('m'), of('a'), of('s')];
const BENEATH = [of('b'), of('c'), of('d')];
for (const account of [a, ...BENEATH, s]) {
  const under = `/Accounts/${account.sid}`;
  await expectOk(account.rest('POST', `${under}/Applications.json`, { FriendlyName: `Menu of ${account.name}` }));
  await expectOk(
    account.rest('POST', `${under}/Clients.json`, { Login: `line-${account.name}`, Password: 'Strong-Client-12!' }),
  );
}

const FACES = [
  { face: 'restcomm', base: RESTCOMM_BASE, rows: RESTCOMM_ROWS.filter((row) => !isOpenRow(row)) },
  { face: 'twilio', base: TWILIO_BASE, rows: TWILIO_ROWS.filter((row) => !isOpenRow(row)) },
] as const;
const restOf = (account: FaceAccount, base: string): Rest =>
  restWith(here.app, base, basic(account.sid, account.token));
/** The formats, by what clients do to get them. */
const FORMATS = [
  { name: 'XML', suffix: '', headers: {} },
  { name: 'JSON by the path', suffix: '.json', headers: {} },
  { name: 'JSON by Accept', suffix: '', headers: { accept: 'application/json' } },
] as const;

/** Each route by every name of an account and in every format; `once` where others were asked so already. */
async function assertRefused(by: FaceAccount, words: string, often: 'fully' | 'once'): Promise<void> {
  const ids = often === 'once' ? [by.sid] : [by.sid, by.email, NOTHING];
  for (const { face, base, rows } of FACES)
    for (const row of rows)
      for (const id of ids)
        for (const { name, suffix, headers } of often === 'once' ? FORMATS.slice(1, 2) : FORMATS) {
          const { method, path, form } = requestOf(row, id);
          const answer = await restOf(by, base)(method, path + suffix, form, headers);
          const where = `${by.name}, ${face} ${row.route} in ${name}: ${answer.text}`;
          assert.deepEqual([answer.status, answer.headers['x-abeyance-problem']], [403, 'forbidden'], where);
          if (face === 'restcomm') assert.equal(answer.text, words, where);
          else assert.equal(answer.body['message'], words, where);
        }
}

/** All that can be read of an account by whoever asks, in both formats; what changes with every request is left out. */
async function readings(by: FaceAccount, target: FaceAccount): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { base, rows } of FACES)
    for (const row of rows) {
      // Notifications tell of what was refused meanwhile, which is what they are for.
      if (!row.route.startsWith('GET ') || row.route.endsWith('/Notifications')) continue;
      for (const { name, suffix, headers } of FORMATS) {
        const { method, path, form } = requestOf(row, target.sid);
        const { status, text } = await restOf(by, base)(method, path + suffix, form, headers);
        assert.ok(status < 500, `${row.route} ${text}`);
        found.set(`${base} ${row.route} ${name}`, `${status} ${text.replaceAll(/"as_of":\s*"[^"]*"/g, '')}`);
      }
    }
  return found;
}

/** Which readings of an account differ; that a call was refused is noted among its notifications, and is no difference. */
function differing(before: ReadonlyMap<string, string>, after_: ReadonlyMap<string, string>): string[] {
  const isNote = (key: string) => key.includes('/Notifications ');
  return [...before.keys()].filter((key) => !isNote(key) && before.get(key) !== after_.get(key));
}

const first = new Map<string, Map<string, string>>();
for (const account of [m, a, ...BENEATH, s]) first.set(account.name, await readings(account, account));
const byParent = await readings(m, a);

test('as a suspended account, and as all beneath, every route is 403, whoever is named and in whatever format', async () => {
  assert.equal(await setStatus(m, a, 'suspended'), 'suspended');
  await assertRefused(a, 'Provided Account is not active', 'fully');
  for (const account of BENEATH) await assertRefused(account, 'Parent Account is not active', 'once');
  await assertRefused(of('d'), 'Parent Account is not active', 'fully');
});

test('as the account above everything of it reads as before, but its status', async () => {
  const changed = differing(byParent, await readings(m, a));
  for (const key of changed) assert.match(key, / GET \/Accounts(\/:account)? /, key);
  assert.ok(changed.length > 0);
});

test('the account beside, and the one above itself, notice nothing', async () => {
  assert.deepEqual(differing(first.get('s') ?? new Map(), await readings(s, s)), []);
  for (const key of differing(first.get('m') ?? new Map(), await readings(m, m)))
    assert.match(key, / GET \/Accounts /, `${key}: only its list of accounts tells`);
});

test('the account above manages it, and makes it use nothing', async () => {
  const under = `/Accounts/${a.sid}`;
  const made = async (path: string, form: Readonly<Record<string, string>>) =>
    (await m.rest('POST', `${under}/${path}.json`, form)).status;
  assert.equal(await made('Applications', { FriendlyName: 'New' }), 200);
  assert.equal(await made('Clients', { Login: 'new-of-a', Password: 'Strong-Client-12!' }), 200);
  assert.equal(await made('OutgoingCallerIds', { PhoneNumber: '+31207000001' }), 200);
  assert.equal((await m.rest('POST', under, { FriendlyName: 'A', Role: 'Administrator' })).status, 200);
  for (const target of [a, ...BENEATH])
    for (const [path, form] of [
      ['Calls', { From: '+31207000001', To: '+31207000002', Url: 'http://x.example/rcml' }],
      ['SMS/Messages', { From: '+31207000001', To: '+31207000002', Body: 'Hello' }],
      ['IncomingPhoneNumbers', { PhoneNumber: '+15005550006' }],
      ['IncomingPhoneNumbers', { PhoneNumber: '7799', isSIP: 'true' }],
      ['IncomingPhoneNumbers/Local', { AreaCode: '500' }],
    ] as const)
      for (const suffix of ['', '.json']) {
        const answer = await m.rest('POST', `/Accounts/${target.sid}/${path}${suffix}`, form);
        const found = [answer.status, answer.headers['x-abeyance-problem']];
        assert.deepEqual(found, [403, 'held'], `${target.name} ${path}${suffix} ${answer.text}`);
      }
  await here.follow();
  const { domain } = tree.organization;
  const asked = `/v1/decisions?subject=sip:new-of-a@${domain}&action=register`;
  const { body } = await tree.admin('GET', asked);
  assert.equal(body['effect'], 'deny', 'what is made beneath a hold is under it at once');
  const { body: applications } = await m.rest('GET', `${under}/Applications.json`);
  const clients = (await m.rest('GET', `${under}/Clients.json`)).body as unknown as { sid: string; login: string }[];
  const { sid } = clients.find(({ login }) => login === 'new-of-a') ?? {};
  assert.equal((await m.rest('DELETE', `${under}/Clients/${sid}`)).status, 200);
  for (const { sid: one, friendly_name } of applications as unknown as { sid: string; friendly_name: string }[])
    if (friendly_name === 'New') assert.equal((await m.rest('DELETE', `${under}/Applications/${one}`)).status, 200);
  assert.equal((await m.rest('POST', under, { FriendlyName: 'a' })).status, 200);
});

test('reactivation restores all: the same requests are answered as they were', async () => {
  assert.equal(await setStatus(m, a, 'active'), 'active');
  for (const account of [...BENEATH, s])
    assert.deepEqual(
      differing(first.get(account.name) ?? new Map(), await readings(account, account)),
      [],
      account.name,
    );
  assert.equal(await setStatus(a, a, 'active'), 'active', 'and to be active already is no error');
});

test('as a closed account, and as all beneath, every route is 403', async () => {
  assert.equal(await setStatus(m, a, 'closed'), 'closed');
  await assertRefused(a, 'Provided Account is not active', 'once');
  for (const account of BENEATH) await assertRefused(account, 'Parent Account is not active', 'once');
});
