/**
 * Where the server is and with which credential to speak to it, from options, environment and data folder, in this order.
 *
 * A token or a password comes from a file or the environment alone, since a command line is seen by everybody on the
 * machine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoginCredential } from './caller.ts';
import { UsageError } from './exit-code.ts';

export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Connection {
  readonly url: string;
  /** A key of a login, or the token of the first administrator. */
  readonly token: string | null;
  readonly login?: LoginCredential;
  /** Where the credential came from, for `doctor` and for messages; never the credential itself. */
  readonly tokenSource: string;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';
/** What a token consists of (RFC 6750 section 2.1). */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Throws `UsageError` when an address is none, or a token file that was named cannot be read. */
export function readConnection(options: ConnectionOptions, env: Environment): Connection {
  return {
    url: readUrl(options.url ?? nonEmpty(env['ABEYANCE_URL']) ?? DEFAULT_URL),
    ...readCredential(options.tokenFile, env),
  };
}

function readUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`the server's address must be a URL such as ${DEFAULT_URL}, not "${text}"`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`the server's address must begin with http:// or https://, not "${url.protocol}"`);
  if (url.username !== '' || url.password !== '')
    throw new UsageError(
      "the server's address must have no user and password in it; the token stands in a file or in ABEYANCE_TOKEN",
    );
  return url.href;
}

function readCredential(file: string | undefined, env: Environment): Omit<Connection, 'url'> {
  if (file !== undefined) {
    try {
      return { token: cleanToken(readFileSync(file, 'utf8'), file), tokenSource: file };
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`the token file ${file} cannot be read (${errorCode(error)})`);
    }
  }
  const given = nonEmpty(env['ABEYANCE_TOKEN']);
  const name = nonEmpty(env['ABEYANCE_LOGIN']);
  if (given !== undefined && name !== undefined)
    throw new UsageError('ABEYANCE_TOKEN and ABEYANCE_LOGIN each say who you are: set one of them');
  if (name !== undefined) return { token: null, login: readLogin(name, env), tokenSource: 'ABEYANCE_LOGIN' };
  if (given !== undefined) return { token: cleanToken(given, 'ABEYANCE_TOKEN'), tokenSource: 'ABEYANCE_TOKEN' };
  const usual = join(nonEmpty(env['ABEYANCE_DATA']) ?? 'data', 'admin.token');
  try {
    return { token: cleanToken(readFileSync(usual, 'utf8'), usual), tokenSource: usual };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return { token: null, tokenSource: `none: ${usual} cannot be read (${errorCode(error)})` };
  }
}

/** A name cannot have a colon: it would end there (RFC 7617). */
function readLogin(name: string, env: Environment): LoginCredential {
  const password = nonEmpty(env['ABEYANCE_PASSWORD']);
  if (password === undefined) throw new UsageError('ABEYANCE_LOGIN needs its password in ABEYANCE_PASSWORD');
  if (name.includes(':')) throw new UsageError('ABEYANCE_LOGIN must be the name of a login, without a colon');
  return { name, password };
}

/** A token that is damaged is refused here, by where it stands: as a header it would be an obscure failure. */
function cleanToken(text: string, source: string): string {
  const token = text.trim();
  if (!TOKEN.test(token))
    throw new UsageError(`${source} holds no token: it must be one line of letters, digits and -._~+/`);
  return token;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
