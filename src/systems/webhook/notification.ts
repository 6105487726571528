/**
 * The notification that an application server of Restcomm takes: a type and the account, one for each account.
 *
 * It knows the five states active, suspended, inactive, uninitialized and closed. What is suspended by the profile `inactive` or
 * limited by `uninitialized` is called so; what is limited otherwise still is active there.
 */
import type { EventNews, StandingNews } from '#core/event.ts';

export interface Notification {
  readonly type: string;
  readonly accountSid: string;
}

type State = 'Activated' | 'Suspended' | 'Inactivated' | 'Uninitialized' | 'Closed';

/** Null where nothing changed that it has a word for, and for an account that was created. */
export function notificationOf(event: EventNews): Notification | null {
  if (event.before === null) return null;
  // The profile of the event is that of the hold that came into force, or of one that went.
  const isBeginning = event.cause === 'hold.placed' || event.cause === 'hold.activated';
  const before = stateOf(event.before, isBeginning ? null : event.profile);
  const after = stateOf(event.after, isBeginning ? event.profile : null);
  if (before === after) return null;
  return { type: `account${after}`, accountSid: sidOf(event.account) };
}

function stateOf({ standing }: StandingNews, profile: string | null): State {
  if (standing === 'closed') return 'Closed';
  if (standing === 'suspended') return profile === 'inactive' ? 'Inactivated' : 'Suspended';
  return standing === 'limited' && profile === 'uninitialized' ? 'Uninitialized' : 'Activated';
}

/** The name of an account there: its UUID without dashes. */
function sidOf(uuid: string): string {
  return `AC${uuid.replaceAll('-', '')}`;
}
