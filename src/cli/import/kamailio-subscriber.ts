/**
 * A CSV dump of Kamailio's `subscriber` table, with its header row: SIP accounts, and before the first of each domain
 * the SIP domain itself.
 *
 * Digests win over a clear-text password, as the registrar prefers them. Secrets never appear in a bad line.
 */
import { readUserPart } from '#core/aor.ts';
import { readDomainName } from '#core/domain-name.ts';
import { type CsvRow, type CsvShape, csvRows, isBad } from './csv-rows.ts';
import { type AccountOf, badLine, bodyOf, createItem, type OpenText, type Parsed } from './parsed.ts';

export interface SubscriberOptions {
  readonly open: OpenText;
  readonly accountOf: AccountOf;
}

const SHAPE: CsvShape = {
  columns: {
    username: ['user'],
    domain: [],
    password: [],
    ha1: [],
    ha1b: [],
    email_address: ['email'],
    rpid: [],
    first_name: [],
    last_name: [],
    timezone: [],
  },
  required: [['username'], ['domain'], ['password', 'ha1']],
};

/** Reads a dump as SIP domains and SIP accounts. */
export async function* parseKamailioSubscriber(file: string, options: SubscriberOptions): AsyncGenerator<Parsed> {
  const domainsSeen = new Set<string>();
  for await (const row of csvRows(file, options.open, SHAPE)) {
    if (isBad(row)) {
      yield row;
      continue;
    }
    const domain = readDomainName(row.get('domain'));
    const username = readUserPart(row.get('username'));
    const credential = credentialOf(row);
    if (!domain.ok) yield badLine(file, row.line, `domain ${domain.message}`);
    else if (!username.ok) yield badLine(file, row.line, `username ${username.message}`);
    else if (typeof credential === 'string') yield badLine(file, row.line, credential);
    else {
      const account = options.accountOf(domain.value);
      if (account === null) {
        yield badLine(
          file,
          row.line,
          `the account of ${domain.value} is not known: name it in the mapping or give one for all`,
        );
        continue;
      }
      const body = bodyOf('sip_account', {
        parent: `sip:${domain.value}`,
        username: username.value,
        ...credential,
        email: row.get('email_address'),
        callerId: row.get('rpid'),
        firstName: row.get('first_name'),
        lastName: row.get('last_name'),
        timezone: row.get('timezone'),
      });
      const parsed = createItem(body, file, row.line);
      // A domain comes with its first good account, never with a line that is reported as bad.
      if ('item' in parsed && !domainsSeen.has(domain.value)) {
        domainsSeen.add(domain.value);
        yield createItem(bodyOf('sip_domain', { parent: account, domain: domain.value }), file, row.line);
      }
      yield parsed;
    }
  }
}

/** The credential as fields of the body, or what is wrong with it. */
function credentialOf(row: CsvRow): Record<string, string> | string {
  const [password, ha1, ha1b] = [row.get('password'), row.get('ha1'), row.get('ha1b')];
  if (ha1 === '') return password === '' ? 'password or ha1 is needed, and both are empty' : { password };
  for (const [name, digest] of [
    ['ha1', ha1],
    ['ha1b', ha1b],
  ] as const)
    if (digest !== '' && !/^[0-9a-f]{32}$/i.test(digest)) return `${name} must be an MD5 digest: 32 hexadecimal digits`;
  return { ha1: ha1.toLowerCase(), ...(ha1b === '' ? {} : { ha1b: ha1b.toLowerCase() }) };
}
