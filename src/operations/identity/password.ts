/**
 * Passwords of logins: argon2id, a few at a time, so that nobody can fill the memory or the cores by guessing.
 */
import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

import { problem } from '#core/problem.ts';
import type { FieldError } from '#core/problem.ts';

/** Memory (KiB), passes and lanes that OWASP recommends for argon2id. */
const PARAMETERS = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
const SALT_BYTES = 16;
const PASSWORD_MIN = 10;
const PASSWORD_MAX = 256;
/** As many at once as leave a core to everything else. */
const RUNNING_MAX = 2;
/** Those who wait longer than this queue takes are told to come back. */
const WAITING_MAX = 64;

const derive = promisify(argon2);

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= RUNNING_MAX) {
    if (waiting.length >= WAITING_MAX) throw problem('busy', 'Too many sign-ins at once; try again.');
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}

/** The argon2id hash of a text as a PHC string. */
export async function argon2id(message: string): Promise<string> {
  const nonce = randomBytes(SALT_BYTES);
  const tag = await derive('argon2id', { message, nonce, ...PARAMETERS });
  return `${HEAD}$${plain(nonce)}$${plain(tag)}`;
}

/** Hashes the password of a login. However its characters were composed, it is the same. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => argon2id(password.normalize('NFC')));
}

/**
 * What of a password is hashed: of an account's own login its MD5, in hexadecimal, since applications written for
 * Restcomm show that one instead of the password.
 */
export function hashedForm(password: string, login: { readonly is_account: boolean } | null): string {
  return login?.is_account === true ? md5Hex(password) : password;
}

export function md5Hex(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

const HEAD = `$argon2id$v=19$m=${PARAMETERS.memory},t=${PARAMETERS.passes},p=${PARAMETERS.parallelism}`;
const plain = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** What an unknown login is compared with, so that its refusal takes as long as any other. */
const NOBODY = `${HEAD}$${plain(Buffer.alloc(SALT_BYTES))}$${plain(Buffer.alloc(PARAMETERS.tagLength))}`;

/** Whether the password is the one that was hashed; without a hash it takes as long and is none. */
export async function verifyPassword(password: string, phc: string | null): Promise<boolean> {
  const match = PHC.exec(phc ?? NOBODY);
  if (match === null) throw new Error('a password hash of an unknown form');
  const [, memory, passes, parallelism, salt = '', expected = ''] = match;
  const tag = Buffer.from(expected, 'base64');
  const found = await inTurn(() =>
    derive('argon2id', {
      message: password.slice(0, PASSWORD_MAX).normalize('NFC'),
      nonce: Buffer.from(salt, 'base64'),
      memory: Number(memory),
      passes: Number(passes),
      parallelism: Number(parallelism),
      tagLength: tag.length,
    }),
  );
  return timingSafeEqual(found, tag) && phc !== null && password.length <= PASSWORD_MAX;
}

/** Reads a new password; null when it is none. */
export function readNewPassword(given: unknown, field: string, errors: FieldError[]): string | null {
  if (typeof given === 'string' && given.length >= PASSWORD_MIN && given.length <= PASSWORD_MAX) return given;
  errors.push({ field, message: `must be text of ${PASSWORD_MIN} to ${PASSWORD_MAX} characters` });
  return null;
}
