/** Members that several kinds of records have. */
import { type SidKind, sidOf } from '#core/sid.ts';

import { type Member, dateText } from '../response.ts';
import { API_VERSION, accountPath } from './account.ts';

export interface Dated {
  readonly uuid: string;
  readonly account_uuid: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export function sid<T extends Dated>(kind: SidKind): Member<T> {
  return { json: 'sid', xml: 'Sid', of: ({ uuid }) => sidOf(kind, uuid) };
}

export function dates<T extends Dated>(): Member<T>[] {
  return [
    { json: 'date_created', xml: 'DateCreated', of: (row) => dateText(row.created_at) },
    { json: 'date_updated', xml: 'DateUpdated', of: (row) => dateText(row.updated_at) },
  ];
}

export function account<T extends { readonly account_uuid: string }>(): Member<T> {
  return { json: 'account_sid', xml: 'AccountSid', of: (row) => sidOf('account', row.account_uuid) };
}

export function version<T>(): Member<T> {
  return { json: 'api_version', xml: 'ApiVersion', of: () => API_VERSION };
}

/** A member with the value of a property. */
export function plain<T>(json: string, xml: string, of: Member<T>['of']): Member<T> {
  return { json, xml, of };
}

/** The path of a thing beneath its account, with `.json` in JSON. */
export function uri<T extends { readonly account_uuid: string; readonly uuid: string }>(
  kind: SidKind,
  folder: string,
): Member<T> {
  const path = (row: T) => `${accountPath(row.account_uuid)}/${folder}/${sidOf(kind, row.uuid)}`;
  return { json: 'uri', xml: 'Uri', of: (row) => `${path(row)}.json`, ofXml: path };
}

/** What lies beneath a thing: names in JSON and XML, which ends the path, too. */
export function beneath<T extends { readonly account_uuid: string; readonly uuid: string }>(
  kind: SidKind,
  folder: string,
  names: readonly (readonly [string, string])[],
): Member<T> {
  const path = (row: T) => `${accountPath(row.account_uuid)}/${folder}/${sidOf(kind, row.uuid)}`;
  return {
    json: 'subresource_uris',
    xml: 'SubresourceUris',
    of: (row) => Object.fromEntries(names.map(([json, xml]) => [json, `${path(row)}/${xml}.json`])),
    ofXml: (row) => Object.fromEntries(names.map(([, xml]) => [xml, `${path(row)}/${xml}`])),
  };
}
