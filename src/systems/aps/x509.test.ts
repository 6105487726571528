/** Trust by certificates that were handed over, on real TLS lines. */
import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { type TestContext, test } from 'node:test';

import type { Json, Values } from '#core/field.ts';
import type { Outcome } from '#systems/system.ts';

import { makeApsDriver } from './aps.ts';
import { type KeyPair, fingerprintOf, makeKeyPair } from './certificate.ts';
import { handOver } from './hand-over.ts';
import { type ApsSimulator, startApsSimulator } from './simulator.ts';
import { HELD, INSTANCE, makeTarget, systemFor } from './target-for-test.ts';

/** Keys take a while: one of the server serves all tests. */
const server = await makeKeyPair('apps.example', Date.now());
const options = { signal: new AbortController().signal, timeoutMs: 5_000 };
const fingerprint = fingerprintOf(server.certificate);

async function endpointWith(t: TestContext, pair: KeyPair = server): Promise<ApsSimulator> {
  const endpoint = await startApsSimulator({ type: 'x509', tls: { cert: pair.certificate, key: pair.key } });
  t.after(() => endpoint.stop());
  return endpoint;
}

function systemAt(endpoint: ApsSimulator, secrets: Values = {}, settings: Values = {}) {
  return systemFor(`${endpoint.origin}/ext`, { trust: 'x509', ...settings }, secrets);
}

async function disable(
  t: TestContext,
  endpoint: ApsSimulator,
  secrets: Values,
  settings: Values = {},
): Promise<Outcome | null> {
  const system = systemAt(endpoint, secrets, settings);
  const driver = makeApsDriver(system);
  t.after(() => driver.close?.());
  const target = makeTarget(driver, system);
  endpoint.resources.set(target.id, { status: 'aps:ready', properties: {}, effects: [] });
  return target.tell(HELD);
}

/** Every line of a key that could give it away. */
function keyLines(pem: string): string[] {
  return pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
}

function assertNoKey(said: unknown, ...pems: readonly (Json | undefined)[]): void {
  const text = said instanceof Error ? `${said.message} ${said.stack} ${JSON.stringify(said)}` : JSON.stringify(said);
  for (const pem of pems)
    for (const line of keyLines(String(pem))) assert.ok(!text.includes(line), 'a line of a key is shown');
}

test('the pairs are in the form that endpoints find', async () => {
  const pair = await makeKeyPair(INSTANCE, Date.now());
  assert.match(pair.key, /^-----BEGIN RSA PRIVATE KEY-----\n/);
  assert.ok(new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key)));
  assert.ok(!pair.certificate.includes('\r'));
});

test('what is handed over is what the endpoint trusts from then on', async (t) => {
  const endpoint = await endpointWith(t);
  const before = await disable(t, endpoint, {});
  assert.ok(before?.type === 'never' && before.code === 'credentials' && /not handed over/.test(before.detail));
  assert.equal(endpoint.requests.length, 0, 'nothing is sent without them');

  const handed = await handOver(systemAt(endpoint), { ...options, fingerprint });
  assert.equal(handed.isRotation, false);
  assert.equal(handed.fingerprint, fingerprint);
  assert.equal((await disable(t, endpoint, handed.secrets))?.type, 'done');

  const [asked] = endpoint.requests;
  assert.equal(asked?.path, '/ext/app');
  const { aps } = JSON.parse(asked?.body ?? '') as { aps: { id: string; x509: { self: string; controller: string } } };
  assert.equal(aps.id, INSTANCE);
  assert.match(
    aps.x509.self,
    /^-----BEGIN CERTIFICATE-----[^]+-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\n/,
  );
  assert.equal(aps.x509.controller, handed.secrets['controllerCertificate']);
  const own = aps.x509.self.slice(aps.x509.self.indexOf('-----BEGIN RSA'));
  assertNoKey(handed, own);
});

test('another certificate, or none, is refused with 403', async (t) => {
  const endpoint = await endpointWith(t);
  const { secrets } = await handOver(systemAt(endpoint), { ...options, fingerprint });
  const other = await makeKeyPair('somebody else', Date.now());
  const stranger = { ...secrets, controllerCertificate: other.certificate, controllerKey: other.key };
  const outcome = await disable(t, endpoint, stranger);
  assert.ok(outcome?.type === 'never' && outcome.code === 'credentials');
  assert.match(outcome.detail, /403/);
  assertNoKey(outcome, other.key, secrets['controllerKey']);
});

test('a server that nobody vouches for is not trusted without its fingerprint, and gets nothing', async (t) => {
  const endpoint = await endpointWith(t);
  const refused = await handOver(systemAt(endpoint), options).catch((error: unknown) => error);
  assert.ok(refused instanceof Error);
  assert.ok(refused.message.includes(fingerprint), 'so that somebody can compare it');
  const wrong = { ...options, fingerprint: fingerprint.replaceAll(/[0-9]/g, '0') };
  await assert.rejects(handOver(systemAt(endpoint), wrong), /which is another/);
  assert.equal(endpoint.count, 0);
  const vouched = systemFor(
    `${endpoint.origin.replace('127.0.0.1', 'localhost')}/ext`,
    { trust: 'x509', serverCertificate: server.certificate },
    {},
  );
  // The name in the certificate is another: the settings vouch for the certificate, not for the name.
  await assert.rejects(handOver(vouched, options), /nobody vouches/);
});

test('a server with another certificate than the agreed one gets no request', async (t) => {
  const endpoint = await endpointWith(t);
  const { secrets } = await handOver(systemAt(endpoint), { ...options, fingerprint });
  const impostor = await endpointWith(t, await makeKeyPair('apps.example', Date.now()));
  const outcome = await disable(t, impostor, secrets);
  assert.ok(outcome?.type === 'never' && outcome.code === 'tls');
  assert.equal(impostor.count, 0);
  assertNoKey(outcome, secrets['controllerKey']);
});

test('certificates are replaced by the same request, made with the current ones', async (t) => {
  const endpoint = await endpointWith(t);
  const first = await handOver(systemAt(endpoint), { ...options, fingerprint });
  const second = await handOver(systemAt(endpoint, first.secrets), options);
  assert.equal(second.isRotation, true);
  assert.notEqual(second.secrets['controllerCertificate'], first.secrets['controllerCertificate']);
  assert.equal(endpoint.certificates.get(INSTANCE)?.length, 2);
  for (const { secrets } of [first, second]) assert.equal((await disable(t, endpoint, secrets))?.type, 'done');
  await assert.rejects(handOver(systemAt(endpoint), { ...options, fingerprint }), /403/, 'not without the current one');
});

test('no failure of a hand-over shows what the endpoint answered', async (t) => {
  const pairs: string[] = [];
  for (const status of [200, 403, 409, 500]) {
    const endpoint = await endpointWith(t);
    endpoint.habits.hidesErrors = status === 200;
    endpoint.knobs.refuse = 1;
    // It echoes the key in its sentence: that is what is never shown.
    const { startSimulator } = await import('../simulator.ts');
    const echo = await startSimulator(
      (asked) => {
        pairs.push(asked.body);
        return { status, headers: { 'aps-info': 'x' }, body: { code: 500, message: `cannot read ${asked.body}` } };
      },
      { tls: { cert: server.certificate, key: server.key } },
    );
    t.after(() => echo.stop());
    const system = systemFor(`${echo.origin}/ext`, { trust: 'x509' }, {});
    const failure = await handOver(system, { ...options, fingerprint }).catch((error: unknown) => error);
    assert.ok(failure instanceof Error);
    const { aps } = JSON.parse(pairs.at(-1) ?? '') as { aps: { x509: { self: string } } };
    assertNoKey(failure, aps.x509.self);
  }
  assert.equal(pairs.length, 4);
});

test('keys that cannot be read are a failure of their own', async (t) => {
  const endpoint = await endpointWith(t);
  const { secrets } = await handOver(systemAt(endpoint), { ...options, fingerprint });
  const broken = `-----BEGIN RSA PRIVATE KEY-----\n${'QUJD'.repeat(16)}\n-----END RSA PRIVATE KEY-----\n`;
  const outcome = await disable(t, endpoint, { ...secrets, controllerKey: broken });
  assert.ok(outcome?.type === 'never' && outcome.code === 'tls', JSON.stringify(outcome));
  assertNoKey(outcome, broken);
});
