/**
 * The accounts of a Restcomm-Connect dump: first where each one hangs, then their creations, parents first, then by what
 * they sign in, and at last, when all they own is there, how they stand.
 */
import { readEmailAddress } from '#core/email-address.ts';
import type { CsvRow } from './csv-rows.ts';
import { isBad } from './csv-rows.ts';
import { bodyOf, createItem, type Parsed, type ParsedItem } from './parsed.ts';
import { ACCOUNT_WORDS, type AccountWord, type Dump, type DumpedAccount } from './restcomm-dump.ts';
import { idOf, passwordMd5Of } from './restcomm-values.ts';

/** Reads the accounts into the index; gives the lines that cannot be used. */
export async function* indexAccounts(dump: Dump): AsyncGenerator<Parsed> {
  for await (const row of dump.rows('accounts', 'told')) {
    if (isBad(row)) {
      yield row;
      continue;
    }
    const word = row.get('status').toLowerCase();
    if (!isWord(word)) {
      yield dump.bad('accounts', row.line, `status must be one of ${ACCOUNT_WORDS.join(', ')}, not "${word}"`);
      continue;
    }
    const claimed = dump.claim('accounts', row);
    if ('wrong' in claimed) {
      yield dump.bad('accounts', row.line, claimed.wrong);
      continue;
    }
    const { id } = claimed;
    const parent = idOf(row, 'parent_sid');
    const organization = idOf(row, 'organization_sid');
    dump.accounts.set(id, {
      sid: row.get('sid'),
      line: row.line,
      // The shipped data has accounts that are their own parents: nobody is above them.
      parent: parent === id ? null : parent,
      organization,
      word,
      state: 'waiting',
    });
  }
  yield* withoutLoops(dump);
  for (const [id, { organization }] of dump.accounts) {
    const known = organization === null ? undefined : dump.organizations.get(organization);
    if (known !== undefined && !dump.isAccountClosed(id)) known.accounts += 1;
  }
}

function isWord(text: string): text is AccountWord {
  return (ACCOUNT_WORDS as readonly string[]).includes(text);
}

/** Takes accounts out that hang in a loop of parents, or beneath one. */
function* withoutLoops(dump: Dump): Generator<Parsed> {
  const { accounts } = dump;
  const fine = new Set<string>();
  const looping = new Set<string>();
  for (const id of accounts.keys()) {
    const path = new Set<string>();
    let next: string | null = id;
    while (next !== null && accounts.has(next) && !path.has(next) && !fine.has(next) && !looping.has(next)) {
      path.add(next);
      next = accounts.get(next)?.parent ?? null;
    }
    const isLoop = next !== null && (path.has(next) || looping.has(next));
    for (const one of path) (isLoop ? looping : fine).add(one);
  }
  for (const id of looping) {
    const account = accounts.get(id);
    if (account === undefined) continue;
    yield dump.bad('accounts', account.line, `${account.sid} hangs in a loop of parents, or beneath one`);
  }
  for (const id of looping) accounts.delete(id);
}

/** The creations of accounts, parents first whatever the order of the rows. */
export async function* accountItems(dump: Dump): AsyncGenerator<Parsed> {
  const waiting = new Map<string, { parsed: Parsed; id: string; account: DumpedAccount }[]>();
  for await (const row of dump.rows('accounts', 'passed over')) {
    if (isBad(row)) continue;
    const id = idOf(row, 'sid');
    const account = id === null ? undefined : dump.accounts.get(id);
    if (id === null || account === undefined || account.line !== row.line) continue;
    const one = { parsed: creationOf(dump, row, id, account), id, account };
    const { parent } = account;
    if (parent !== null && dump.accounts.get(parent)?.state === 'waiting') {
      const siblings = waiting.get(parent);
      if (siblings === undefined) waiting.set(parent, [one]);
      else siblings.push(one);
      continue;
    }
    const ready = [one];
    for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
      next.account.state = 'bad' in next.parsed ? 'bad' : 'sent';
      yield next.parsed;
      ready.push(...(waiting.get(next.id) ?? []).toReversed());
      waiting.delete(next.id);
    }
  }
}

function creationOf(dump: Dump, row: CsvRow, id: string, account: DumpedAccount): Parsed {
  const email = readEmailAddress(row.get('email_address'));
  const body = bodyOf('account', {
    id,
    parent: account.parent ?? dump.options.parent ?? undefined,
    name: row.get('friendly_name') || row.get('email_address') || account.sid,
    reseller: false,
    accountType: /^trial$/i.test(row.get('type')) ? 'Trial' : 'Full',
    role: row.get('role'),
    organization: dump.domainOf(account) ?? undefined,
    email: email.ok ? email.value : undefined,
    initialized: account.word === 'uninitialized' ? false : undefined,
  });
  return createItem(body, dump.fileOf('accounts'), row.line);
}

/** Roles that mean here what they mean in Restcomm. */
const SHARED_ROLES = new Set(['administrator', 'developer']);

/** By what accounts sign in: e-mail, token, the MD5 of their password. */
export async function* loginItems(dump: Dump): AsyncGenerator<Parsed> {
  const emails = new Map<string, number>();
  const roles = new Map<string, { line: number; count: number }>();
  const file = dump.fileOf('accounts');
  for await (const row of dump.rows('accounts', 'passed over')) {
    if (isBad(row)) continue;
    const id = idOf(row, 'sid');
    const account = id === null ? undefined : dump.accounts.get(id);
    if (id === null || account?.line !== row.line || account.state !== 'sent') continue;
    const role = row.get('role') || 'none';
    if (!SHARED_ROLES.has(role.toLowerCase())) {
      const known = roles.get(role);
      if (known === undefined) roles.set(role, { line: row.line, count: 1 });
      else known.count += 1;
    }
    const body = bodyOf('account-login', {
      email: emailOf(dump, row, emails),
      role,
      token: tokenOf(dump, row),
      passwordMd5: passwordOf(dump, row),
    });
    const { kind: _, ...login } = body;
    yield { item: { op: 'account-login', entity: id, body: { ...login, onlyNew: true } }, file, line: row.line };
  }
  for (const [role, { line, count }] of roles)
    dump.note(
      'accounts',
      line,
      `the role "${role}" of ${count} accounts allows here what a role of that name allows, and nothing where there is none`,
    );
}

/** The e-mail by which an account signs in; undefined where it is none, or names another account already. */
function emailOf(dump: Dump, row: CsvRow, emails: Map<string, number>): string | undefined {
  const text = row.get('email_address');
  if (text === '') return undefined;
  const read = readEmailAddress(text);
  if (!read.ok) {
    dump.note('accounts', row.line, `email_address ${read.message}; the account signs in by its SID alone`);
    return undefined;
  }
  const email = read.value.toLowerCase();
  const before = emails.get(email);
  if (before !== undefined) {
    dump.note('accounts', row.line, `email_address is that of line ${before}; the account signs in by its SID alone`);
    return undefined;
  }
  emails.set(email, row.line);
  return email;
}

const TOKEN = /^[\x21-\x7e]{16,128}$/;

function tokenOf(dump: Dump, row: CsvRow): string | undefined {
  const token = row.get('auth_token');
  if (TOKEN.test(token)) return token;
  dump.note('accounts', row.line, 'auth_token is no token; the account gets a new one');
  return undefined;
}

function passwordOf(dump: Dump, row: CsvRow): string | undefined {
  const password = passwordMd5Of(row);
  if ('md5' in password) return password.md5;
  dump.note('accounts', row.line, `${password.lost}; the account signs in by its token until it gets a password`);
  return undefined;
}

/** Holds for all that neither operates nor is closed, with the authority of the account above. */
export function* holdItems(dump: Dump): Generator<Parsed> {
  const file = dump.fileOf('accounts');
  let inherited = 0;
  let firstLine = 0;
  for (const [id, account] of dump.accounts) {
    const { word, state, line, sid } = account;
    if (state !== 'sent' || word === 'active' || word === 'closed' || dump.isAccountClosed(id)) continue;
    if (!dump.options.hasOwnHolds && isWordOfParent(dump, account)) {
      inherited += 1;
      firstLine = firstLine === 0 ? line : Math.min(firstLine, line);
      continue;
    }
    const body = { profile: word, source: 'import', externalRef: sid, authority: 'customer' };
    yield { item: { op: 'hold', entity: id, body }, file, line };
  }
  if (inherited > 0)
    dump.note(
      'accounts',
      firstLine,
      `this and other accounts, ${inherited} in all, have the status of their parent and no hold of their own: they come back with it (--own-holds gives each its own)`,
    );
}

/** Whether the word can have come down from the parent, since a change of status was written into all beneath. */
function isWordOfParent(dump: Dump, { word, parent }: DumpedAccount): boolean {
  if (word === 'uninitialized' || parent === null) return false;
  const above = dump.accounts.get(parent);
  return above?.state === 'sent' && above.word === word;
}

/** The closings, each of the topmost account: what is beneath closes with it. */
export function* accountClosings(dump: Dump): Generator<ParsedItem> {
  const file = dump.fileOf('accounts');
  for (const [id, { word, state, parent, line }] of dump.accounts) {
    const isBeneath = parent !== null && dump.isAccountClosed(parent);
    if (isBeneath && word !== 'closed' && state === 'sent')
      dump.note('accounts', line, `the account is closed, since its parent is, though its own status is ${word}`);
    if (word === 'closed' && state === 'sent' && !isBeneath) yield { item: { op: 'close', entity: id }, file, line };
  }
}
