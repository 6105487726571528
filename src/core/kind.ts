/**
 * The kinds of entities and where each may stand.
 *
 * Leaf kinds alone may have an owner other than their container's account.
 */
export const KINDS = [
  'account',
  'sip_domain',
  'sip_account',
  'sip_alias',
  'trusted_peer',
  'phone_number',
  'application',
  'enum_range',
  'enum_number',
  'dns_zone',
  'dns_record',
  'mailbox',
  'foreign',
] as const;

export type Kind = (typeof KINDS)[number];

export function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text);
}

/** The kinds that may contain the kind. */
export const PARENT_KINDS: Readonly<Record<Kind, readonly Kind[]>> = {
  account: ['account'],
  sip_domain: ['account'],
  sip_account: ['sip_domain'],
  sip_alias: ['sip_domain'],
  trusted_peer: ['account'],
  phone_number: ['account'],
  application: ['account'],
  enum_range: ['account'],
  enum_number: ['enum_range'],
  dns_zone: ['account'],
  dns_record: ['dns_zone'],
  mailbox: ['account', 'dns_zone'],
  foreign: ['account', 'foreign'],
};

/** The kinds whose owner may be another account than their container's. */
export const LEAF_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  'sip_account',
  'sip_alias',
  'enum_number',
  'dns_record',
  'mailbox',
  'phone_number',
  'trusted_peer',
]);

/** The deepest account below the platform. Deeper trees are mistakes; each level costs every decision beneath it. */
export const ACCOUNT_DEPTH_MAX = 64;
/** The deepest resource below its account. */
export const RESOURCE_DEPTH_MAX = 8;
