/**
 * Work on accounts with the rights of the account APIs. What a role may do there is judged by domain, and an account that
 * has no password yet may change itself; permissions of the native face know neither. So whoever was let through there
 * works with what managing accounts takes, as its own account and on nothing that is not beneath it.
 */
import { accountStatus } from '#core/account-status.ts';
import { matchPatterns } from '#core/permission.ts';
import { type TelephonyVerb } from '#core/telephony-right.ts';
import type { Work } from '#operations/perform.ts';
import { getState } from '#store/entity.ts';
import { readTelephonyRows } from '#store/telephony-account.ts';

import { requireTelephony } from './find-account.ts';
import { notActive } from './require-operating.ts';

const MANAGING = matchPatterns([
  'entity:read',
  'entity:create',
  'entity:update',
  'entity:close',
  'hold:place',
  'hold:lift',
]);

/**
 * Judges once more, as of the transaction, whether the role allows this, and gives the work by which it is done. Throws
 * `forbidden`.
 */
export function managingWork(work: Work, verb: TelephonyVerb): Work {
  const { actor } = work;
  requireTelephony(actor, verb, 'Accounts');
  return { ...work, actor: { ...actor, permissions: actor.permissions | MANAGING } };
}

/**
 * Throws `forbidden` unless the actor's own account is active as of this transaction: the face judged by what its process
 * knew before. `uninitialized` lets one pass that waits for its first password.
 */
export async function requireActiveNow({ transaction, actor }: Work, lets: 'active' | 'uninitialized'): Promise<void> {
  const own = await getState(transaction, actor.ownAccountId);
  const isRestricted = (own.denied | own.intercepted) !== 0;
  if (!own.closed && !isRestricted) return;
  const [row] = await readTelephonyRows(transaction, [own.id]);
  const ownProfiles = row?.own_profiles ?? [];
  const status = accountStatus({
    closed: own.closed,
    isRestricted,
    ownProfiles,
    isHeldAbove: row?.is_held_above === true,
  });
  if (lets === status) return;
  const isInherited = own.closed ? own.closed_at === null : ownProfiles.length === 0;
  throw notActive({
    standing: own.closed ? 'closed' : 'suspended',
    isInherited,
    isUninitialized: status === 'uninitialized',
  });
}
