/**
 * The password of the superuser of the embedded database. It is derived when it is needed and stored nowhere.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** The count PostgreSQL itself uses. More would only slow connecting down: the password is as random as a key. */
const SCRAM_ITERATIONS = 4096;

/** The password in hex. */
export function superuserPassword(secret: Buffer): string {
  return hmac(secret, 'postgres superuser').toString('hex');
}

/**
 * What PostgreSQL stores of a password (RFC 5803). It is computed here so that the server is told only this: it checks
 * the password but does not give it away.
 */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const saltedPassword = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256');
  const storedKey = createHash('sha256').update(hmac(saltedPassword, 'Client Key')).digest('base64');
  const serverKey = hmac(saltedPassword, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
