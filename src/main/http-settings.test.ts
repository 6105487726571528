/** Settings of the HTTP server, right and wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DEFAULT_HTTP_SETTINGS, readHttpSettings } from './http-settings.ts';

test('without any setting the server is plain, closed to other origins, and limited', () => {
  assert.deepEqual(readHttpSettings({}), DEFAULT_HTTP_SETTINGS);
});

test('settings are read as they are documented', () => {
  assert.deepEqual(
    readHttpSettings({
      ABEYANCE_RATE_LIMIT: '0',
      ABEYANCE_RATE_LIMIT_ADDRESS: '10',
      ABEYANCE_CORS_ORIGINS: 'https://desk.example.com, http://localhost:5173',
      ABEYANCE_TLS_CERT: '/etc/cert.pem',
      ABEYANCE_TLS_KEY: '/etc/key.pem',
      ABEYANCE_TRUSTED_PROXIES: '10.0.0.5,10.1.0.0/16,2001:db8::/32',
      ABEYANCE_REQUEST_TIMEOUT_MS: '5000',
    }),
    {
      rateLimit: 0,
      rateLimitAddress: 10,
      corsOrigins: ['https://desk.example.com', 'http://localhost:5173'],
      tls: { cert: '/etc/cert.pem', key: '/etc/key.pem' },
      trustedProxies: ['10.0.0.5', '10.1.0.0/16', '2001:db8::/32'],
      requestTimeoutMs: 5_000,
    },
  );
});

for (const [name, value, reason] of [
  ['ABEYANCE_RATE_LIMIT', '-1', 'no number of requests'],
  ['ABEYANCE_RATE_LIMIT_ADDRESS', 'many', 'no number'],
  ['ABEYANCE_REQUEST_TIMEOUT_MS', '10', 'shorter than any write'],
  ['ABEYANCE_CORS_ORIGINS', '*', 'everybody is no origin'],
  ['ABEYANCE_CORS_ORIGINS', 'https://desk.example.com/', 'an origin has no path'],
  ['ABEYANCE_CORS_ORIGINS', 'desk.example.com', 'an origin has a scheme'],
  ['ABEYANCE_CORS_ORIGINS', 'https://Desk.example.com:443', 'never sent so by a browser'],
  ['ABEYANCE_TRUSTED_PROXIES', 'proxy.example.com', 'a name may change its address'],
  ['ABEYANCE_TRUSTED_PROXIES', '0.0.0.0/0', 'everybody is no proxy'],
  ['ABEYANCE_TRUSTED_PROXIES', '10.0.0.0/33', 'no such network'],
] as const)
  test(`${name}=${value} is refused by its name: ${reason}`, () => {
    assert.throws(() => readHttpSettings({ [name]: value }), new RegExp(`^ConfigurationError: ${name} must be `));
  });

test('certificate and key come together', () => {
  assert.throws(
    () => readHttpSettings({ ABEYANCE_TLS_CERT: '/c' }),
    /ABEYANCE_TLS_KEY must be given together with ABEYANCE_TLS_CERT/,
  );
  assert.throws(
    () => readHttpSettings({ ABEYANCE_TLS_KEY: '/k' }),
    /ABEYANCE_TLS_CERT must be given together with ABEYANCE_TLS_KEY/,
  );
});
