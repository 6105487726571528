/** Ways of importing a Restcomm-Connect: interrupted and finished, from old versions, with a hold for each. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { type Client, makeClient } from '#cli/client.ts';
import { importRestcomm } from '#cli/import-restcomm.ts';
import { uuidOfSid } from '#core/sid.ts';
import { TOKEN, testInstallation } from '#test/installation.ts';
import { administrator, basic } from '#test/people.ts';
import {
  accountRow,
  clientRow,
  dumpFolder,
  md5,
  numberRow,
  organizationRow,
  passwordIn,
  sidIn,
  toldLines,
} from '#test/restcomm-dump.ts';
import { forgetFailures, restWith } from '#test/telephony-world.ts';

const here = await testInstallation({ after: (work) => after(work) });
const { app, pool } = here;
const native = administrator(app);
const folders: string[] = [];
let client: Client;
before(async () => {
  client = makeClient({ url: await app.listen({ host: '127.0.0.1', port: 0 }), token: TOKEN });
});
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const idIn = (prefix: string, name: string) => String(uuidOfSid(sidIn(prefix, name)));

const rest = async (user: string, secret: string, path: string) => {
  await forgetFailures(here);
  return restWith(app, '/restcomm/2012-04-24', basic(user, secret))('GET', path);
};

/** A dump of many accounts and clients, so that it goes in more than one batch. */
function manyRows(prefix: string, organization: string, domain: string, count: number) {
  const names = Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  const parentOf = (index: number) => (index === 0 ? null : `${prefix}${Math.floor((index - 1) / 3)}`);
  return {
    organizations: [organizationRow(organization, domain)],
    accounts: names
      .map((name, index) =>
        accountRow(name, parentOf(index), {
          organization_sid: sidIn('OR', organization),
          status: index % 5 === 4 ? 'suspended' : 'active',
        }),
      )
      .toReversed(),
    clients: names.map((name) => clientRow(name, name, domain)),
  };
}

test('an import that was interrupted is finished by another, which does nothing twice', async () => {
  const rows = manyRows('many', 'many', 'many.restcomm.example', 16);
  const many = dumpFolder(rows);
  folders.push(many);
  const known = new Set<string>();
  for (let run = 0; ; run += 1) {
    assert.ok(run < 40, 'each run gets further');
    // Each run gets one request further than the one before it, in which the server falls silent.
    let left = run;
    const failing: Client = {
      ...client,
      post: (path, body, options) => {
        if (path === '/v1/bulk' && left-- <= 0) return Promise.reject(new Error('the line is cut'));
        return client.post(path, body, options);
      },
    };
    try {
      const done = await importRestcomm(failing, many, { batchSize: 30 });
      assert.equal(done.failed, 0, toldLines(done.refusals).join('\n'));
      break;
    } catch (error) {
      assert.match(String(error), /the line is cut/);
    }
    const { rows: made } = await pool.query<{ uuid: string }>('select uuid from entity');
    for (const { uuid } of made) known.add(uuid);
  }
  const last = await importRestcomm(client, many);
  assert.deepEqual([last.created, last.failed], [0, 0]);
  await here.follow();
  for (let index = 0; index < 16; index += 5) {
    const sid = sidIn('AC', `many${index}`);
    const body = (await native('GET', `/v1/entities/${uuidOfSid(sid)}`)).body;
    assert.equal(body['name'], `Firm many${index}`);
    assert.notEqual((await rest(sid, passwordIn(`many${index}`), `/Accounts/${sid}`)).status, 401);
  }
});

test('an older dump without names and organizations is told by its first row, and hangs where it is told to', async () => {
  await native('POST', '/v1/accounts', { name: 'Left behind', reference: 'LB', reseller: true });
  // The first eleven columns are those of version 7; its clients have clear text and no algorithm.
  const cut = (row: string, columns: number) => row.split(',').slice(0, columns).join(',');
  const old = dumpFolder(
    {
      accounts: [accountRow('v7', null), accountRow('v7b', 'v7', { status: 'suspended' })].map((row) => cut(row, 11)),
      clients: [cut(clientRow('gina', 'v7', '', { password: passwordIn('gina') }), 15)],
      incoming_phone_numbers: [cut(numberRow('+31208005110', 'v7'), 21)],
    },
    'without names',
  );
  folders.push(old);
  const without = await importRestcomm(client, old, { isDry: true });
  assert.match(toldLines(without.refusals).join('\n'), /clients\.csv:1: the organization of account AC.* is not known/);
  const done = await importRestcomm(client, old, {
    parent: 'LB',
    domain: 'old.restcomm.example',
    provider: 'carrier',
    hasOwnHolds: true,
  });
  assert.equal(done.failed, 0, toldLines(done.refusals).join('\n'));
  await here.follow();
  const top = (await native('GET', '/v1/entities/ref:LB')).body;
  assert.equal((await native('GET', `/v1/entities/${idIn('AC', 'v7')}`)).body['parent'], top['id']);
  assert.equal((await native('GET', '/v1/entities/sip:old.restcomm.example')).body['parent'], top['id']);
  assert.equal((await native('GET', '/v1/entities/tel:+31208005110')).body['provider'], 'carrier');
  const { rows } = await pool.query<{ ha1: string }>(
    `select ha1 from enforce.kamailio_subscriber where aor = 'gina@old.restcomm.example'`,
  );
  assert.equal(rows[0]?.ha1, md5(`gina:old.restcomm.example:${passwordIn('gina')}`));
  assert.equal((await rest('v7@restcomm.example', passwordIn('v7'), `/Accounts/${sidIn('AC', 'v7')}`)).status, 200);
  assert.equal((await rest('v7b@restcomm.example', passwordIn('v7b'), '/Accounts')).status, 403);
});

test('a hold for every suspended account keeps them apart from their parents', async () => {
  const rows = [
    accountRow('own', null, { status: 'suspended', organization_sid: null }),
    accountRow('own1', 'own', { status: 'suspended', organization_sid: null }),
  ];
  const own = dumpFolder({ accounts: rows });
  folders.push(own);
  const done = await importRestcomm(client, own, { hasOwnHolds: true });
  assert.deepEqual(done.kinds.get('hold'), { created: 2, existed: 0, failed: 0 });
  assert.deepEqual(done.notes, []);
});
