/** What of a node is to end, by what its standing says and what the profiles say of sessions. Pure. */
import type { ProfileView, StandingView } from './api-types.ts';

export interface KickScope {
  readonly calls: boolean;
  readonly registrations: boolean;
  readonly mailSessions: boolean;
  /** The profiles that end sessions. */
  readonly ending: ReadonlySet<string>;
  /** The profiles in force that let sessions finish. */
  readonly finishing: readonly string[];
  /** Whether something of the node, or what it hangs on, is closed: that ends everything. */
  readonly isClosed: boolean;
}

/**
 * With `all`, profiles that let sessions finish count, too. What nothing denies is never ended: an action that is
 * allowed now would begin again at once.
 */
export function kickScope(standing: StandingView, profiles: readonly ProfileView[], all: boolean): KickScope {
  const isClosed = standing.reasons.some(({ cause }) => cause !== 'hold');
  const named = new Set(standing.reasons.map(({ profile }) => profile));
  const inForce = profiles.filter(({ name }) => named.has(name));
  const ending = inForce.filter(({ sessions }) => all || sessions === 'end');
  const denies = (...actions: readonly string[]) =>
    actions.some((action) => isClosed || ending.some(({ denied }) => denied.includes(action)));
  return {
    calls: denies('call.in', 'call.out'),
    registrations: denies('register'),
    mailSessions: denies('mail.read'),
    ending: new Set(ending.map(({ name }) => name)),
    finishing: inForce.filter((profile) => !ending.includes(profile)).map(({ name }) => name),
    isClosed,
  };
}
