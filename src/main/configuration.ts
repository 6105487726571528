/**
 * The settings of the server, read once from the environment. A wrong one is told by name, with what would be right.
 */
import { resolve } from 'node:path';

import { CUSTOMER_CREDIT_DEFAULTS, type CustomerCreditDefault } from '#core/credit.ts';
import { EMERGENCY_NUMBERS } from '#core/emergency.ts';
import { REST_DAYS_MAX, readRestByCountry } from '#core/number-rest.ts';

import { type HttpSettings, readHttpSettings } from './http-settings.ts';
import type { Retention } from './maintenance.ts';
import { ACCOUNT_DEPTH_MAX } from '#core/kind.ts';
import { ConfigurationError, type Environment, readInteger } from './setting.ts';

/** What a process does: answer, tell systems, or both. */
export type Role = (typeof ROLES)[number];
const ROLES = ['all', 'api', 'worker'] as const;

export interface Configuration {
  readonly host: string;
  readonly port: number;
  /** `all`: one process does everything. */
  readonly role: Role;
  readonly dataFolder: string;
  /** Undefined: the embedded database in the data folder. */
  readonly databaseUrl: string | undefined;
  readonly adminToken: string | undefined;
  readonly secretKey: string | undefined;
  /** The key that replaces, or has replaced, the secret key. */
  readonly newSecretKey: string | undefined;
  readonly guardLimit: number;
  readonly faceGuardLimit: number;
  readonly faceDepthMax: number;
  readonly numberQuarantineDays: number;
  /** By ISO 3166-1 code. */
  readonly numberQuarantineByCountry: Readonly<Record<string, number>>;
  readonly retention: Retention;
  readonly staleMaxMs: number;
  /** Whether webhooks of any account may lie in private networks. */
  readonly isWebhookPrivateAllowed: boolean;
  readonly customerCreditDefault: CustomerCreditDefault;
  /** The numbers of emergency services. */
  readonly emergencyNumbers: ReadonlySet<string>;
  readonly logLevel: string;
  readonly http: HttpSettings;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
/** A token that can be guessed is none. */
const TOKEN_MIN = 16;

/** Reads the settings; what is given in `overrides` wins. Throws `ConfigurationError`. */
export function readConfiguration(
  environment: Environment,
  overrides: { readonly host?: string; readonly port?: number; readonly data?: string; readonly role?: string } = {},
): Configuration {
  const logLevel = environment['ABEYANCE_LOG_LEVEL'] ?? 'info';
  if (!LOG_LEVELS.includes(logLevel))
    throw new ConfigurationError('ABEYANCE_LOG_LEVEL', `must be one of ${LOG_LEVELS.join(', ')}`);
  return {
    host: overrides.host ?? environment['ABEYANCE_HOST'] ?? '127.0.0.1',
    port: overrides.port ?? readInteger(environment, 'ABEYANCE_PORT', 8080, 0, 65_535),
    role: readRole(overrides.role ?? environment['ABEYANCE_ROLE']),
    dataFolder: resolve(overrides.data ?? environment['ABEYANCE_DATA'] ?? './data'),
    databaseUrl: readDatabaseUrl(environment['DATABASE_URL']),
    adminToken: readToken(environment['ABEYANCE_ADMIN_TOKEN']),
    secretKey: environment['ABEYANCE_SECRET_KEY'] || undefined,
    newSecretKey: environment['ABEYANCE_NEW_SECRET_KEY'] || undefined,
    guardLimit: readInteger(environment, 'ABEYANCE_GUARD_LIMIT', 1_000, 1, 1_000_000_000),
    faceGuardLimit: readInteger(environment, 'ABEYANCE_FACE_GUARD_LIMIT', 10_000, 1, 1_000_000_000),
    faceDepthMax: readInteger(environment, 'ABEYANCE_FACE_DEPTH_MAX', ACCOUNT_DEPTH_MAX, 1, ACCOUNT_DEPTH_MAX),
    numberQuarantineDays: readInteger(environment, 'ABEYANCE_NUMBER_QUARANTINE_DAYS', 45, 0, REST_DAYS_MAX),
    numberQuarantineByCountry: readRests(environment['ABEYANCE_NUMBER_QUARANTINE_BY_COUNTRY']),
    retention: {
      changesDays: readInteger(environment, 'ABEYANCE_KEEP_CHANGES_DAYS', 0, 0, 36_500),
      holdsDays: readInteger(environment, 'ABEYANCE_KEEP_HOLDS_DAYS', 0, 0, 36_500),
      observationsDays: readInteger(environment, 'ABEYANCE_KEEP_OBSERVATIONS_DAYS', 30, 0, 36_500),
      recordsDays: readInteger(environment, 'ABEYANCE_KEEP_RECORDS_DAYS', 0, 0, 36_500),
      receiptsDays: readInteger(environment, 'ABEYANCE_KEEP_RECEIPTS_DAYS', 90, 1, 36_500),
      eventsDays: readInteger(environment, 'ABEYANCE_KEEP_EVENTS_DAYS', 30, 0, 36_500),
      deliveriesDays: readInteger(environment, 'ABEYANCE_KEEP_DELIVERIES_DAYS', 30, 0, 36_500),
      answersHours: readInteger(environment, 'ABEYANCE_KEEP_ANSWERS_HOURS', 24, 1, 8_760),
    },
    staleMaxMs: readInteger(environment, 'ABEYANCE_STALE_MAX_MS', 60_000, 1_000, 86_400_000),
    isWebhookPrivateAllowed: readAllowed(environment['ABEYANCE_WEBHOOK_PRIVATE']),
    customerCreditDefault: readCreditDefault(environment['ABEYANCE_CUSTOMER_CREDIT_DEFAULT']),
    emergencyNumbers: readEmergencyNumbers(environment['ABEYANCE_EMERGENCY_NUMBERS']),
    logLevel,
    http: readHttpSettings(environment),
  };
}

function readRole(text: string | undefined): Role {
  const found = ROLES.find((one) => one === (text || 'all'));
  if (found !== undefined) return found;
  throw new ConfigurationError('ABEYANCE_ROLE', `must be one of ${ROLES.join(', ')}, not "${text}"`);
}

function readEmergencyNumbers(text: string | undefined): ReadonlySet<string> {
  if (text === undefined || text.trim() === '') return EMERGENCY_NUMBERS;
  const numbers = text.split(',').map((number) => number.trim());
  if (numbers.every((number) => /^\d{2,6}$/.test(number))) return new Set(numbers);
  throw new ConfigurationError(
    'ABEYANCE_EMERGENCY_NUMBERS',
    'must be numbers of 2 to 6 digits with commas between them, such as 112,110',
  );
}

function readRests(text: string | undefined): Readonly<Record<string, number>> {
  const reading = readRestByCountry(text ?? '');
  if (reading.ok) return reading.value;
  throw new ConfigurationError('ABEYANCE_NUMBER_QUARANTINE_BY_COUNTRY', reading.message);
}

function readCreditDefault(text: string | undefined): CustomerCreditDefault {
  const found = CUSTOMER_CREDIT_DEFAULTS.find((one) => one === (text || 'unlimited'));
  if (found !== undefined) return found;
  throw new ConfigurationError(
    'ABEYANCE_CUSTOMER_CREDIT_DEFAULT',
    `must be one of ${CUSTOMER_CREDIT_DEFAULTS.join(', ')}, not "${text}"`,
  );
}

function readAllowed(text: string | undefined): boolean {
  if (text === undefined || text === '' || text === 'refuse') return false;
  if (text === 'allow') return true;
  throw new ConfigurationError('ABEYANCE_WEBHOOK_PRIVATE', 'must be refuse or allow');
}

function readDatabaseUrl(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^postgres(ql)?:\/\//.test(text)) return text;
  throw new ConfigurationError('DATABASE_URL', 'must begin with postgres:// or postgresql://');
}

function readToken(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (text.length >= TOKEN_MIN && /^[\w.~+/-]+=*$/.test(text)) return text;
  throw new ConfigurationError(
    'ABEYANCE_ADMIN_TOKEN',
    `must have at least ${TOKEN_MIN} letters, digits or any of . _ ~ + / -`,
  );
}
