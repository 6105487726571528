/**
 * Credits: how many things of a kind an account may have beneath it.
 *
 * A thing is charged to the account that contains it and to every account above, the platform aside; never to its owner.
 */
import type { Kind } from '#core/kind.ts';
import type { FieldError } from '#core/problem.ts';

/** The kind whose number each credit limits. */
export const CREDIT_KINDS = {
  sip_credit: 'sip_account',
  sip_alias_credit: 'sip_alias',
  enum_range_credit: 'enum_range',
  enum_number_credit: 'enum_number',
  dns_zone_credit: 'dns_zone',
  email_credit: 'mailbox',
  account_credit: 'account',
  number_credit: 'phone_number',
  application_credit: 'application',
} as const satisfies Readonly<Record<string, Kind>>;

export type Credit = keyof typeof CREDIT_KINDS;

export const CREDITS = Object.keys(CREDIT_KINDS) as readonly Credit[]; // The keys of the table above.

const BY_KIND: ReadonlyMap<Kind, Credit> = new Map(CREDITS.map((credit) => [CREDIT_KINDS[credit], credit]));

/** The credit that a thing of the kind uses up; null: nobody counts it. */
export function creditOf(kind: Kind): Credit | null {
  return BY_KIND.get(kind) ?? null;
}

/** What an absent grant means for plain customers: no limit of their own, or nothing at all. */
export const CUSTOMER_CREDIT_DEFAULTS = ['unlimited', 'zero'] as const;
export type CustomerCreditDefault = (typeof CUSTOMER_CREDIT_DEFAULTS)[number];

/** An account's own limit; null: it has none, and those above it hold. */
export function limitOf(
  granted: number | null,
  isReseller: boolean,
  customerDefault: CustomerCreditDefault,
): number | null {
  return granted ?? (customerDefault === 'zero' && !isReseller ? 0 : null);
}

/** Grants by credit; null: no limit of its own. */
export type Grants = Readonly<Partial<Record<Credit, number | null>>>;

/** The greatest grant: what a column of four bytes holds. */
export const GRANT_MAX = 2_147_483_647;

/** Reads grants as a caller wrote them; every wrong field is named. */
export function readGrants(input: Readonly<Record<string, unknown>>, errors: FieldError[]): Grants {
  const grants: Partial<Record<Credit, number | null>> = {};
  for (const [field, value] of Object.entries(input)) {
    if (!Object.hasOwn(CREDIT_KINDS, field))
      errors.push({ field, message: `is no credit; there are ${CREDITS.join(', ')}` });
    else if (value !== null && !(Number.isInteger(value) && Number(value) >= 0 && Number(value) <= GRANT_MAX))
      errors.push({ field, message: `must be a whole number from 0 to ${GRANT_MAX}, or null for no limit of its own` });
    else grants[field as Credit] = value as number | null; // Both were judged just now.
  }
  return grants;
}
