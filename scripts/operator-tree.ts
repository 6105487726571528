/**
 * An operator of any size as a stream of bulk items, parents before children, determined by its seed.
 *
 * Constant memory: nothing is remembered, every name and parent is computed from its index. Names lie under `.example`,
 * numbers under country code 999, which nobody has; digests belong to no password.
 */
import type { BulkItem } from '#cli/import/parsed.ts';
import { randomAt } from './random.ts';

export interface OperatorSize {
  readonly accounts: number;
  readonly sipAccounts: number;
  /** Levels of accounts beneath the platform. */
  readonly depth: number;
  readonly numbers: number;
  /** Each has five records. */
  readonly zones: number;
  readonly seed: number;
  /** Accounts directly beneath the platform; default: one for each thousand accounts. */
  readonly resellers?: number;
}

/** SIP accounts in one domain: a small company. */
const DOMAIN_SIZE = 25;
/** One leaf in so many belongs to an account further up than its domain's. */
const OWNED_ELSEWHERE = 20;

/** What the parts of random numbers are for, so that equal indexes of different things differ. */
const PARENT = 1;
const DOMAIN_ACCOUNT = 2;
const OWNER = 3;
const DIGEST = 4;
const NUMBER_ACCOUNT = 5;
const NUMBER_TARGET = 6;
const ZONE_ACCOUNT = 7;

/** All items of the operator: accounts level by level, SIP domains with their accounts, numbers, zones with their records. */
export function* operatorItems(size: OperatorSize): Generator<BulkItem> {
  const tree = accountTree(size);
  for (let account = 0; account < size.accounts; account += 1) yield accountItem(tree, account);
  for (let sip = 0; sip < size.sipAccounts; sip += 1) {
    if (sip % DOMAIN_SIZE === 0) yield domainItem(tree, sip / DOMAIN_SIZE);
    yield sipAccountItem(tree, sip);
  }
  for (let number = 0; number < size.numbers; number += 1) yield numberItem(tree, number);
  for (let zone = 0; zone < size.zones; zone += 1) yield* zoneItems(tree, zone);
}

/** How many items of each kind `operatorItems` gives. */
export function operatorCounts(size: OperatorSize): Readonly<Record<string, number>> {
  return {
    account: size.accounts,
    sip_domain: Math.ceil(size.sipAccounts / DOMAIN_SIZE),
    sip_account: size.sipAccounts,
    phone_number: size.numbers,
    dns_zone: size.zones,
    dns_record: size.zones * 5,
  };
}

/** The reference of the account with an index, such as `A000017`; the resellers come first. */
export function accountReference(index: number): string {
  return `A${padded(index)}`;
}

interface AccountTree {
  readonly size: OperatorSize;
  /** Where each level begins, and the end. */
  readonly starts: readonly number[];
}

/** Levels that grow by one factor, each with at least one account while there are any. */
function accountTree(size: OperatorSize): AccountTree {
  const top = Math.min(size.accounts, Math.max(1, size.resellers ?? Math.ceil(size.accounts / 1000)));
  const levels = Math.min(size.depth, 1 + size.accounts - top);
  let [low, high] = [0, size.accounts + 1];
  for (let step = 0; step < 60; step += 1) {
    const factor = (low + high) / 2;
    let sum = 0;
    for (let level = 0; level < levels; level += 1) sum += top * factor ** level;
    if (sum < size.accounts) low = factor;
    else high = factor;
  }
  const starts = [0];
  for (let level = 0; level < levels; level += 1) {
    const begin = starts.at(-1) ?? 0;
    const still = levels - level - 1; // levels below, which need one account each
    const wanted = level === 0 ? top : Math.max(1, Math.round(top * low ** level));
    starts.push(still === 0 ? size.accounts : Math.min(begin + wanted, size.accounts - still));
  }
  return { size, starts };
}

/** The parent of an account by index, or null beneath the platform. */
function parentOf({ size, starts }: AccountTree, account: number): number | null {
  const level = starts.findIndex((start) => start > account) - 1;
  if (level <= 0) return null;
  const [begin = 0, end = 0] = [starts[level - 1], starts[level]];
  return begin + Math.floor(randomAt(size.seed, PARENT, account) * (end - begin));
}

function accountItem(tree: AccountTree, account: number): BulkItem {
  const parent = parentOf(tree, account);
  const reference = accountReference(account);
  const body = { kind: 'account', name: `Account ${account}`, reference };
  return { op: 'create', body: parent === null ? body : { ...body, parent: `ref:${accountReference(parent)}` } };
}

function domainItem(tree: AccountTree, domain: number): BulkItem {
  const parent = `ref:${accountReference(domainAccount(tree, domain))}`;
  return { op: 'create', body: { kind: 'sip_domain', parent, domain: domainName(domain) } };
}

function sipAccountItem(tree: AccountTree, sip: number): BulkItem {
  const domain = Math.floor(sip / DOMAIN_SIZE);
  const body = {
    kind: 'sip_account',
    parent: `sip:${domainName(domain)}`,
    username: username(sip),
    ha1: digest(tree, sip),
  };
  if (sip % OWNED_ELSEWHERE !== OWNED_ELSEWHERE - 1) return { op: 'create', body };
  const owner = someAncestor(tree, domainAccount(tree, domain), randomAt(tree.size.seed, OWNER, sip));
  return { op: 'create', body: { ...body, owner: `ref:${accountReference(owner)}` } };
}

function numberItem(tree: AccountTree, number: number): BulkItem {
  const { seed, sipAccounts } = tree.size;
  const body = {
    kind: 'phone_number',
    parent: `ref:${accountReference(indexAt(tree, NUMBER_ACCOUNT, number))}`,
    e164: `+999${padded(number, 9)}`,
  };
  const targetAt = randomAt(seed, NUMBER_TARGET, number);
  if (sipAccounts === 0 || number % 2 === 1) return { op: 'create', body };
  const sip = Math.floor(targetAt * sipAccounts);
  const domain = Math.floor(sip / DOMAIN_SIZE);
  const target = `sip:${username(sip)}@${domainName(domain)}`;
  // A number lies where its target's domain does: in one reseller's tree.
  const parent = `ref:${accountReference(domainAccount(tree, domain))}`;
  return { op: 'create', body: { ...body, parent, target } };
}

function* zoneItems(tree: AccountTree, zone: number): Generator<BulkItem> {
  const name = `zone${padded(zone)}.example`;
  const parent = `ref:${accountReference(indexAt(tree, ZONE_ACCOUNT, zone))}`;
  yield {
    op: 'create',
    body: { kind: 'dns_zone', parent, name, email: `hostmaster@${name}`, nameservers: ['ns1.example', 'ns2.example'] },
  };
  const address = `198.51.100.${zone % 256}`; // TEST-NET-2 (RFC 5737)
  const record = (owner: string, type: string, value: string, more: { priority?: number } = {}): BulkItem => ({
    op: 'create',
    body: { kind: 'dns_record', parent: `dns:${name}`, name: owner, type, value, ...more },
  });
  yield record(name, 'A', address);
  yield record(`www.${name}`, 'CNAME', name);
  yield record(name, 'MX', `mail.${name}`, { priority: 10 });
  yield record(`mail.${name}`, 'A', address);
  yield record(`_sip._udp.${name}`, 'SRV', `0 5060 sip.${name}`, { priority: 10 });
}

function domainAccount(tree: AccountTree, domain: number): number {
  return indexAt(tree, DOMAIN_ACCOUNT, domain);
}

function indexAt({ size }: AccountTree, use: number, index: number): number {
  return Math.floor(randomAt(size.seed, use, index) * size.accounts);
}

/** The account or one above it, in the same reseller's tree. */
function someAncestor(tree: AccountTree, account: number, at: number): number {
  const line = [account];
  for (let above = parentOf(tree, account); above !== null; above = parentOf(tree, above)) line.push(above);
  return line[Math.floor(at * line.length)] ?? account;
}

function digest({ size }: AccountTree, sip: number): string {
  let text = '';
  for (let word = 0; word < 4; word += 1)
    text += Math.floor(randomAt(size.seed, DIGEST, sip, word) * 4_294_967_296)
      .toString(16)
      .padStart(8, '0');
  return text;
}

function username(sip: number): string {
  return `u${padded(sip)}`;
}

function domainName(domain: number): string {
  return `sip${padded(domain)}.example`;
}

function padded(index: number, digits = 7): string {
  return String(index).padStart(digits, '0');
}
