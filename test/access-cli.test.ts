/** The command line for logins, keys, roles and properties against a real server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { runCli } from '#cli/canned-server.ts';
import { TOKEN, testInstallation } from '#test/installation.ts';

const PASSWORD = 'correct horse battery staple';
const BOB = { ABEYANCE_TOKEN: '', ABEYANCE_LOGIN: 'bob@acme.example', ABEYANCE_PASSWORD: PASSWORD };

const here = await testInstallation({ after: (work) => after(work) });
let url = '';
before(async () => {
  url = await here.app.listen({ host: '127.0.0.1', port: 0 });
});

/** Runs a command that is to succeed, as the first administrator unless the environment says otherwise. */
async function done(args: readonly string[], env: Record<string, string> = {}, typed?: string) {
  const ran = await runCli(url, args, {
    env: { ABEYANCE_TOKEN: TOKEN, ...env },
    ...(typed === undefined ? {} : { typed }),
  });
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.err}`);
  assert.ok(!`${ran.out}${ran.err}`.includes(PASSWORD), 'no password is shown');
  return ran.out;
}
const refused = (args: readonly string[], env: Record<string, string>) => runCli(url, args, { env });

test('an administrator gives a reseller a login, which runs its own accounts and sees nothing above', async () => {
  await done(['create', 'account', 'parent=platform', 'name=North', 'reference=R-1']);
  await done(['create', 'account', 'parent=ref:R-1', 'name=Acme', 'reference=C-1']);
  await done(['logins', 'add', 'ref:R-1', 'anna@north.example', '--role', 'administrator']);
  const north = {
    ABEYANCE_TOKEN: (await done(['keys', 'add', 'anna@north.example', 'laptop', '--expires', '90d', '--quiet'])).trim(),
  };
  assert.match(north.ABEYANCE_TOKEN, /^aby_/);
  await done(['roles', 'put', 'ref:R-1', 'desk', '--permissions', '*:read,hold:*', '--subject', 'technical'], north);
  const add = ['logins', 'add', 'ref:C-1', 'bob@acme.example', '--role', 'desk', '--password-stdin'];
  await done(add, north, `${PASSWORD}\n`);
  assert.match(await done(['logins', 'ref:R-1', '--beneath'], north), /anna@north\.example[^]*bob@acme\.example/);

  assert.match(await done(['whoami'], BOB), /^level +customer$/m);
  assert.equal(await done(['tree'], BOB), 'Acme account active\n', 'without an entity it begins at the own account');
  const changes = await done(['changes', '--last', '2'], BOB);
  assert.match(
    changes,
    /^\d+ .*entity\.created.*\n\d+ .*login\.created.*\n$/,
    'what happened to his account is all that there is',
  );
  assert.equal(await done(['changes', '--entity', 'ref:C-1'], BOB), await done(['changes'], BOB));
  assert.equal((await refused(['show', 'ref:R-1'], BOB)).code, 1, 'what lies above does not exist');
  assert.equal((await refused(['create', 'account', 'parent=ref:C-1', 'name=x'], BOB)).code, 4);
});

test('a hold of the reseller has no name for the customer, who cannot lift it', async () => {
  const anna = { ABEYANCE_TOKEN: (await done(['keys', 'add', 'anna@north.example', 'x', '--quiet'])).trim() };
  await done(['suspend', 'ref:C-1', '--profile', 'limited', '--note', 'invoice 4711', '--subject', 'billing'], anna);
  const told = await done(['why', 'ref:C-1'], BOB);
  assert.match(told, /placed with the authority of the reseller in matters of billing/);
  assert.doesNotMatch(told, /anna|4711/);
  assert.match(await done(['holds', 'ref:C-1'], BOB), /billing +an account above/);
  assert.match(await done(['holds', 'ref:C-1'], anna), /billing +anna@north\.example .* invoice 4711/);
  assert.equal((await refused(['resume', 'ref:C-1'], BOB)).code, 4);
  await done(['resume', 'ref:C-1'], anna);
  const [ended] = JSON.parse(await done(['holds', 'ref:C-1', '--ended', '--json'], BOB));
  assert.deepEqual([ended.placedBy, ended.endedBy], ['reseller', 'reseller']);
});

test('acting as an account beneath leaves both in the log, with the reason', async () => {
  const options = ['--as', 'ref:C-1', '--reason', 'gevraagd: één keer'];
  await done(['update', 'ref:C-1', 'timezone=Europe/Amsterdam', ...options]);
  const { rows } = await here.pool.query(
    `select c.origin, r.value from change c join request_personal r
       on r.commitment in (select value from jsonb_each_text(c.origin -> 'commitments'))
     where c.kind = 'entity.updated' and r.field = 'reason'`,
  );
  assert.equal(rows[0]?.value, 'gevraagd: één keer');
  assert.equal(rows[0]?.origin.as, 2);
  assert.equal((await refused(['whoami', '--as', 'platform'], BOB)).code, 1, 'never upward');
  await done(['create', 'account', 'parent=ref:R-1', 'name=Zoë', 'reference=Zoë-1']);
  assert.match(await done(['whoami', '--as', 'ref:Zoë-1']), /^level +customer$/m);
});

test('a property keeps what is not said of it, and is the platform’s where its name says so', async () => {
  await done(['properties', 'set', 'ref:C-1', 'seats=3', '--permission', 'admin', '--category', 'plan']);
  assert.match(await done(['properties', 'set', 'ref:C-1', 'seats=4']), /^seats +4 +plan +admin/m);
  await done(['properties', 'set', 'ref:C-1', 'pstn_access=1']);
  assert.match(await done(['properties', 'ref:C-1'], BOB), /^pstn_access +1 +admin +no +no$/m);
  await done(['properties', 'set', 'ref:R-1', 'pstn_access=1']);
  assert.match(await done(['properties', 'ref:C-1'], BOB), /^pstn_access +1 +admin +yes +no$/m);
  assert.doesNotMatch(await done(['properties', 'unset', 'ref:C-1', 'seats']), /seats/);
});

test('a login changes its own password, and what was removed counts no more', async () => {
  const next = 'another long word';
  await done(['password', '--password-stdin'], BOB, `${PASSWORD}\n${next}\n`);
  assert.equal((await refused(['whoami'], BOB)).code, 4);
  const bob = { ...BOB, ABEYANCE_PASSWORD: next };
  const [key] = JSON.parse(await done(['keys', 'anna@north.example', '--json']));
  await done(['keys', 'remove', key.id]);
  await done(['logins', 'set', 'bob@acme.example', '--disable']);
  assert.equal((await refused(['whoami'], bob)).code, 4);
  await done(['logins', 'remove', 'BOB@acme.example']);
  await done(['roles', 'remove', 'ref:R-1', 'desk']);
  assert.doesNotMatch(await done(['roles', 'ref:C-1']), /desk/);
});
