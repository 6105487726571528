/**
 * What every import format becomes: one item for the bulk operation, or one bad line, each with where it stood.
 *
 * Items are judged here by the same rules of core that the server has, so that a file can be checked without one.
 */
import type { Json } from '#core/field.ts';
import { readFields } from '#core/field.ts';
import { isUuid } from '#core/ids.ts';
import { judgeFields, KIND_FIELDS } from '#core/kind-fields.ts';
import { isKind } from '#core/kind.ts';
import type { FieldError } from '#core/problem.ts';

/** The body of `POST /v1/accounts` (kind `account`) or `POST /v1/resources`; entities are named by identifiers. */
export type Body = { readonly kind: string } & { readonly [field: string]: Json };

export type BulkItem =
  | { readonly op: 'create'; readonly body: Body }
  | { readonly op: 'update'; readonly entity: string | number; readonly body: { readonly [field: string]: Json } }
  | { readonly op: 'hold'; readonly entity: string | number; readonly body: { readonly [field: string]: Json } }
  | {
      readonly op: 'account-login';
      readonly entity: string | number;
      readonly body: { readonly [field: string]: Json };
    }
  | { readonly op: 'credits'; readonly entity: string | number; readonly body: { readonly [field: string]: Json } }
  | { readonly op: 'profile'; readonly name: string; readonly body: { readonly [field: string]: Json } }
  | { readonly op: 'close'; readonly entity: string | number };

export interface BadLine {
  readonly file: string;
  /** Counted from 1; of a record over several lines, the first. */
  readonly line: number;
  readonly reason: string;
}

export interface ParsedItem {
  readonly item: BulkItem;
  readonly file: string;
  readonly line: number;
}

export type Parsed = ParsedItem | { readonly bad: BadLine };

/** Opens a file as text in pieces of any size. */
export type OpenText = (file: string) => AsyncIterable<string> | Iterable<string>;

/** The account beneath which a domain or a zone is created, as an identifier; null when nobody said. */
export type AccountOf = (name: string) => string | null;

export function badLine(file: string, line: number, reason: string): Parsed {
  return { bad: { file, line, reason } };
}

/** A creation, or a bad line when core refuses one of its fields. */
export function createItem(body: Body, file: string, line: number): Parsed {
  if (!isKind(body.kind)) return badLine(file, line, `kind: there is no kind "${body.kind}"`);
  const errors: FieldError[] = [];
  const values = readFields(KIND_FIELDS[body.kind], body, 'create', errors);
  if (errors.length === 0) judgeFields(body.kind, values, errors);
  if (errors.length > 0)
    return badLine(file, line, errors.map((error) => `${error.field} ${error.message}`).join('; '));
  return { item: { op: 'create', body }, file, line };
}

/** An account as operators write it, their own reference, as an identifier; identifiers and UUIDs stay. */
export function accountIdentifier(text: string): string {
  return text.startsWith('ref:') || isUuid(text.toLowerCase()) ? text : `ref:${text}`;
}

/** A body without the members that were left empty. */
export function bodyOf(kind: string, members: { readonly [field: string]: Json | undefined }): Body {
  const body: { kind: string; [field: string]: Json } = { kind };
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (value !== undefined && value !== null && value !== '') body[name] = value;
  }
  return body;
}
