/** Certificates for one instance of an application, in the form that endpoints can read. */
import { X509Certificate, createPrivateKey } from 'node:crypto';

import { generate } from 'selfsigned';

export interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM, headed `BEGIN RSA PRIVATE KEY`: peers look for that line, and find no key in the other form. */
  readonly key: string;
}

const KEY_BITS = 2_048;
/** Nothing but a rotation replaces them: they outlive the application. */
const VALID_YEARS = 20;

/** Makes a key and a certificate that it signs itself. `commonName` says to people whose it is; `nowMs` is milliseconds since 1970. */
export async function makeKeyPair(commonName: string, nowMs: number): Promise<KeyPair> {
  const until = new Date(nowMs);
  until.setUTCFullYear(until.getUTCFullYear() + VALID_YEARS);
  const made = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'rsa',
    keySize: KEY_BITS,
    algorithm: 'sha256',
    // A clock that is a little behind must not find it too new.
    notBeforeDate: new Date(nowMs - 3_600_000),
    notAfterDate: until,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
    ],
  });
  return {
    certificate: unixLines(made.cert),
    key: unixLines(String(createPrivateKey(made.private).export({ type: 'pkcs1', format: 'pem' }))),
  };
}

/** SHA-256 of a certificate, as people compare it: `AB:CD:…`. */
export function fingerprintOf(certificate: Buffer | string): string {
  return new X509Certificate(certificate).fingerprint256;
}

function unixLines(pem: string): string {
  return `${pem.replaceAll('\r', '').trim()}\n`;
}
