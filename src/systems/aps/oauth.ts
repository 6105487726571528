/**
 * OAuth 1.0a without a token, as APS endpoints want it (RFC 5849, HMAC-SHA1): method, address, query and the OAuth
 * parameters are signed. The body is not: that it arrives unchanged is a matter of TLS.
 */
import { createHmac, randomInt } from 'node:crypto';

export interface OauthKeys {
  readonly key: string;
  readonly secret: string;
}

/** Peers take 16 to 50 letters and digits. */
const NONCE_LENGTH = 24;
const WORD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function makeNonce(): string {
  return Array.from({ length: NONCE_LENGTH }, () => WORD.charAt(randomInt(WORD.length))).join('');
}

/** The `Authorization` header. `url` is the address by which the endpoint knows itself; `nowMs` is milliseconds since 1970. */
export function signOauth(
  request: { readonly method: string; readonly url: URL; readonly nowMs: number; readonly nonce: string },
  keys: OauthKeys,
): string {
  const { method, url, nowMs, nonce } = request;
  // One peer looks for the text oauth_consumer_key="…", with a comma: it is quoted, and never the last.
  const parameters: [string, string][] = [
    ['oauth_consumer_key', keys.key],
    ['oauth_nonce', nonce],
    ['oauth_signature_method', 'HMAC-SHA1'],
    ['oauth_timestamp', String(Math.floor(nowMs / 1000))],
    ['oauth_version', '1.0'],
  ];
  const pairs = [...parameters, ...url.searchParams]
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`);
  const base = [method.toUpperCase(), encode(`${url.origin}${url.pathname}`), encode(pairs.join('&'))].join('&');
  const signature = createHmac('sha1', `${encode(keys.secret)}&`)
    .update(base)
    .digest('base64');
  return `OAuth ${[...parameters, ['oauth_signature', signature] as const]
    .map(([name, value]) => `${name}="${encode(value)}"`)
    .join(', ')}`;
}

/** RFC 3986: everything but letters, digits and - . _ ~ is encoded. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
