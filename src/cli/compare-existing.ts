/**
 * What an import wanted against what is there: the fields in which an existing entity differs from a creation's body.
 *
 * Only fields that the body names count. Secrets are not shown by the server, and so cannot be compared.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Json, readFields, type Values } from '#core/field.ts';
import { identifiersOf } from '#core/identifier.ts';
import { judgeFields, KIND_FIELDS } from '#core/kind-fields.ts';
import { isUuid } from '#core/ids.ts';
import { isKind, type Kind } from '#core/kind.ts';
import { roleOfWord } from '#core/telephony-right.ts';
import type { AccountLoginView, EntityView } from './api-types.ts';
import { type Client, entityPath } from './client.ts';
import { ApiProblem } from './client-error.ts';
import type { Body } from './import/parsed.ts';

/** Gives the names of differing fields, none for the same entity, or null when the existing one cannot be told. */
export type Compare = (body: Body, facts: Readonly<Record<string, unknown>>) => Promise<readonly string[] | null>;

/** How many names are remembered: containers and accounts come again and again, and are few at a time. */
const REMEMBERED_MAX = 10_000;

/**
 * Makes a comparer that remembers which entity a name stands for. What is closed is not there, unless `mayBeClosed` says
 * of its UUID that it is closed where it comes from, too.
 */
export function makeComparer(client: Client, mayBeClosed: (id: string) => boolean = () => false): Compare {
  const ids = new Map<string, Promise<string | null>>();

  const find = async (name: string): Promise<EntityView | null> => {
    try {
      return await client.get<EntityView>(entityPath(name));
    } catch (error) {
      if (error instanceof ApiProblem && error.httpStatus < 500) return null;
      throw error;
    }
  };

  const idOf = (name: string): Promise<string | null> => {
    if (ids.size > REMEMBERED_MAX) ids.clear();
    const known = ids.get(name) ?? find(name).then((view) => view?.id ?? null);
    ids.set(name, known);
    return known;
  };

  const isSameReference = async (wanted: unknown, found: unknown): Promise<boolean> => {
    if (wanted == null || found == null) return wanted == null && found == null;
    if (isUuid(String(wanted)) && isUuid(String(found))) return wanted === found;
    const [wantedId, foundId] = await Promise.all([idOf(String(wanted)), idOf(String(found))]);
    return wantedId !== null && wantedId === foundId;
  };

  return async (body, facts) => {
    if (!isKind(body.kind)) return null;
    const wanted = valuesOf(body.kind, body);
    const name = facts['entity'] ?? body['id'] ?? nameOf(body.kind, body, wanted);
    const existing = typeof name === 'string' ? await find(name) : null;
    if (existing === null) return null;
    // A number that rests after its closing is taken, and yet not there.
    if (existing.standing === 'closed' && !mayBeClosed(existing.id)) return null;
    if (existing.kind !== body.kind) return ['kind'];
    const differs: string[] = [];
    for (const member of ['parent', 'owner'])
      if (body[member] !== undefined && !(await isSameReference(body[member], existing[member]))) differs.push(member);
    for (const [field, { type, secret }] of Object.entries(KIND_FIELDS[body.kind])) {
      if (secret || body[field] === undefined) continue;
      const found = existing[field];
      const isSame = type === 'reference' ? await isSameReference(wanted[field], found) : isEqual(wanted[field], found);
      if (!isSame) differs.push(field);
    }
    return differs;
  };
}

/** What differs in the login that an account has; null when it has none. The password cannot be compared. */
export async function loginDifferences(
  client: Client,
  account: string | number,
  wanted: { readonly [field: string]: Json },
): Promise<readonly string[] | null> {
  let found: AccountLoginView;
  try {
    found = await client.get<AccountLoginView>(entityPath(String(account), '/account-login'));
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'not_found') return null;
    throw error;
  }
  const { email, role, token, passwordMd5 } = wanted;
  const differs: string[] = [];
  if ((email ?? null) !== found.email) differs.push('email');
  if (typeof role === 'string' && roleOfWord(role) !== found.role) differs.push('role');
  if (token !== undefined && token !== found.token) differs.push('token');
  if (passwordMd5 !== undefined && !found.hasPassword) differs.push('password');
  return differs;
}

/** The values as the server would store them. */
function valuesOf(kind: Kind, body: Body): Values {
  const values = readFields(KIND_FIELDS[kind], body, 'create', []);
  judgeFields(kind, values, []);
  return values;
}

/** The name of the entity that the body would make; the container's part is taken from how the body names it. */
function nameOf(kind: Kind, body: Body, values: Values): string | null {
  const container = String(body['parent'] ?? '');
  const text = container.slice(container.indexOf(':') + 1);
  const lent: Values = container.startsWith('enum-range:')
    ? { tld: text.slice(text.indexOf('.') + 1) }
    : { domain: text };
  const [identifier] = identifiersOf(kind, values, { kind, values: lent }, null);
  return identifier === undefined ? null : `${identifier.scheme}:${identifier.value}`;
}

/** What was not given and what was given empty are the same: views leave out what is not set. */
function isEqual(wanted: Json | undefined, found: unknown): boolean {
  const isEmpty = (value: unknown) => value == null || value === '' || (Array.isArray(value) && value.length === 0);
  return (isEmpty(wanted) && isEmpty(found)) || isDeepStrictEqual(wanted, found);
}
