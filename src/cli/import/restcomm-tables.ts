/**
 * The tables of a Restcomm-Connect database that an import reads: which file is which, and which columns it has.
 *
 * Dumps of its MySQL and HSQL databases have a line of names or none. Without one the columns stand as the table was
 * made, and since versions differ, the first row tells which of the known tables it is.
 */
import { basename } from 'node:path';
import type { CsvShape } from './csv-rows.ts';

/** In the order in which one needs the other. */
export const RESTCOMM_TABLES = ['organizations', 'accounts', 'applications', 'clients', 'numbers'] as const;
export type RestcommTable = (typeof RESTCOMM_TABLES)[number];

export type RestcommFiles = Readonly<Partial<Record<RestcommTable, string>>>;

const TABLE_OF_NAME: Readonly<Record<string, RestcommTable>> = {
  organizations: 'organizations',
  accounts: 'accounts',
  applications: 'applications',
  clients: 'clients',
  incoming_phone_numbers: 'numbers',
};

const FILE = /(?:^|[._-])(organizations|accounts|applications|clients|incoming_phone_numbers)\.(?:csv|tsv|txt)$/i;

/** The table that a file is a dump of, by its name such as `restcomm_accounts.csv`; null for any other file. */
export function restcommTableOf(file: string): RestcommTable | null {
  const name = FILE.exec(basename(file))?.[1]?.toLowerCase();
  return name === undefined ? null : (TABLE_OF_NAME[name] ?? null);
}

const columns = (text: string) => text.trim().split(/\s+/);

const ACCOUNT = 'sid date_created date_updated email_address friendly_name parent_sid type status';
const CLIENT = 'sid date_created date_updated account_sid api_version friendly_name login';
const CALLED = 'voice_url voice_method voice_fallback_url voice_fallback_method voice_application_sid uri';
const NUMBER = `sid date_created date_updated friendly_name account_sid phone_number api_version voice_caller_id_lookup
  voice_url voice_method voice_fallback_url voice_fallback_method status_callback status_callback_method
  voice_application_sid sms_url sms_method sms_fallback_url sms_fallback_method sms_application_sid uri`;
const CAPABLE = `${NUMBER} voice_capable sms_capable mms_capable fax_capable`;
const PURE = `${CAPABLE} pure_sip cost`;
const USSD = `${PURE} ussd_url ussd_method ussd_fallback_url ussd_fallback_method ussd_application_sid`;
const REFER = `${USSD} refer_url refer_method refer_application_sid`;
const APPLICATION = 'sid date_created date_updated friendly_name account_sid api_version';

/** The columns of each table in its versions, as the database scripts of Restcomm-Connect 7 and 8 make them. */
const VERSIONS: Readonly<Record<RestcommTable, readonly (readonly string[])[]>> = {
  organizations: [columns('sid domain_name date_created date_updated status')],
  accounts: [
    columns(`${ACCOUNT} auth_token role uri`),
    columns(`${ACCOUNT} auth_token role uri organization_sid`),
    columns(`${ACCOUNT} auth_token role uri password password_algorithm`),
    columns(`${ACCOUNT} password password_algorithm auth_token role uri`),
    columns(`${ACCOUNT} password password_algorithm auth_token role uri organization_sid`),
  ],
  applications: [
    columns(`${APPLICATION} voice_caller_id_lookup uri rcml_url kind`),
    columns(`${APPLICATION} voice_url voice_method voice_fallback_url voice_fallback_method status_callback
      status_callback_method voice_caller_id_lookup sms_url sms_method sms_fallback_url sms_fallback_method
      sms_status_callback uri`),
  ],
  clients: [
    columns(`${CLIENT} password status ${CALLED}`),
    columns(`${CLIENT} password status ${CALLED} push_client_identity`),
    columns(`${CLIENT} password status ${CALLED} push_client_identity password_algorithm`),
    columns(`${CLIENT} password password_algorithm status ${CALLED} push_client_identity`),
  ],
  numbers: [
    columns(NUMBER),
    columns(CAPABLE),
    columns(PURE),
    columns(USSD),
    columns(REFER),
    columns(`${REFER} organization_sid`),
  ],
};

const SID = /^[a-z]{2}[a-z0-9]{32}$/i;
const DATE = /^\d{4}-\d\d-\d\d/;

/** What a value looks like where it looks like anything; empty is possible but where it says so. */
const LOOKS: Readonly<Record<string, (value: string) => boolean>> = {
  sid: (value) => SID.test(value),
  uri: (value) => /\/\d{4}-\d\d-\d\d\//.test(value),
  date_created: (value) => DATE.test(value),
  date_updated: (value) => DATE.test(value),
  account_sid: (value) => SID.test(value),
  organization_sid: (value) => value === '' || SID.test(value),
  voice_application_sid: (value) => value === '' || SID.test(value),
  role: (value) => value !== '' && !isHash(value),
  auth_token: isHash,
  password_algorithm: (value) => value === '' || /^[a-z][a-z0-9-]{2,15}$/i.test(value),
  push_client_identity: (value) => !DATE.test(value),
};

function isHash(value: string): boolean {
  return /^[0-9a-f]{32}$/i.test(value);
}

/** The columns of a table by a first row that is no header; null unless one version alone fits. */
export function columnsOf(table: RestcommTable, first: readonly string[]): readonly string[] | null {
  const fitting = VERSIONS[table].filter(
    (names) => names.length === first.length && names.every((name, index) => LOOKS[name]?.(first[index] ?? '') ?? true),
  );
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = { parent_sid: ['account_sid'] };
const REQUIRED: Readonly<Record<RestcommTable, readonly (readonly string[])[]>> = {
  organizations: [['sid'], ['domain_name']],
  accounts: [['sid'], ['parent_sid'], ['status'], ['auth_token']],
  applications: [['sid'], ['account_sid']],
  clients: [['sid'], ['account_sid'], ['login'], ['password']],
  numbers: [['sid'], ['account_sid'], ['phone_number']],
};

/** How the file of a table is read. */
export function shapeOf(table: RestcommTable): CsvShape {
  const names = new Set(VERSIONS[table].flat());
  return {
    columns: Object.fromEntries(
      [...names].map((name) => [name, (table === 'accounts' ? OTHER_NAMES[name] : undefined) ?? []]),
    ),
    required: REQUIRED[table],
    positional: {
      isHeader: (first) => first.some((title) => /^["`]?sid["`]?$/i.test(title)),
      columns: (first) => columnsOf(table, first),
    },
  };
}
