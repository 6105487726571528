/**
 * Every route of the account APIs, and what is asked on it where that is more than its path. Each is asked so that it
 * changes nothing: about things that nothing has, and with forms that are refused once the right was judged.
 */
import type { Form } from './telephony-world.ts';

export interface FaceRow {
  /** As the router knows it beneath the base, such as `GET /Accounts/:account`. */
  readonly route: string;
  readonly form?: Form;
  /** Beginning with `?`. */
  readonly query?: string;
}

export const NOTHING_CHANGES: Form = { Status: 'no-such-word', FriendlyName: '\u0000' };

/** A path with the methods that it takes. */
function at(path: string, methods: string, more: Omit<FaceRow, 'route'> = {}): FaceRow[] {
  return methods.split(' ').map((method) => ({ route: `${method} ${path}`, ...more }));
}

export const RESTCOMM_ROWS: readonly FaceRow[] = [
  ...at('/Logout', 'GET'),
  ...at('/Accounts/:account', 'GET'),
  ...at('/Accounts/:account/Version', 'GET'),
];

export const TWILIO_ROWS: readonly FaceRow[] = [...at('/Accounts/:account', 'GET')];
