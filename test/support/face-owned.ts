/** What accounts have under them, made through the Restcomm face by the account itself. */
import { type FaceAccount, expectOk } from './face-tree.ts';

/** SIDs, and the names by which networks know the client and the number. */
export interface Owned {
  readonly client: string;
  readonly login: string;
  readonly number: string;
  readonly phone: string;
  readonly application: string;
  readonly callerId: string;
}

export const CLIENT_PASSWORD = 'Strong-Client-12!';

let count = 0;

/** An application, a client, a pure SIP number that the application answers, and a caller id. */
export async function addOwned(account: FaceAccount): Promise<Owned> {
  const under = `/Accounts/${account.sid}`;
  count += 1;
  const login = `line-${account.name}-${count}`;
  const phone = String(77_000 + count);
  const add = async (path: string, form: Readonly<Record<string, string>>) =>
    String((await expectOk(account.rest('POST', `${under}/${path}.json`, form)))['sid']);
  const application = await add('Applications', { FriendlyName: 'Menu' });
  return {
    application,
    login,
    phone,
    client: await add('Clients', { Login: login, Password: CLIENT_PASSWORD }),
    number: await add('IncomingPhoneNumbers', { PhoneNumber: phone, isSIP: 'true', VoiceApplicationSid: application }),
    callerId: await add('OutgoingCallerIds', { PhoneNumber: `+3120700${1_000 + count}` }),
  };
}
