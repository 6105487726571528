/** Dumps of a Restcomm-Connect database that never was, in the columns of its version 8, and of an older one. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** The SID of a thing in the dump, always the same. */
export const sidIn = (prefix: string, name: string): string => prefix + md5(`${prefix} of ${name}`);
export const passwordIn = (name: string): string => `Secret of ${name}`;

const TIME = '2018-04-07 11:00:51.120000000';

const HEADERS = {
  organizations: 'sid,domain_name,date_created,date_updated,status',
  accounts:
    'sid,date_created,date_updated,email_address,friendly_name,parent_sid,type,status,auth_token,role,uri,organization_sid',
  clients:
    'sid,date_created,date_updated,account_sid,api_version,friendly_name,login,password,status,voice_url,voice_method,voice_fallback_url,voice_fallback_method,voice_application_sid,uri,push_client_identity,password_algorithm',
  incoming_phone_numbers:
    'sid,date_created,date_updated,friendly_name,account_sid,phone_number,api_version,voice_caller_id_lookup,voice_url,voice_method,voice_fallback_url,voice_fallback_method,status_callback,status_callback_method,voice_application_sid,sms_url,sms_method,sms_fallback_url,sms_fallback_method,sms_application_sid,uri,voice_capable,sms_capable,mms_capable,fax_capable,pure_sip,cost,ussd_url,ussd_method,ussd_fallback_url,ussd_fallback_method,ussd_application_sid,refer_url,refer_method,refer_application_sid,organization_sid',
  applications:
    'sid,date_created,date_updated,friendly_name,account_sid,api_version,voice_caller_id_lookup,uri,rcml_url,kind',
} as const;
export type DumpTable = keyof typeof HEADERS;
export type Values = Readonly<Record<string, string | number | boolean | null>>;

/** One row, in the order of the table; what is not given is NULL. */
export function rowOf(table: DumpTable, values: Values): string {
  const all: Values = { date_created: TIME, date_updated: TIME, api_version: '2012-04-24', ...values };
  return HEADERS[table]
    .split(',')
    .map((column) => all[column] ?? 'NULL')
    .map((value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value)))
    .join(',');
}

export function accountRow(name: string, parent: string | null, more: Values = {}): string {
  const sid = sidIn('AC', name);
  return rowOf('accounts', {
    sid,
    email_address: `${name}@restcomm.example`,
    friendly_name: `Firm ${name}`,
    parent_sid: parent === null ? null : sidIn('AC', parent),
    type: 'Full',
    status: 'active',
    auth_token: md5(passwordIn(name)),
    role: 'Administrator',
    uri: `/2012-04-24/Accounts/${sid}`,
    organization_sid: sidIn('OR', 'default'),
    ...more,
  });
}

/** A client with the HA1 of its password in the realm of its organization. */
export function clientRow(login: string, account: string, domain: string, more: Values = {}): string {
  return rowOf('clients', {
    sid: sidIn('CL', login),
    account_sid: sidIn('AC', account),
    friendly_name: login,
    login,
    password: md5(`${login}:${domain}:${passwordIn(login)}`),
    password_algorithm: 'MD5',
    status: 1,
    voice_method: 'POST',
    voice_fallback_method: 'POST',
    uri: `/2012-04-24/Accounts/${sidIn('AC', account)}/Clients/${sidIn('CL', login)}`,
    ...more,
  });
}

export function numberRow(number: string, account: string, more: Values = {}): string {
  return rowOf('incoming_phone_numbers', {
    sid: sidIn('PN', number),
    account_sid: sidIn('AC', account),
    friendly_name: `Number ${number}`,
    phone_number: number,
    voice_caller_id_lookup: 'FALSE',
    voice_method: 'POST',
    sms_method: 'POST',
    uri: `/2012-04-24/Accounts/${sidIn('AC', account)}/IncomingPhoneNumbers/${sidIn('PN', number)}`,
    voice_capable: 'TRUE',
    sms_capable: 'FALSE',
    pure_sip: 'FALSE',
    cost: '0.0',
    organization_sid: sidIn('OR', 'default'),
    ...more,
  });
}

export function applicationRow(name: string, account: string, more: Values = {}): string {
  return rowOf('applications', {
    sid: sidIn('AP', name),
    account_sid: sidIn('AC', account),
    friendly_name: name,
    voice_caller_id_lookup: 0,
    uri: `/2012-04-24/Accounts/${sidIn('AC', account)}/Applications/${sidIn('AP', name)}`,
    rcml_url: `https://apps.restcomm.example/${name}`,
    kind: 'voice',
    ...more,
  });
}

export function organizationRow(name: string, domain: string, status = 'active'): string {
  return rowOf('organizations', { sid: sidIn('OR', name), domain_name: domain, status });
}

/** A folder with files of these tables; each file has a line of names, unless it is told to have none. */
export function dumpFolder(
  tables: Readonly<Partial<Record<DumpTable, readonly string[]>>>,
  header: 'with names' | 'without names' = 'with names',
): string {
  const folder = mkdtempSync(join(tmpdir(), 'abeyance-restcomm-'));
  for (const table of Object.keys(HEADERS) as DumpTable[]) {
    // the keys are those tables
    const rows = tables[table];
    if (rows === undefined) continue;
    const lines = header === 'with names' ? [HEADERS[table], ...rows] : rows;
    writeFileSync(join(folder, `restcomm_${table}.csv`), lines.map((line) => `${line}\n`).join(''));
  }
  return folder;
}

/** Bad lines, or notes, as they are told. */
export function toldLines(bad: readonly { file: string; line: number; reason: string }[]): string[] {
  return bad.map(({ file, line, reason }) => `${file}:${line}: ${reason}`);
}
