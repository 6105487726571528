/** Call platforms as operations find them: which one serves an account, and what its answers mean to who asked. */
import type { CallPlatform, Handed, PlatformPlace } from '#core/call-platform.ts';
import { problem } from '#core/problem.ts';
import type { OperationContext } from '#operations/context.ts';
import type { Session } from '#store/database.ts';
import type { EntityState } from '#store/entity.ts';
import { readKindRows } from '#store/kind-row.ts';
import { type SystemRow, listSystems, openSecrets } from '#store/system.ts';

export interface Platform {
  readonly asked: CallPlatform;
  readonly place: PlatformPlace;
}

/**
 * The platform to ask for an account: the one named, else the first by name that serves the account, none that is paused.
 * Throws `unavailable` when there is none.
 */
export async function getPlatform(
  context: OperationContext,
  session: Session,
  account: EntityState,
  systemId: number | null = null,
): Promise<Platform> {
  const asked = context.callPlatform;
  const platforms = (await listSystems(session)).filter(
    ({ kind, account_id }) => kind === 'call_platform' && account_id === 0,
  );
  const level = account.id === 0 ? 'platform' : (await isReseller(session, account)) ? 'reseller' : 'customer';
  const fitting = platforms.filter((row) => (systemId === null ? serves(row, level) : row.id === systemId));
  const row = fitting.find(({ paused_at }) => paused_at === null);
  if (asked === undefined || row === undefined) {
    const why = fitting.length > 0 ? 'is paused' : 'is connected for this account';
    throw problem('unavailable', `${fitting.length > 0 ? 'The' : 'No'} platform for calls and messages ${why}.`);
  }
  const { id, name, settings, timeout_ms: timeoutMs } = row;
  return { asked, place: { id, name, settings, secrets: openSecrets(context.sealingKey, row), timeoutMs } };
}

async function isReseller(session: Session, account: EntityState): Promise<boolean> {
  return (await readKindRows(session, 'account', [account.id])).get(account.id)?.['reseller'] === true;
}

function serves({ settings }: SystemRow, level: 'platform' | 'reseller' | 'customer'): boolean {
  const { callers } = settings;
  return callers === 'all' || level === 'platform' || (callers === 'reseller' && level === 'reseller');
}

/**
 * The status of what was handed over; null where the platform does not say, or no reply came. Throws `invalid` for what it
 * refuses, `conflict` for what is over, `unavailable` for what it cannot do now.
 */
export function statusOf(handed: Handed, { place }: Platform, known: readonly string[]): string | null {
  switch (handed.type) {
    case 'accepted':
      return handed.status !== null && known.includes(handed.status) ? handed.status : null;
    case 'unknown':
      return null;
    case 'refused':
      throw problem('invalid', `${place.name} refuses it: ${handed.detail}.`);
    case 'gone':
      throw problem('conflict', 'The call is over.');
    case 'failed':
      throw problem('unavailable', `${place.name} cannot do it now: ${handed.detail}.`);
  }
}
