/**
 * The sample operator as data: accounts, domains, SIP accounts, numbers, mailboxes. The same at every run.
 *
 * How it looks in files is for `sample-files.ts` to say.
 */
import { createHash } from 'node:crypto';
import { readDomainName } from '#core/domain-name.ts';
import { makeRandom, pick } from './random.ts';
import {
  SAMPLE_BRANCHES,
  SAMPLE_FIRST_NAMES,
  SAMPLE_LAST_NAMES,
  SAMPLE_RESELLERS,
  type SampleReseller,
} from './sample-customers.ts';

export interface SampleAccount {
  readonly reference: string;
  readonly name: string;
  /** The reference of the parent, '' for resellers. */
  readonly parent: string;
  readonly reseller: SampleReseller;
  readonly email: string;
  readonly city: string;
}

export interface SampleUser {
  readonly username: string;
  readonly domain: string;
  readonly email: string;
  /** Its own number, where it has one. */
  number: string;
}

export interface SampleNumber {
  readonly e164: string;
  readonly account: string;
  /** The AOR that answers, or ''. */
  readonly target: string;
  readonly friendlyName: string;
}

export interface SampleDomain {
  readonly domain: string;
  readonly account: string;
  readonly users: readonly SampleUser[];
}

export interface SampleOperator {
  readonly accounts: readonly SampleAccount[];
  readonly domains: readonly SampleDomain[];
  readonly numbers: readonly (SampleNumber & { readonly reseller: SampleReseller })[];
}

const SEED = 2024;
const SIP_ACCOUNTS = 2000;
/** The password behind every digest in the samples: it protects nothing. */
const SAMPLE_PASSWORD = 'not-a-secret';

const CITIES: Readonly<Record<string, readonly string[]>> = {
  NL: ['Amsterdam', 'Utrecht', 'Zwolle', 'Delft'],
  DE: ['Berlin', 'Potsdam', 'Kempten', 'Lindau'],
  GB: ['London', 'Bristol', 'Perth', 'Cardiff'],
};

/** The whole sample operator. */
export function sampleOperator(): SampleOperator {
  const random = makeRandom(SEED);
  const accounts: SampleAccount[] = [];
  const owners: { domain: string; account: string; reseller: SampleReseller; weight: number }[] = [];
  for (const reseller of SAMPLE_RESELLERS) {
    const common = { reseller, city: pick(CITIES[reseller.country] ?? [], random()) };
    accounts.push({ ...common, reference: reseller.reference, name: reseller.name, parent: '', email: reseller.email });
    for (const [index, customer] of reseller.customers.entries()) {
      const reference = `C-${Number(reseller.reference.slice(2)) * 10 + index + 1}`;
      const domain = `${slug(customer)}.example`;
      const city = pick(CITIES[reseller.country] ?? [], random());
      accounts.push({
        ...common,
        city,
        reference,
        name: customer,
        parent: reseller.reference,
        email: `info@${ascii(domain)}`,
      });
      owners.push({ domain: ascii(domain), account: reference, reseller, weight: 0.4 + random() ** 3 * 4 });
      const branches = SAMPLE_BRANCHES.slice(0, index % 4);
      for (const [place, branch] of branches.entries()) {
        const parent = place === 2 ? `${reference}-2` : reference;
        accounts.push({
          ...common,
          city,
          reference: `${reference}-${place + 1}`,
          name: `${customer}, ${branch}`,
          parent,
          email: '',
        });
      }
      // Some branches have a domain of their own, beneath the branch's account.
      if (branches.length >= 2)
        owners.push({ domain: ascii(`branch.${domain}`), account: `${reference}-2`, reseller, weight: 0.3 + random() });
    }
  }
  const domains = fillDomains(owners, random);
  return { accounts, domains, numbers: giveNumbers(domains, owners) };
}

/** MD5 digests as Kamailio computes them (RFC 2617 section 3.2.2.2). */
export function sampleDigests(user: SampleUser): { ha1: string; ha1b: string } {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  return {
    ha1: md5(`${user.username}:${user.domain}:${SAMPLE_PASSWORD}`),
    ha1b: md5(`${user.username}@${user.domain}:${user.domain}:${SAMPLE_PASSWORD}`),
  };
}

function fillDomains(
  owners: readonly { domain: string; account: string; weight: number }[],
  random: () => number,
): SampleDomain[] {
  const total = owners.reduce((sum, { weight }) => sum + weight, 0);
  const counts = owners.map(({ weight }) => Math.max(3, Math.floor((weight / total) * SIP_ACCOUNTS)));
  let rest = SIP_ACCOUNTS - counts.reduce((sum, count) => sum + count, 0);
  for (let index = 0; rest !== 0; index = (index + 1) % counts.length) {
    if (rest < 0 && (counts[index] ?? 0) <= 3) continue;
    counts[index] = (counts[index] ?? 0) + Math.sign(rest);
    rest -= Math.sign(rest);
  }
  return owners.map(({ domain, account }, index) => ({
    domain,
    account,
    users: makeUsers(domain, counts[index] ?? 0, random),
  }));
}

/** Desks known by extension, and every third user by name. */
function makeUsers(domain: string, count: number, random: () => number): SampleUser[] {
  const taken = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    const person = `${pick(SAMPLE_FIRST_NAMES, random())}.${pick(SAMPLE_LAST_NAMES, random())}`;
    const isPerson = index % 3 === 0 && !taken.has(person);
    if (isPerson) taken.add(person);
    const username = isPerson ? person : String(100 + index);
    return { username, domain, email: isPerson ? `${person}@${domain}` : '', number: '' };
  });
}

/** Each reseller's numbers go round its customers' domains; most reach a SIP account, some nothing yet. */
function giveNumbers(
  domains: readonly SampleDomain[],
  owners: readonly { reseller: SampleReseller }[],
): (SampleNumber & { reseller: SampleReseller })[] {
  const numbers: (SampleNumber & { reseller: SampleReseller })[] = [];
  for (const reseller of SAMPLE_RESELLERS) {
    const own = domains.filter((_, index) => owners[index]?.reseller === reseller);
    for (let index = 0; index < reseller.numbers; index += 1) {
      const e164 = `+${reseller.prefix}${String(index).padStart(3, '0')}`;
      const domain = pick(own, (index % own.length) / own.length);
      const user = index % 10 === 9 ? undefined : domain.users[Math.floor(index / own.length)];
      if (user) user.number = e164;
      const friendlyName = user === undefined ? 'In reserve' : index < own.length ? 'Main number' : '';
      numbers.push({
        e164,
        account: domain.account,
        target: user ? `${user.username}@${user.domain}` : '',
        friendlyName,
        reseller,
      });
    }
  }
  return numbers;
}

function ascii(domain: string): string {
  const reading = readDomainName(domain);
  if (!reading.ok) throw new Error(reading.message);
  return reading.value;
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-');
}
