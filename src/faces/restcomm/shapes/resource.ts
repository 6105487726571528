/** Members that most resources of an account have alike. */
import { type SidKind, sidOf } from '#core/sid.ts';

import type { Member } from '../response.ts';
import { API_VERSION, accountPath } from './account.ts';

interface Resource {
  readonly uuid: string;
  readonly account: string;
}

/** A member whose name in XML follows from that in JSON: `friendly_name` and `FriendlyName`. */
export function member<T>(json: string, of: Member<T>['of']): Member<T> {
  return { json, xml: pascal(json), of };
}

/** A member that is left out when it is absent, though others are null then. */
export function optional<T>(json: string, of: Member<T>['of']): Member<T> {
  return { ...member(json, of), isOptional: true };
}

function pascal(json: string): string {
  return json
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

export function sid<T extends Resource>(kind: SidKind): Member<T> {
  return member('sid', ({ uuid }) => sidOf(kind, uuid));
}

export function accountSid<T extends Resource>(): Member<T> {
  return member('account_sid', ({ account }) => sidOf('account', account));
}

export function apiVersion<T>(): Member<T> {
  return member('api_version', () => API_VERSION);
}

/** The path of a resource within bodies; `under` is its place beneath the account, such as Clients. */
export function uri<T extends Resource>(kind: SidKind, under: string): Member<T> {
  const path = ({ account, uuid }: T) => `${accountPath(account)}/${under}/${sidOf(kind, uuid)}`;
  return { json: 'uri', xml: 'Uri', of: (thing) => `${path(thing)}.json`, ofXml: path };
}

/** The SID of an application by its UUID. */
export function applicationSid(uuid: string | null): string | null {
  return uuid === null ? null : sidOf('application', uuid);
}
