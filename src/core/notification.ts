/** Refused use, as the account APIs show it to the account that was refused. */
import type { Action } from '#core/action.ts';

/** What servers and these APIs refuse to whoever does not operate. */
export const NOTIFIED_ACTIONS: readonly Action[] = ['register', 'call.out', 'call.in', 'message.out', 'message.in'];

/** The error code by which clients of Restcomm know that an account is not active. */
export const NOT_ACTIVE_ERROR = 11_005;
