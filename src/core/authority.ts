/**
 * Who placed a hold, as far as lifting it is concerned.
 *
 * An authority has a level, which follows from the account that acts, and a subject, which follows from the role within
 * it. It is lifted by its own authority or a higher one: both the level and the subject must reach as high.
 */
export const AUTHORITIES = ['customer', 'reseller', 'platform'] as const;
export type Authority = (typeof AUTHORITIES)[number];

/** What a hold is about; `wish` is the customer's own. Technical and billing matters do not decide over each other. */
export const SUBJECTS = ['wish', 'technical', 'billing', 'general', 'fraud', 'legal'] as const;
export type Subject = (typeof SUBJECTS)[number];

/** The order of levels; higher lifts lower. */
export const AUTHORITY_RANK: Readonly<Record<Authority, number>> = { customer: 10, reseller: 20, platform: 30 };
/** The order of subjects within a level. */
export const SUBJECT_RANK: Readonly<Record<Subject, number>> = {
  wish: 0,
  technical: 1,
  billing: 1,
  general: 2,
  fraud: 3,
  legal: 4,
};

export function isAuthority(text: string): text is Authority {
  return Object.hasOwn(AUTHORITY_RANK, text);
}

export function isSubject(text: string): text is Subject {
  return Object.hasOwn(SUBJECT_RANK, text);
}

/** Whether an actor of one level reaches another. */
export function reachesLevel(actor: Authority, level: Authority): boolean {
  return AUTHORITY_RANK[actor] >= AUTHORITY_RANK[level];
}

/** Whether a role's subject decides over another: its own, or one that ranks lower. */
export function reachesSubject(role: Subject, subject: Subject): boolean {
  return role === subject || SUBJECT_RANK[role] > SUBJECT_RANK[subject];
}

/** The rank of an authority for the wording of refusals: the level first, then the subject. */
export function rankOf(level: Authority, subject: Subject): number {
  return AUTHORITY_RANK[level] + SUBJECT_RANK[subject];
}

/** An account on the line of a held entity, from the platform down. */
export interface LineAccount {
  readonly id: number;
  readonly level: Authority;
}

/**
 * The account that has the authority over a hold: the one that placed it while that is on the line; otherwise, as after
 * a move, the nearest account of the hold's level, or else of a higher one.
 *
 * An account does not inherit the authority over a hold on itself, unless the hold is its own wish: `ownLine` tells
 * that the last account of the line is the held entity itself. Gives 0, the platform, when nobody else has it.
 */
export function holderOf(
  hold: { readonly level: Authority; readonly subject: Subject; readonly placedFor: number | null },
  line: readonly LineAccount[],
  isOwnLine: boolean,
): number {
  if (hold.placedFor !== null && line.some((account) => account.id === hold.placedFor)) return hold.placedFor;
  const above = isOwnLine && hold.subject !== 'wish' ? line.slice(0, -1) : line;
  return above.findLast((account) => reachesLevel(account.level, hold.level))?.id ?? 0;
}
