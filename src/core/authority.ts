/**
 * Who placed a hold, as far as lifting it is concerned: it is lifted by its own authority or a higher one.
 */
export const AUTHORITIES = ['customer', 'reseller', 'platform'] as const;
export type Authority = (typeof AUTHORITIES)[number];

/** The order of authorities; higher lifts lower. */
export const AUTHORITY_RANK: Readonly<Record<Authority, number>> = { customer: 10, reseller: 20, platform: 30 };

export function isAuthority(text: string): text is Authority {
  return Object.hasOwn(AUTHORITY_RANK, text);
}

/** Whether an actor of one authority may lift a hold of another. */
export function canLift(actor: Authority, placed: Authority): boolean {
  return AUTHORITY_RANK[actor] >= AUTHORITY_RANK[placed];
}
