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
  /** Parts of the path that are to be something, by their names. */
  readonly parts?: Readonly<Record<string, string>>;
}

const NO_STATUS: Form = { Status: 'no-such-word' };
const TOO_LONG: Form = { FriendlyName: 'x'.repeat(300) };

/** A path with the methods that it takes. */
function at(path: string, methods: string, more: Omit<FaceRow, 'route'> = {}): FaceRow[] {
  return methods.split(' ').map((method) => ({ route: `${method} ${path}`, ...more }));
}

const ACCOUNT = '/Accounts/:account';
const NUMBERS = `${ACCOUNT}/IncomingPhoneNumbers`;
const AVAILABLE = `${ACCOUNT}/AvailablePhoneNumbers/:country`;

export const RESTCOMM_ROWS: readonly FaceRow[] = [
  ...at('/Logout', 'GET'),
  ...at('/Organizations', 'GET'),
  ...at('/Organizations/:organization', 'GET'),
  ...at('/Organizations/:organization', 'PUT', { parts: { organization: 'no_domain' } }),
  ...at('/Organizations/:organization/Migrate', 'PUT'),
  ...at('/Profiles', 'GET'),
  ...at('/Profiles/:profile', 'GET'),
  ...at('/ExtensionsConfiguration', 'GET'),
  ...at('/Accounts', 'GET POST'),
  ...at('/Accounts/migrate/:account', 'POST'),
  ...at(ACCOUNT, 'GET'),
  ...at(ACCOUNT, 'POST PUT', { form: NO_STATUS }),
  ...at(`${ACCOUNT}/Version`, 'GET'),
  ...at(`${ACCOUNT}/Clients`, 'GET POST'),
  ...at(`${ACCOUNT}/Clients/:sid`, 'GET POST PUT DELETE'),
  ...at(`${ACCOUNT}/Applications`, 'GET POST'),
  ...at(`${ACCOUNT}/Applications/:sid`, 'GET POST PUT DELETE'),
  ...at(`${ACCOUNT}/OutgoingCallerIds`, 'GET POST'),
  ...at(`${ACCOUNT}/OutgoingCallerIds/:sid`, 'GET POST PUT DELETE'),
  ...at(NUMBERS, 'GET POST'),
  ...['Local', 'TollFree', 'Mobile'].flatMap((kind) => at(`${NUMBERS}/${kind}`, 'GET POST')),
  ...at(`${NUMBERS}/AvailableCountries`, 'GET'),
  ...at(`${NUMBERS}/migrate`, 'POST'),
  ...at(`${NUMBERS}/:sid`, 'GET POST PUT DELETE'),
  ...['Local', 'TollFree', 'Mobile'].flatMap((kind) => at(`${AVAILABLE}/${kind}`, 'GET')),
  ...at(`${ACCOUNT}/Calls`, 'GET POST'),
  ...at(`${ACCOUNT}/Calls/:call`, 'GET POST'),
  ...at(`${ACCOUNT}/Calls/:call/Recordings`, 'GET'),
  ...at(`${ACCOUNT}/Calls/:call/Notifications`, 'GET'),
  ...at(`${ACCOUNT}/SMS/Messages`, 'GET POST'),
  ...at(`${ACCOUNT}/SMS/Messages/:message`, 'GET'),
  ...at(`${ACCOUNT}/Notifications`, 'GET'),
  ...at(`${ACCOUNT}/Notifications/:notification`, 'GET'),
  ...at(`${ACCOUNT}/Recordings`, 'GET'),
  ...at(`${ACCOUNT}/Recordings/:recording.wav`, 'GET'),
  ...at(`${ACCOUNT}/Recordings/:recording.mp4`, 'GET'),
  ...at(`${ACCOUNT}/Recordings/:recording`, 'GET DELETE'),
  ...at(`${ACCOUNT}/Transcriptions`, 'GET'),
  ...at(`${ACCOUNT}/Transcriptions/:transcription`, 'GET DELETE'),
  ...at(`${ACCOUNT}/Conferences`, 'GET'),
  ...at(`${ACCOUNT}/Conferences/:conference`, 'GET'),
  ...at(`${ACCOUNT}/Conferences/:conference/Participants`, 'GET'),
  ...at(`${ACCOUNT}/Conferences/:conference/Participants/:call`, 'GET POST'),
  ...at(`${ACCOUNT}/Usage/Records/:span`, 'GET', { parts: { span: 'Daily' } }),
  ...['metrics', 'livecalls', 'remote'].flatMap((what) => at(`${ACCOUNT}/Supervisor/${what}`, 'GET')),
  ...at(`${ACCOUNT}/Supervisor/remote`, 'POST'),
  ...at(`${ACCOUNT}/Email/Messages`, 'POST'),
  ...at(`${ACCOUNT}/UssdPush`, 'POST'),
  ...at(`${ACCOUNT}/Geolocation`, 'GET'),
  ...['Immediate', 'Notification'].flatMap((kind) => [
    ...at(`${ACCOUNT}/Geolocation/${kind}`, 'POST'),
    ...at(`${ACCOUNT}/Geolocation/${kind}/:geolocation`, 'GET POST PUT DELETE'),
  ]),
  ...at(`${ACCOUNT}/Management/Gateways`, 'GET POST'),
  ...at(`${ACCOUNT}/Management/Gateways/:gateway`, 'GET POST PUT DELETE'),
  ...['OutboundProxy', 'OutboundProxy/switchProxy', 'OutboundProxy/getProxies'].flatMap((path) =>
    at(`${ACCOUNT}/${path}`, 'GET'),
  ),
];

export const TWILIO_ROWS: readonly FaceRow[] = [
  ...at('/Accounts', 'GET'),
  ...at('/Accounts', 'POST', { form: TOO_LONG }),
  ...at(ACCOUNT, 'GET'),
  ...at(ACCOUNT, 'POST PUT', { form: NO_STATUS }),
  ...at(`${ACCOUNT}/Applications`, 'GET'),
  ...at(`${ACCOUNT}/Applications`, 'POST', { form: TOO_LONG }),
  ...at(`${ACCOUNT}/Applications/:sid`, 'GET POST PUT DELETE'),
  ...at(`${ACCOUNT}/OutgoingCallerIds`, 'GET POST'),
  ...at(`${ACCOUNT}/OutgoingCallerIds/:sid`, 'GET POST PUT DELETE'),
  ...at(NUMBERS, 'GET POST'),
  ...['Local', 'TollFree', 'Mobile'].flatMap((kind) => at(`${NUMBERS}/${kind}`, 'GET POST')),
  ...at(`${NUMBERS}/:sid`, 'GET POST PUT DELETE'),
  ...at(`${ACCOUNT}/AvailablePhoneNumbers`, 'GET'),
  ...at(AVAILABLE, 'GET'),
  ...['Local', 'TollFree', 'Mobile'].flatMap((kind) => at(`${AVAILABLE}/${kind}`, 'GET')),
  ...at(`${ACCOUNT}/Calls`, 'GET POST'),
  ...at(`${ACCOUNT}/Calls/:sid`, 'GET POST PUT'),
  ...at(`${ACCOUNT}/Calls/:sid/Recordings`, 'GET'),
  ...at(`${ACCOUNT}/Calls/:sid/Notifications`, 'GET'),
  ...at(`${ACCOUNT}/Messages`, 'GET POST'),
  ...at(`${ACCOUNT}/Messages/:sid`, 'GET'),
  ...at(`${ACCOUNT}/Notifications`, 'GET'),
  ...at(`${ACCOUNT}/Notifications/:sid`, 'GET'),
  ...at(`${ACCOUNT}/Recordings`, 'GET'),
  ...['wav', 'mp3', 'mp4'].flatMap((type) => at(`${ACCOUNT}/Recordings/:sid.${type}`, 'GET')),
  ...at(`${ACCOUNT}/Recordings/:sid`, 'GET DELETE'),
  ...at(`${ACCOUNT}/Transcriptions`, 'GET'),
  ...at(`${ACCOUNT}/Transcriptions/:sid`, 'GET DELETE'),
  ...at(`${ACCOUNT}/Conferences`, 'GET'),
  ...at(`${ACCOUNT}/Conferences/:sid`, 'GET'),
  ...at(`${ACCOUNT}/Conferences/:sid/Participants`, 'GET'),
  ...at(`${ACCOUNT}/Conferences/:sid/Participants/:call`, 'GET POST PUT'),
  ...at(`${ACCOUNT}/Usage/Records`, 'GET'),
  ...['Today', 'Yesterday', 'Daily', 'Monthly', 'Yearly', 'ThisMonth', 'LastMonth', 'AllTime'].flatMap((span) =>
    at(`${ACCOUNT}/Usage/Records/${span}`, 'GET'),
  ),
];

/** Nothing has this SID, whatever its kind. */
export const NOTHING = 'XX00000000000000000000000000000bad';

/** Whether a route is answered to anybody. */
export function isOpenRow({ route }: FaceRow): boolean {
  return route.endsWith('/Logout') || /\.(wav|mp3|mp4)$/.test(route);
}

function named(parameter: string, account: string): string {
  if (parameter === 'account') return account;
  return parameter === 'country' ? 'US' : NOTHING;
}

/** A row as a request about an account, beneath the base. */
export function requestOf({ route, form, query = '', parts = {} }: FaceRow, account: string) {
  const [method = '', path = ''] = route.split(' ');
  const url = path.replace(/:(\w+)(?:\([^)]*\))?/g, (_, name: string) => parts[name] ?? named(name, account));
  const isWriting = method === 'POST' || method === 'PUT';
  return {
    method: method as 'GET' | 'POST' | 'PUT' | 'DELETE', // Written so in the rows.
    path: url + query,
    form: isWriting ? (form ?? {}) : undefined,
  };
}
