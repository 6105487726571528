/** Keys with which programs act for a login: shown once, kept by digest. */
import { randomBytes } from 'node:crypto';

import { isUuid } from '#core/ids.ts';
import { matchPattern } from '#core/permission.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { KEY_PREFIX, digestOf } from '#operations/identity/presented.ts';
import { getLogin, ownLogin } from '#operations/identity/logins.ts';
import { findRole, refuseMore } from '#operations/identity/roles.ts';
import { type Performed, perform } from '#operations/perform.ts';
import { readTime } from '#operations/read-time.ts';
import { getLinked, notFound, refuseUnknown } from '#operations/resolve.ts';
import { type ApiKeyRow, deleteKey as deleteRow, findKey, insertKey, listKeys as listRows } from '#store/api-key.ts';

export interface KeyView {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  /** Patterns to which it narrows the role of its login; null: none. */
  readonly scopes: readonly string[] | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  /** The key itself, in the answer to its creation alone. */
  readonly key?: string;
}

function keyView(row: ApiKeyRow): KeyView {
  return {
    id: row.id,
    login: row.login_id,
    name: row.name,
    scopes: row.scopes,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  };
}

/** The keys of a login. Throws `not_found`. */
export async function listKeys(context: OperationContext, actor: Actor, loginId: string): Promise<KeyView[]> {
  const session = reader(context);
  const login = await getLogin(session, actor, loginId);
  if (login.id !== ownLogin(actor)) requirePermission(actor, 'key:read');
  return (await listRows(session, login.id)).map(keyView);
}

const KEY_BYTES = 32;
const NAME_MAX = 128;
const SCOPES_MAX = 64;

/**
 * Makes a key. It is in this answer and nowhere else, so a repeated request makes another. Throws `invalid`, and
 * `forbidden` for a login whose role is above the actor's.
 */
export function createKey(
  context: OperationContext,
  actor: Actor,
  loginId: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Performed<KeyView>> {
  return perform(context, actor, { lock: 'none' }, async (work) => {
    const { transaction } = work;
    const login = await getLogin(transaction, work.actor, loginId);
    const account = await getLinked(transaction, login.account_id);
    requirePermission(work.actor, 'key:write');
    refuseUnknown(input, ['name', 'scopes', 'expiresAt'], 'a key');
    const role = await findRole(transaction, account, login.role);
    const scoped = readKey(input, context.clock());
    // A narrowed key may be had for a stronger login's own use only by whoever could be that login.
    if (role !== null) refuseMore(work.actor, role, 'make a key for a login that has it');
    const key = `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString('base64url')}`;
    const row = await insertKey(transaction, { loginId: login.id, digest: digestOf(key), ...scoped });
    transaction.record({
      kind: 'key.created',
      entityId: account.id,
      facts: { key: row.id, login: login.id, scopes: row.scopes, expiresAt: row.expires_at?.toISOString() ?? null },
      touched: [account.id],
      personal: { name: row.name },
    });
    return { ...keyView(row), key };
  });
}

function readKey(input: Readonly<Record<string, unknown>>, now: Date) {
  const errors: FieldError[] = [];
  const { name, scopes } = input;
  if (typeof name !== 'string' || name.trim() === '' || name.length > NAME_MAX)
    errors.push({ field: 'name', message: `must be text of 1 to ${NAME_MAX} characters: what the key is for` });
  const list = scopes == null ? null : Array.isArray(scopes) ? scopes : [];
  if (list !== null && (list.length === 0 || list.length > SCOPES_MAX))
    errors.push({
      field: 'scopes',
      message: `must be a list of 1 to ${SCOPES_MAX} patterns such as decision:ask, or absent`,
    });
  for (const [index, scope] of (list ?? []).slice(0, SCOPES_MAX).entries())
    if (typeof scope !== 'string' || matchPattern(scope) === 0)
      errors.push({ field: `scopes[${index}]`, message: 'must be a pattern such as entity:read or *:read' });
  const expiresAt = readTime(input['expiresAt'], 'expiresAt', errors);
  if (expiresAt !== null && expiresAt <= now) errors.push({ field: 'expiresAt', message: 'must be later than now' });
  if (errors.length > 0) throw invalid(...errors);
  // Each was judged above.
  return { name: String(name), scopes: list as string[] | null, expiresAt };
}

/** Removes a key: it counts no more, at once. Throws `not_found`. */
export function deleteKey(context: OperationContext, actor: Actor, id: string): Promise<Performed<KeyView>> {
  return perform(context, actor, { lock: 'none' }, async (work) => {
    const { transaction } = work;
    const key = isUuid(id.toLowerCase()) ? await findKey(transaction, id.toLowerCase()) : null;
    if (key === null) throw notFound(`key ${id}`);
    const login = await getLogin(transaction, work.actor, key.login_id).catch(() => {
      throw notFound(`key ${id}`);
    });
    if (login.id !== ownLogin(work.actor)) {
      requirePermission(work.actor, 'key:write');
      const role = await findRole(transaction, await getLinked(transaction, login.account_id), login.role);
      if (role !== null) refuseMore(work.actor, role, 'remove a key of a login that has it');
    }
    await deleteRow(transaction, key.id);
    transaction.record({
      kind: 'key.removed',
      entityId: login.account_id,
      facts: { key: key.id, login: login.id },
      touched: [login.account_id],
      personal: { name: key.name },
    });
    return keyView(key);
  });
}
