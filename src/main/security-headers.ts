/** What every answer tells a browser: to guess nothing, to embed it nowhere, to keep none of it. */

const EVERYWHERE = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
};
/** Answers of the API are data: nothing in them is ever run or shown. */
const DATA = {
  ...EVERYWHERE,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};
/** The pages of the documentation bring scripts of their own and style what they show themselves. */
const PAGES = {
  ...EVERYWHERE,
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};
/** A year, as browsers ask of a server that means it. */
const ONLY_TLS = { 'strict-transport-security': 'max-age=31536000' };

export type SecurityHeaders = (url: string) => Readonly<Record<string, string>>;

/** The headers for a path of this server. */
export function makeSecurityHeaders(isTls: boolean): SecurityHeaders {
  const data = isTls ? { ...DATA, ...ONLY_TLS } : DATA;
  const pages = isTls ? { ...PAGES, ...ONLY_TLS } : PAGES;
  return (url) => (url.startsWith('/v1/') || !isDocumentation(url) ? data : pages);
}

export function isDocumentation(url: string): boolean {
  return /^\/docs(?:[/?]|$)/.test(url);
}
