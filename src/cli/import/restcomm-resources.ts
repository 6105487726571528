/** What the accounts of a Restcomm-Connect dump have: organizations, applications, clients, telephone numbers. */
import { readDomainName } from '#core/domain-name.ts';
import { readE164 } from '#core/e164.ts';
import type { Json } from '#core/field.ts';
import { type CsvRow, isBad } from './csv-rows.ts';
import { bodyOf, createItem, type Parsed, type ParsedItem } from './parsed.ts';
import type { Dump } from './restcomm-dump.ts';
import type { RestcommTable } from './restcomm-tables.ts';
import { credentialOf, flagOf, idOf, methodOf } from './restcomm-values.ts';

/** Rows of a table that have a SID of their own, each made an item. */
async function* itemsOf(
  dump: Dump,
  table: RestcommTable,
  make: (row: CsvRow, id: string) => Parsed,
): AsyncGenerator<Parsed> {
  for await (const row of dump.rows(table, 'told')) {
    if (isBad(row)) {
      yield row;
      continue;
    }
    const claimed = dump.claim(table, row);
    yield 'wrong' in claimed ? dump.bad(table, row.line, claimed.wrong) : make(row, claimed.id);
  }
}

/** Organizations as SIP domains. Those that are closed here are closed at the end. */
export async function* organizationItems(dump: Dump): AsyncGenerator<Parsed> {
  const { domain, parent } = dump.options;
  if (domain !== null) yield createItem(bodyOf('sip_domain', { parent: parent ?? 0, domain }), `--domain ${domain}`, 1);
  yield* itemsOf(dump, 'organizations', (row, id) => {
    const domainName = readDomainName(row.get('domain_name').replace(/\.$/, ''));
    if (!domainName.ok) return dump.bad('organizations', row.line, `domain_name ${domainName.message}`);
    dump.organizations.set(id, { line: row.line, isClosed: /^closed$/i.test(row.get('status')), accounts: 0 });
    const body = bodyOf('sip_domain', { id, parent: dump.container, domain: domainName.value });
    return createItem(body, dump.fileOf('organizations'), row.line);
  });
}

/** Closings of organizations without open accounts: a closed one stops nothing in Restcomm, but its clients here. */
export function* organizationClosings(dump: Dump): Generator<ParsedItem> {
  const file = dump.fileOf('organizations');
  for (const [id, { isClosed, accounts, line }] of dump.organizations)
    if (isClosed && accounts === 0) yield { item: { op: 'close', entity: id }, file, line };
    else if (isClosed)
      dump.note(
        'organizations',
        line,
        `the organization stays open: ${accounts} accounts in it are, and their clients would be closed with it`,
      );
}

export function applicationItems(dump: Dump): AsyncGenerator<Parsed> {
  return itemsOf(dump, 'applications', (row, id) => {
    const account = ownerOf(dump, row, id);
    const [medium, url] = addressOf(dump, row);
    const body = bodyOf('application', {
      id,
      parent: account,
      name: row.get('friendly_name') || row.get('sid'),
      medium,
      url,
      voiceCallerIdLookup: flagOf(row.get('voice_caller_id_lookup')),
    });
    return createItem(body, dump.fileOf('applications'), row.line);
  });
}

/** Of what an application is, and where. Older versions have an address for calls and one for messages, and no kind. */
function addressOf(dump: Dump, row: CsvRow): [medium: string, url: string] {
  const [kind, url, voice, sms] = ['kind', 'rcml_url', 'voice_url', 'sms_url'].map(row.get);
  if (kind || url) return [kind?.toLowerCase() ?? '', url ?? ''];
  if (!voice) return sms ? ['sms', sms] : ['', ''];
  if (sms)
    dump.note('applications', row.line, 'sms_url was left out, since an application has one address here: voice_url');
  return ['', voice];
}

/** Clients as SIP accounts of the organization's domain, owned by their account. */
export function clientItems(dump: Dump): AsyncGenerator<Parsed> {
  return itemsOf(dump, 'clients', (row, id) => {
    const account = ownerOf(dump, row, id);
    const domain = dump.domainOf(account === null ? undefined : dump.accounts.get(account));
    if (domain === null) return dump.bad('clients', row.line, unknownDomain(row));
    const credential = credentialOf(row);
    if (typeof credential === 'string') return dump.bad('clients', row.line, credential);
    const login = row.get('login');
    if (login !== login.toLowerCase())
      dump.note(
        'clients',
        row.line,
        `the login "${login}" is "${login.toLowerCase()}" here, by which the phone must sign in`,
      );
    const push = row.get('push_client_identity');
    const body = bodyOf('sip_account', {
      id,
      parent: domain,
      owner: account,
      username: login,
      ...credential,
      friendlyName: row.get('friendly_name'),
      enabled: flagOf(row.get('status')),
      ...calledFields(dump, 'clients', row, 'voice'),
      pushClientIdentity: push,
      pushEnabled: push === '' ? undefined : true,
    });
    return createItem(body, dump.fileOf('clients'), row.line);
  });
}

const CAPABILITIES = {
  voiceCapable: 'voice_capable',
  smsCapable: 'sms_capable',
  mmsCapable: 'mms_capable',
  faxCapable: 'fax_capable',
};

/** Numbers: in a SIP domain alone, or of the telephone network. */
export function numberItems(dump: Dump): AsyncGenerator<Parsed> {
  return itemsOf(dump, 'numbers', (row, id) => {
    const account = ownerOf(dump, row, id);
    const number = row.get('phone_number');
    const named: Record<string, Json | undefined> = {};
    if (flagOf(row.get('pure_sip')) === true) {
      const organization = idOf(row, 'organization_sid');
      const domain = dump.domainOf(account === null ? undefined : dump.accounts.get(account), organization);
      if (domain === null) return dump.bad('numbers', row.line, unknownDomain(row));
      Object.assign(named, { sipNumber: number, domain });
    } else {
      const e164 = readE164(number);
      if (!e164.ok) return dump.bad('numbers', row.line, `phone_number ${e164.message}`);
      Object.assign(named, { e164: e164.value, provider: dump.options.provider });
    }
    for (const [field, column] of Object.entries(CAPABILITIES)) named[field] = flagOf(row.get(column));
    const body = bodyOf('phone_number', {
      id,
      parent: account,
      ...named,
      friendlyName: row.get('friendly_name'),
      voiceCallerIdLookup: flagOf(row.get('voice_caller_id_lookup')),
      statusCallback: row.get('status_callback'),
      statusCallbackMethod: methodOf(row.get('status_callback_method')),
      ...calledFields(dump, 'numbers', row, 'voice'),
      ...calledFields(dump, 'numbers', row, 'sms'),
      ...calledFields(dump, 'numbers', row, 'ussd'),
      ...calledFields(dump, 'numbers', row, 'refer'),
    });
    return createItem(body, dump.fileOf('numbers'), row.line);
  });
}

/** What is asked when something comes in: addresses with their methods, and an application. */
function calledFields(
  dump: Dump,
  table: RestcommTable,
  row: CsvRow,
  medium: 'voice' | 'sms' | 'ussd' | 'refer',
): Record<string, Json | undefined> {
  const column = `${medium}_application_sid`;
  let application = idOf(row, column);
  if (row.get(column) !== '' && (application === null || isLost(dump, application))) {
    dump.note(table, row.line, `${column} ${row.get(column)} is no application of the dump and was left out`);
    application = null;
  }
  const hasFallback = medium !== 'refer';
  return {
    [`${medium}Url`]: row.get(`${medium}_url`),
    [`${medium}Method`]: methodOf(row.get(`${medium}_method`)),
    ...(hasFallback
      ? {
          [`${medium}FallbackUrl`]: row.get(`${medium}_fallback_url`),
          [`${medium}FallbackMethod`]: methodOf(row.get(`${medium}_fallback_method`)),
        }
      : {}),
    [`${medium}Application`]: application ?? undefined,
  };
}

/** Applications that were deleted are still referred to. Where no table of them is there, the server knows. */
function isLost(dump: Dump, application: string): boolean {
  return dump.files.applications !== undefined && !dump.has('applications', application);
}

/** The account of a row; what it owns ends closed with it. */
function ownerOf(dump: Dump, row: CsvRow, id: string): string | null {
  const account = idOf(row, 'account_sid');
  if (account !== null && dump.isAccountClosed(account)) dump.noteClosed(id);
  return account;
}

function unknownDomain(row: CsvRow): string {
  return `the organization of account ${row.get('account_sid')} is not known: add the tables that tell, or give --domain`;
}
