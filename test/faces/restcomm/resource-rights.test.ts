/** Each right about resources lets do what it says and nothing else: a role with one verb of one domain, on every method. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { putRole } from '#operations/identity/roles.ts';
import { ADMIN } from '#test/installation.ts';
import { restcommNumbers } from '#test/restcomm-numbers.ts';
import { type Form, addAccount } from '#test/telephony-world.ts';

const here = await restcommNumbers({ after });
const { platform, as } = here;
const VERBS = ['Create', 'Read', 'Modify', 'Delete'] as const;
const CREATED: Readonly<Record<string, () => Form>> = {
  IncomingPhoneNumbers: () => ({ PhoneNumber: `+312080051${10 + count}` }),
  Clients: () => ({ Login: `user${count}`, Password: 'RestComm1234' }),
  Applications: () => ({ FriendlyName: 'Menu' }),
  OutgoingCallerIds: () => ({ PhoneNumber: '+31208005100' }),
};
let count = 0;

/** What is asked, with the verb that it takes. */
function requestsOf(
  kind: string,
  one: string,
): (readonly [string, 'GET' | 'POST' | 'PUT' | 'DELETE', string, Form | undefined])[] {
  return [
    ['Create', 'POST', kind, CREATED[kind]?.()],
    ['Read', 'GET', kind, undefined],
    ['Read', 'GET', `${kind}/${one}`, undefined],
    ['Modify', 'POST', `${kind}/${one}`, { FriendlyName: 'x' }],
    ['Modify', 'PUT', `${kind}/${one}`, { FriendlyName: 'y' }],
    [kind === 'Applications' ? 'Modify' : 'Delete', 'DELETE', `${kind}/${one}`, undefined],
  ];
}

for (const kind of Object.keys(CREATED))
  test(`${kind}: a role with one verb does that alone`, async () => {
    for (const verb of VERBS) {
      const role = `${verb}-${kind}`.toLowerCase();
      await putRole(here.context, ADMIN, 0, role, { permissions: [`RestComm:${verb}:${kind}`] });
      const account = await addAccount(here.context, null, { role, organization: here.organizations[0] });
      await here.follow();
      count += 1;
      const made = await as(platform)('POST', `/Accounts/${account.sid}/${kind}.json`, CREATED[kind]?.());
      assert.equal(made.status, 200, made.text);
      count += 1;
      for (const [needed, method, path, form] of requestsOf(kind, String(made.body['sid']))) {
        const { status, text } = await as(account)(method, `/Accounts/${account.sid}/${path}`, form);
        const told = `${verb}: ${method} ${path}: ${status} ${text}`;
        if (needed === verb) assert.ok(status === 200 || status === 204, told);
        else assert.deepEqual([status, text], [403, ''], told);
      }
    }
  });

test('searching needs its own right, and the role Developer has what Restcomm gives it', async () => {
  const account = await addAccount(here.context, null, {
    role: 'restcomm_developer',
    organization: here.organizations[0],
  });
  await here.follow();
  const get = (path: string) => as(account)('GET', `/Accounts/${account.sid}/${path}`);
  for (const path of [
    'AvailablePhoneNumbers/NL/Local',
    'IncomingPhoneNumbers/AvailableCountries',
    'Clients',
    'Applications',
  ])
    assert.equal((await get(path)).status, 200, path);
  const reader = await addAccount(here.context, null, { role: 'read-clients' });
  await here.follow();
  for (const path of ['AvailablePhoneNumbers/NL/Local', 'IncomingPhoneNumbers/AvailableCountries'])
    assert.equal((await as(reader)('GET', `/Accounts/${reader.sid}/${path}`)).status, 403, path);
});
