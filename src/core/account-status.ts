/**
 * The five words by which the account API of Restcomm tells how an account stands, and the three of Twilio's. They are
 * derived from lifecycle and holds; nothing stores them.
 */
export const ACCOUNT_STATUSES = ['active', 'suspended', 'closed', 'inactive', 'uninitialized'] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

export interface StatusFacts {
  /** Closed by itself or by an account above. */
  readonly closed: boolean;
  /** Whether anything is denied or intercepted, by a hold on the account or above. */
  readonly isRestricted: boolean;
  /** The profiles of the holds in force on the account itself. */
  readonly ownProfiles: readonly string[];
  /** Whether an account above has a hold in force. */
  readonly isHeldAbove: boolean;
}

/** Profiles that are shown by a word of their own, the stronger one first. */
const WORDED = ['inactive', 'uninitialized'] as const;

/**
 * The first that applies: closed; suspended, by a hold on the account or above; what the account's own holds of the
 * profiles `inactive` and `uninitialized` say; active.
 */
export function accountStatus({ closed, isRestricted, ownProfiles, isHeldAbove }: StatusFacts): AccountStatus {
  if (closed) return 'closed';
  if (!isRestricted) return 'active';
  const isWorded = ownProfiles.length > 0 && ownProfiles.every((name) => (WORDED as readonly string[]).includes(name));
  if (isHeldAbove || !isWorded) return 'suspended';
  return WORDED.find((word) => ownProfiles.includes(word)) ?? 'suspended';
}

/** Twilio knows three: whatever does not operate and is not closed is suspended. */
export function threeWords(status: AccountStatus): 'active' | 'suspended' | 'closed' {
  return status === 'active' || status === 'closed' ? status : 'suspended';
}
