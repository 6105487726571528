/** The settings of the HTTP server alone: how it listens, whom it believes, and how much it takes from whom. */
import { isIP } from 'node:net';

import { ConfigurationError, type Environment, readInteger, readList } from './setting.ts';

export interface HttpSettings {
  /** Requests a minute of one login; 0 is no limit. */
  readonly rateLimit: number;
  /** Requests a minute of one address that did not authenticate; 0 is no limit. */
  readonly rateLimitAddress: number;
  /** The origins whose pages may ask; none: the server says nothing of CORS. */
  readonly corsOrigins: readonly string[];
  /** The files of certificate and key; null: plain HTTP. */
  readonly tls: TlsFiles | null;
  /** Addresses and networks whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: readonly string[];
  /** How long a request may take until it is answered, in milliseconds. */
  readonly requestTimeoutMs: number;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** A thousand requests a second of one login: far above what a person or a script does, and below what hurts others. */
const LOGIN_DEFAULT = 600_000;
/** Ten requests a second without a login are pages and mistakes; more are guesses. */
const ADDRESS_DEFAULT = 600;
const RATE_MAX = 1_000_000_000;
const TIMEOUT_DEFAULT_MS = 120_000;
const HOUR_MS = 3_600_000;

export const DEFAULT_HTTP_SETTINGS: HttpSettings = {
  rateLimit: LOGIN_DEFAULT,
  rateLimitAddress: ADDRESS_DEFAULT,
  corsOrigins: [],
  tls: null,
  trustedProxies: [],
  requestTimeoutMs: TIMEOUT_DEFAULT_MS,
};

export function readHttpSettings(environment: Environment): HttpSettings {
  return {
    rateLimit: readInteger(environment, 'ABEYANCE_RATE_LIMIT', LOGIN_DEFAULT, 0, RATE_MAX),
    rateLimitAddress: readInteger(environment, 'ABEYANCE_RATE_LIMIT_ADDRESS', ADDRESS_DEFAULT, 0, RATE_MAX),
    corsOrigins: readOrigins(environment),
    tls: readTlsFiles(environment),
    trustedProxies: readProxies(environment),
    requestTimeoutMs: readInteger(environment, 'ABEYANCE_REQUEST_TIMEOUT_MS', TIMEOUT_DEFAULT_MS, 1_000, HOUR_MS),
  };
}

function readOrigins(environment: Environment): string[] {
  const origins = readList(environment, 'ABEYANCE_CORS_ORIGINS');
  for (const origin of origins)
    if (!/^https?:\/\//.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new ConfigurationError(
        'ABEYANCE_CORS_ORIGINS',
        `must be exact origins such as https://desk.example.com with commas between them, not "${origin}"`,
      );
  return origins;
}

function readTlsFiles(environment: Environment): TlsFiles | null {
  const cert = environment['ABEYANCE_TLS_CERT'] || null;
  const key = environment['ABEYANCE_TLS_KEY'] || null;
  if (cert !== null && key !== null) return { cert, key };
  if (cert === null && key === null) return null;
  throw new ConfigurationError(
    cert === null ? 'ABEYANCE_TLS_CERT' : 'ABEYANCE_TLS_KEY',
    `must be given together with ${cert === null ? 'ABEYANCE_TLS_KEY' : 'ABEYANCE_TLS_CERT'}`,
  );
}

function readProxies(environment: Environment): string[] {
  const proxies = readList(environment, 'ABEYANCE_TRUSTED_PROXIES');
  for (const proxy of proxies)
    if (!isNetwork(proxy))
      throw new ConfigurationError(
        'ABEYANCE_TRUSTED_PROXIES',
        `must be addresses or networks such as 10.0.0.5,10.1.0.0/16 with commas between them, not "${proxy}"`,
      );
  return proxies;
}

const PREFIX_MAX: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** Everybody (`/0`) is no proxy: it would let each client write its own address. */
function isNetwork(text: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const max = PREFIX_MAX[isIP(address)];
  return max !== undefined && (prefix === undefined || (Number(prefix) >= 1 && Number(prefix) <= max));
}
