/** Signatures against the package `oauth-1.0a`, and against what real peers demand of the header. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';
import OAuth from 'oauth-1.0a';

import { makeApsDriver } from './aps.ts';
import { makeNonce, signOauth } from './oauth.ts';
import { startApsSimulator } from './simulator.ts';
import { HELD, INSTANCE, OAUTH_KEY, OAUTH_SECRET, makeTarget, systemFor } from './target-for-test.ts';

const KEYS = { key: OAUTH_KEY, secret: OAUTH_SECRET };

function parametersOf(header: string): Map<string, string> {
  assert.ok(header.startsWith('OAuth '));
  return new Map(
    header
      .slice('OAuth '.length)
      .split(', ')
      .map((part) => /^(\w+)="([^"]*)"$/.exec(part) ?? assert.fail(part))
      .map(([, name = '', value = '']) => [name, decodeURIComponent(value)]),
  );
}

test('any address and query is signed as the library signs it', () => {
  const library = new OAuth({
    consumer: KEYS,
    signature_method: 'HMAC-SHA1',
    hash_function: (base, key) => createHmac('sha1', key).update(base).digest('base64'),
  });
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => text.isWellFormed());
  // The library reads a name twice in an order of its own, and takes names of its prototype for given: each has one here.
  const query = fc.uniqueArray(fc.tuple(word, word), { maxLength: 4, selector: ([name]) => name });
  fc.assert(
    fc.property(fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'), word, query, (method, part, pairs) => {
      const text = pairs
        .filter(([name]) => !(name in {}))
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
      const url = new URL(`https://apps.example:8443/ext/${encodeURIComponent(part)}?${text.join('&')}`);
      // The library does not decode names: only those that need no encoding can be compared.
      if (pairs.some(([name]) => encodeURIComponent(name) !== name)) return;
      const nonce = makeNonce();
      const given = parametersOf(signOauth({ method, url, nowMs: 1_770_000_000_123, nonce }, KEYS));
      const { oauth_signature: signature, ...data } = Object.fromEntries(given);
      assert.equal(data['oauth_timestamp'], '1770000000');
      assert.equal(
        signature,
        library.getSignature({ url: url.href.replace(/\?$/, ''), method }, '', data as unknown as OAuth.Data), // Its members are those.
      );
    }),
    { numRuns: 300 },
  );
});

test('the header is quoted, does not end with the key, and has a nonce of 24 letters and digits', () => {
  const nonces = new Set<string>();
  for (let turn = 0; turn < 200; turn += 1) {
    const nonce = makeNonce();
    nonces.add(nonce);
    assert.match(nonce, /^[A-Za-z0-9]{24}$/);
    const header = signOauth({ method: 'PUT', url: new URL('https://a.example/x'), nowMs: Date.now(), nonce }, KEYS);
    assert.match(header, new RegExp(`oauth_consumer_key="${OAUTH_KEY}",`));
    assert.match(header, /oauth_timestamp="\d{10}"/);
    assert.match(header, /oauth_signature="[A-Za-z0-9%]+"$/);
    assert.ok(!header.includes(OAUTH_SECRET));
  }
  assert.equal(nonces.size, 200);
});

test('an endpoint behind a proxy is signed by the address that it knows, and a wrong secret is refused', async (t) => {
  const trust = { type: 'oauth', keys: new Map([[OAUTH_KEY, OAUTH_SECRET]]), instanceId: INSTANCE } as const;
  const endpoint = await startApsSimulator(trust, { publicOrigin: 'https://apps.example' });
  t.after(() => endpoint.stop());
  const tell = async (settings: { publicUrl?: string }, secrets: { oauthSecret?: string } = {}) => {
    const system = systemFor(`${endpoint.origin}/ext`, settings, secrets);
    const driver = makeApsDriver(system);
    const target = makeTarget(driver, system);
    endpoint.resources.set(target.id, { status: 'aps:ready', properties: {}, effects: [] });
    const outcome = await target.tell(HELD);
    await driver.close?.();
    return outcome;
  };
  const publicUrl = 'https://apps.example/ext/';
  assert.equal((await tell({ publicUrl }))?.type, 'done');
  for (const outcome of [await tell({}), await tell({ publicUrl }, { oauthSecret: 'x'.repeat(24) })]) {
    assert.ok(outcome?.type === 'never' && outcome.code === 'credentials');
    assert.match(outcome.detail, /wrong signature/);
    assert.ok(!JSON.stringify(outcome).includes(OAUTH_SECRET));
  }
});
