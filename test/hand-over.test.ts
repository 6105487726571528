/** Certificates are handed over to an APS endpoint through the native face, and replaced. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';

import { fingerprintOf, makeKeyPair } from '#systems/aps/certificate.ts';
import { startApsSimulator } from '#systems/aps/simulator.ts';
import { openSecrets, findSystem } from '#store/system.ts';
import { testInstallation } from '#test/installation.ts';
import { administrator, made } from '#test/people.ts';
import { sampleSystem } from '#test/system-samples.ts';

test('certificates are handed over once a person has compared the fingerprint, replaced, and never shown', async (t: TestContext) => {
  const here = await testInstallation(t);
  const pair = await makeKeyPair('apps.example', Date.now());
  const endpoint = await startApsSimulator({ type: 'x509', tls: { cert: pair.certificate, key: pair.key } });
  t.after(() => endpoint.stop());
  const admin = administrator(here.app);
  const { settings } = sampleSystem('aps');
  await made(
    admin('POST', '/v1/systems', {
      name: 'cloud',
      kind: 'aps',
      settings: { ...settings, url: `${endpoint.origin}/ext`, trust: 'x509' },
    }),
  );
  const path = '/v1/systems/cloud/hand-over';
  const refused = await admin('POST', path, { fingerprint: 'no fingerprint' });
  assert.deepEqual([refused.status, refused.body.errors[0].field], [422, 'fingerprint']);
  const unknown = await admin('POST', path);
  assert.equal(unknown.status, 409, unknown.text);
  assert.equal(endpoint.requests.length, 0, 'a server that nobody vouches for gets nothing');

  const handed = await made(admin('POST', path, { fingerprint: fingerprintOf(pair.certificate) }));
  assert.equal(handed.isRotation, false);
  assert.equal(handed.fingerprint, fingerprintOf(pair.certificate));
  assert.equal(handed.system.secrets.controllerKey, true);
  const again = await made(admin('POST', path));
  assert.equal(again.isRotation, true, 'known by its certificate from now on');

  const row = await findSystem(here.session, 'cloud');
  assert.ok(row !== null);
  const { controllerKey } = openSecrets(here.context.sealingKey, row);
  const log = await here.pool.query(`select facts::text as text from change where kind = 'system.changed'`);
  assert.equal(log.rowCount, 2);
  for (const line of String(controllerKey)
    .split('\n')
    .filter((text) => text !== '' && !text.startsWith('-----')))
    for (const shown of [JSON.stringify(handed), JSON.stringify(again), JSON.stringify(log.rows)])
      assert.ok(!shown.includes(line), 'a line of the key is shown');
});

test('there is nothing to hand over to what trusts otherwise', async (t: TestContext) => {
  const here = await testInstallation(t);
  const admin = administrator(here.app);
  await made(admin('POST', '/v1/systems', { name: 'ns1', ...sampleSystem('powerdns') }));
  assert.equal((await admin('POST', '/v1/systems/ns1/hand-over')).status, 409);
  assert.equal((await admin('POST', '/v1/systems/nothing/hand-over')).status, 404);
});

test('the secret of a webhook is made where none is given, shown once, and not with a repeated request', async (t: TestContext) => {
  const here = await testInstallation(t);
  const admin = administrator(here.app);
  const hook = { name: 'hook', kind: 'webhook', settings: { url: 'https://hooks.example/' } };
  const key = { 'idempotency-key': 'once' };
  const added = await made(admin('POST', '/v1/systems', hook, key));
  assert.match(added.generated.secret, /^whsec_[A-Za-z0-9+/]{32,}=*$/);
  assert.equal(added.secrets.secret, true);
  const again = await made(admin('POST', '/v1/systems', hook, key));
  assert.equal(again.generated, undefined);
  assert.equal((await made(admin('GET', '/v1/systems/hook'))).generated, undefined);
  const row = await findSystem(here.session, 'hook');
  assert.ok(row !== null);
  assert.equal(openSecrets(here.context.sealingKey, row)['secret'], added.generated.secret);
  const kept = await here.pool.query('select answer::text as text from idempotency');
  assert.ok(!JSON.stringify(kept.rows).includes(added.generated.secret));
});
