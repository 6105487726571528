/**
 * Which account has which domain: a CSV of `domain,account`, held in memory, for formats that do not say it themselves.
 *
 * The same file serves SIP domains, DNS zones and, under their domain names or as `+` and digits, ENUM ranges.
 */
import { readDnsName } from '#core/domain-name.ts';
import { enumDomain, readEnumDigits } from '#core/enum-number.ts';
import { type CsvShape, csvRows, isBad } from './csv-rows.ts';
import { accountIdentifier, type AccountOf, badLine, type BadLine, type OpenText } from './parsed.ts';

const SHAPE: CsvShape = {
  columns: { domain: ['name', 'zone', 'range'], account: ['customer', 'reference'] },
  required: [['domain'], ['account']],
};

/** The tree of a range that is written as digits alone. */
const ENUM_TREE = 'e164.arpa';

/** Reads a mapping. A name that it does not hold has the fallback account, or none. */
export async function readAccountMapping(
  file: string | null,
  open: OpenText,
  fallback: string | null,
): Promise<{ accountOf: AccountOf; bad: BadLine[] }> {
  const accounts = new Map<string, string>();
  const bad: BadLine[] = [];
  const complain = (line: number, reason: string) => {
    const parsed = badLine(file ?? '', line, reason);
    if ('bad' in parsed) bad.push(parsed.bad);
  };
  if (file !== null)
    for await (const row of csvRows(file, open, SHAPE)) {
      if (isBad(row)) {
        bad.push(row.bad);
        continue;
      }
      const name = nameOf(row.get('domain'));
      const account = row.get('account');
      const known = name === null ? undefined : accounts.get(name);
      if (name === null)
        complain(row.line, `domain must be a domain name, or + and digits, not "${row.get('domain')}"`);
      else if (account === '') complain(row.line, 'account is missing');
      else if (known !== undefined && known !== accountIdentifier(account))
        complain(row.line, `${name} has the account ${known} already, by a line above`);
      else accounts.set(name, accountIdentifier(account));
    }
  const otherwise = fallback === null ? null : accountIdentifier(fallback);
  return { accountOf: (name) => accounts.get(name) ?? otherwise, bad };
}

function nameOf(text: string): string | null {
  if (text.startsWith('+')) {
    const digits = readEnumDigits(text);
    return digits.ok ? enumDomain(digits.value, ENUM_TREE) : null;
  }
  const name = readDnsName(text);
  return name.ok ? name.value : null;
}
