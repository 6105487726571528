/** The sample operator as the files that operators have: CSV tables and BIND master files. */
import { enumDomain } from '#core/enum-number.ts';
import { sampleDigests, type SampleDomain, type SampleOperator } from './sample-operator.ts';
import { SAMPLE_RESELLERS } from './sample-customers.ts';

const ENUM_TREE = 'e164.arpa';
const SERIAL = '2024030101';
/** Zones besides those of the customers' domains: parked names, and one reverse zone of a documentation network. */
const PARKED_ZONES = ['noordlicht', 'alpenfunk', 'celticvoice', 'tulpenfestival', 'uhrenmuseum', 'whisky-trail'].map(
  (name) => `${name}.example`,
);
const REVERSE_ZONE = '100.51.198.in-addr.arpa';
const ZONES = 60;
/** A hash of no password: crypt(3) would never give these characters. */
const NO_HASH = '{SHA512-CRYPT}$6$sample$not-the-hash-of-any-password';

/** Every file of the samples by its path beneath `samples/`, without the README. */
export function sampleFiles(operator: SampleOperator): Map<string, string> {
  const files = new Map<string, string>();
  files.set(
    'accounts.csv',
    csv(
      ['reference', 'name', 'parent', 'reseller', 'email', 'city', 'country', 'timezone'],
      operator.accounts.map(({ reference, name, parent, email, city, reseller }) => [
        reference,
        name,
        parent,
        parent === '' ? 'yes' : 'no',
        email,
        city,
        reseller.country,
        reseller.timezone,
      ]),
    ),
  );
  files.set(
    'subscriber.csv',
    csv(
      ['id', 'username', 'domain', 'password', 'ha1', 'ha1b', 'email_address', 'rpid'],
      operator.domains
        .flatMap(({ users }) => users)
        .map((user, index) => {
          const { ha1, ha1b } = sampleDigests(user);
          return [String(index + 1), user.username, user.domain, '', ha1, ha1b, user.email, user.number];
        }),
    ),
  );
  files.set(
    'dids.csv',
    csv(
      ['number', 'account', 'target', 'friendly_name'],
      operator.numbers.map(({ e164, account, target, friendlyName }) => [e164, account, target, friendlyName]),
    ),
  );
  files.set(
    'mailboxes.csv',
    csv(['address', 'account', 'password_hash', 'quota', 'display_name'], mailboxRows(operator)),
  );
  const accountOfZone = addZones(files, operator);
  for (const reseller of SAMPLE_RESELLERS) {
    files.set(`enum/${enumDomain(reseller.prefix, ENUM_TREE)}.zone`, enumZone(operator, reseller.prefix));
    accountOfZone.push([`+${reseller.prefix}`, reseller.reference]);
  }
  files.set('domains.csv', csv(['domain', 'account'], accountOfZone));
  return files;
}

/** Adds the zone files; gives all names with their accounts. */
function addZones(files: Map<string, string>, { domains }: SampleOperator): string[][] {
  const rows = domains.map(({ domain, account }) => [domain, account]);
  const withMail = domains.filter(({ domain }) => !domain.startsWith('branch.'));
  const withBranch = domains.filter(({ domain }) => domain.startsWith('branch.'));
  files.set(
    'zones/mail.inc',
    '; Mail of every customer, included by the zones.\n@     IN MX  10 mx1.noordlicht.example.\n@     IN MX  20 mx2.noordlicht.example.\n@     IN TXT "v=spf1 mx -all"\n',
  );
  const others = [
    ...PARKED_ZONES.map((zone, index) => [zone, SAMPLE_RESELLERS[index % 3]?.reference ?? '']),
    [REVERSE_ZONE, 'R-100'],
  ];
  const own = [...withMail, ...withBranch].slice(0, ZONES - others.length);
  for (const [index, domain] of own.entries()) files.set(`zones/${domain.domain}.zone`, customerZone(domain, index));
  for (const [index, [zone = '']] of others.entries())
    files.set(`zones/${zone}.zone`, zone === REVERSE_ZONE ? reverseZone(own) : parkedZone(index));
  return [...rows, ...others];
}

function customerZone({ domain, users }: SampleDomain, index: number): string {
  const isBranch = domain.startsWith('branch.');
  return `; ${domain}
$ORIGIN ${domain}.
$TTL 1h
@     IN SOA ns1.noordlicht.example. hostmaster.${domain}. (
        ${SERIAL} ; serial
        4h         ; refresh
        2h         ; retry
        1w         ; expire
        10m )      ; negative answers
      IN NS  ns1.noordlicht.example.
      IN NS  ns2.noordlicht.example.
@     300 IN A 198.51.100.${index + 10}
      IN AAAA 2001:db8:100::${(index + 10).toString(16)}
www   IN CNAME @
${isBranch ? '' : '$INCLUDE mail.inc\n'}_sip._udp  IN SRV 10 60 5060 sip.noordlicht.example.
_sips._tcp IN SRV 10 60 5061 sip.noordlicht.example.
@     IN NAPTR 10 100 "s" "SIP+D2U" "" _sip._udp
; ${users.length} SIP accounts
`;
}

function parkedZone(index: number): string {
  const hosts =
    index === 0
      ? 'ns1   A 198.51.100.1\nns2   A 198.51.100.2\nmx1   A 198.51.100.3\nmx2   A 198.51.100.4\nsip   A 198.51.100.5\n      AAAA 2001:db8:100::5\n'
      : '';
  return `$TTL 86400
@  SOA ns1.noordlicht.example. hostmaster.noordlicht.example. ${SERIAL} 14400 7200 604800 600
   NS  ns1.noordlicht.example.
   NS  ns2.noordlicht.example.
   A   198.51.100.9
   TXT "parked" ; until somebody wants it
   CAA 0 issue "ca.example"
${hosts}`;
}

function reverseZone(own: readonly SampleDomain[]): string {
  const head = `$ORIGIN ${REVERSE_ZONE}.\n$TTL 1d\n@ SOA ns1.noordlicht.example. hostmaster.noordlicht.example. ${SERIAL} 4h 2h 1w 10m\n  NS ns1.noordlicht.example.\n  NS ns2.noordlicht.example.\n`;
  return head + own.map(({ domain }, index) => `${index + 10} PTR ${domain}.\n`).join('');
}

/** All numbers of one range that reach a SIP account, the e-mail of the operator as second choice for the first. */
function enumZone(operator: SampleOperator, prefix: string): string {
  const lines = [
    `; Numbers +${prefix}xxx`,
    `$ORIGIN ${enumDomain(prefix, ENUM_TREE)}.`,
    '$TTL 1h',
    `@ IN SOA ns1.noordlicht.example. hostmaster.noordlicht.example. ( ${SERIAL}`,
    '      4h 2h 1w 10m )',
    '  IN NS ns1.noordlicht.example.',
    '  IN NS ns2.noordlicht.example.',
  ];
  for (const { e164, target, reseller } of operator.numbers) {
    if (reseller.prefix !== prefix || target === '') continue;
    const rest = e164.slice(1 + prefix.length);
    lines.push(`${enumDomain(rest, '').slice(0, -1)} IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:${target}!" .`);
    if (rest === '000') lines.push(`      IN NAPTR 100 20 "u" "E2U+email:mailto" "!^.*$!mailto:${reseller.email}!" .`);
  }
  return `${lines.join('\n')}\n`;
}

/** A mailbox for everybody known by name in the first domain of each customer, and one for the customer itself. */
function mailboxRows({ domains }: SampleOperator): string[][] {
  return domains
    .filter(({ domain }) => !domain.startsWith('branch.'))
    .flatMap(({ domain, account, users }) => [
      [`info@${domain}`, account, NO_HASH, '10G', 'Information'],
      ...users
        .filter(({ email }) => email !== '')
        .slice(0, 8)
        .map(({ email, username }) => [email, account, NO_HASH, '2048', displayName(username)]),
    ]);
}

function displayName(username: string): string {
  return username
    .split('.')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(' ');
}

function csv(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}
