/**
 * A CSV of mailboxes: address, account, password hash, quota.
 *
 * A hash without scheme gets the one that its own prefix tells; a clear-text password is refused, never stored.
 */
import { readEmailAddress } from '#core/email-address.ts';
import { type CsvRow, type CsvShape, csvRows, isBad } from './csv-rows.ts';
import { accountIdentifier, badLine, bodyOf, createItem, type OpenText, type Parsed } from './parsed.ts';

const SHAPE: CsvShape = {
  columns: {
    address: ['email', 'mailbox', 'username', 'email address'],
    account: ['customer', 'reference'],
    password_hash: ['password', 'hash', 'crypt'],
    scheme: ['password scheme', 'password hash scheme'],
    quota: ['quota mb', 'quota megabytes'],
    display_name: ['name', 'friendly name'],
    home: ['maildir'],
  },
  required: [['address'], ['account']],
};

/** How crypt(3) marks its methods, and what Dovecot calls them. */
const SCHEME_OF_PREFIX: readonly (readonly [RegExp, string])[] = [
  [/^\$6\$/, 'SHA512-CRYPT'],
  [/^\$5\$/, 'SHA256-CRYPT'],
  [/^\$2[abxy]\$/, 'BLF-CRYPT'],
  [/^\$argon2id\$/, 'ARGON2ID'],
  [/^\$argon2i\$/, 'ARGON2I'],
  [/^\$1\$/, 'MD5-CRYPT'],
];

const MEGABYTES: Readonly<Record<string, number>> = { '': 1, M: 1, G: 1024, T: 1_048_576 };

/** Reads rows as mailboxes beneath their accounts. */
export async function* parseMailboxCsv(file: string, options: { readonly open: OpenText }): AsyncGenerator<Parsed> {
  for await (const row of csvRows(file, options.open, SHAPE)) yield isBad(row) ? row : parseRow(row, file);
}

function parseRow(row: CsvRow, file: string): Parsed {
  const address = readEmailAddress(row.get('address'));
  if (!address.ok) return badLine(file, row.line, `address ${address.message}`);
  const account = row.get('account');
  if (account === '') return badLine(file, row.line, 'account is missing');
  const hash = hashOf(row.get('password_hash'), row.get('scheme'));
  if (hash === null)
    return badLine(file, row.line, 'password_hash must be a hash with its scheme, such as {SHA512-CRYPT}$6$…');
  const quota = quotaOf(row.get('quota'));
  if (quota === null)
    return badLine(file, row.line, `quota must be megabytes, or a size such as 5G, not "${row.get('quota')}"`);
  const body = bodyOf('mailbox', {
    parent: accountIdentifier(account),
    address: address.value,
    passwordHash: hash,
    quotaMegabytes: quota === 0 ? undefined : quota,
    displayName: row.get('display_name'),
    home: row.get('home'),
  });
  return createItem(body, file, row.line);
}

function hashOf(hash: string, scheme: string): string | null {
  if (hash === '' || hash.startsWith('{')) return hash;
  if (scheme !== '') return `{${scheme.replace(/[{}]/g, '').toUpperCase()}}${hash}`;
  const known = SCHEME_OF_PREFIX.find(([prefix]) => prefix.test(hash));
  return known ? `{${known[1]}}${hash}` : null;
}

/** Whole megabytes; nothing and 0 mean no limit. */
function quotaOf(text: string): number | null {
  if (text === '') return 0;
  const match = /^(\d{1,9})\s*([MGT]?)(?:i?B)?$/i.exec(text);
  return match ? Number(match[1]) * (MEGABYTES[(match[2] ?? '').toUpperCase()] ?? 1) : null;
}
