/** Logins of accounts: made, read, changed, removed. */
import { isUuid } from '#core/ids.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { manages, requireAbove, requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { loginName } from '#operations/identity/presented.ts';
import { readGuardLimit } from '#operations/guard.ts';
import { unauthenticated } from '#operations/identity/judge-actor.ts';
import { hashPassword, hashedForm, readNewPassword, verifyPassword } from '#operations/identity/password.ts';
import { findRole, refuseMore } from '#operations/identity/roles.ts';
import { type Performed, type Work, perform } from '#operations/perform.ts';
import { type Page, readLimit } from '#operations/read-entity.ts';
import { hashNewPassword } from '#operations/telephony/account-login.ts';
import {
  getEntity,
  getLinked,
  getPermitted,
  notFound,
  refuseClosed,
  refuseUnknown,
  requireKind,
} from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import {
  type LoginRow,
  countLogins,
  deleteLogin as deleteRow,
  findLogin,
  findLoginByName,
  insertLogin,
  listLogins as listRows,
  lockLogin,
  updateLogin as updateRow,
} from '#store/login.ts';
import { deleteSessions } from '#store/session.ts';

export interface LoginView {
  readonly id: string;
  readonly account: string;
  readonly name: string;
  readonly role: string;
  readonly enabled: boolean;
  /** Whether it can sign in by password; without one only its keys count. */
  readonly hasPassword: boolean;
  readonly guardLimit: number | null;
  readonly createdAt: string;
  readonly passwordChangedAt: string | null;
  readonly lastUsedAt: string | null;
}

export function loginView(row: LoginRow): LoginView {
  return {
    id: row.id,
    account: row.account_uuid,
    name: row.name,
    role: row.role,
    enabled: row.enabled,
    hasPassword: row.password_hash !== null,
    guardLimit: row.guard_limit,
    createdAt: row.created_at.toISOString(),
    passwordChangedAt: row.password_changed_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
  };
}

/** The id of the login that an actor keeps for itself; null for the first administrator and for a narrowed key. */
export function ownLogin(actor: Actor): string | null {
  return actor.isNarrowed ? null : (actor.credential?.login ?? null);
}

export interface LoginListInput {
  readonly beneath?: boolean | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** A page of the logins of an account, by name. Throws `not_found`. */
export async function listLogins(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: LoginListInput,
): Promise<Page<LoginView>> {
  const session = reader(context);
  const account = await getEntity(session, actor, id);
  requirePermission(actor, 'login:read');
  const errors: FieldError[] = [];
  const limit = readLimit(input.limit, errors);
  if (errors.length > 0) throw invalid(...errors);
  requireKind(account, ['account'], 'id');
  const rows = await listRows(session, {
    accountId: account.id,
    isBeneath: input.beneath === true,
    after: input.cursor ?? '',
    limit: limit + 1,
  });
  const items = rows.slice(0, limit).map(loginView);
  return { items, next: rows.length > limit ? (items.at(-1)?.name ?? null) : null, total: null };
}

/** A login that the actor may know, by id or name: its own, or one of an account beneath its own. Throws `not_found`. */
export async function getLogin(session: Session, actor: Actor, id: string): Promise<LoginRow> {
  const login =
    (isUuid(id.toLowerCase()) ? await findLogin(session, id.toLowerCase()) : null) ??
    (await findLoginByName(session, loginName(id)));
  if (login === null) throw notFound(`login ${id}`);
  if (login.id === ownLogin(actor)) return login;
  if (!manages(actor, await getLinked(session, login.account_id))) throw notFound(`login ${id}`);
  return login;
}

/** Throws `not_found`. */
export async function readLogin(context: OperationContext, actor: Actor, id: string): Promise<LoginView> {
  const login = await getLogin(reader(context), actor, id);
  if (login.id !== ownLogin(actor)) requirePermission(actor, 'login:read');
  return loginView(login);
}

const NAME = /^(?!ac[\da-f]{32}$)[^\s:/\p{C}][^:\p{C}]{0,253}$/u; // A SID names an account's own login.

function readName(given: unknown, errors: FieldError[]): string {
  const name = typeof given === 'string' ? loginName(given) : '';
  if (!NAME.test(name) || name.length > 254)
    errors.push({
      field: 'name',
      message: 'must be text of 1 to 254 characters without a colon, such as an e-mail address',
    });
  return name;
}

/** Makes a login of an account. Throws `invalid`, `exists` for a taken name, `forbidden` for a role above the actor's. */
export function createLogin(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  input: Readonly<Record<string, unknown>>,
  idempotency?: IdempotencyKey,
): Promise<Performed<LoginView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction } = work;
    const account = await getPermitted(transaction, work.actor, id, 'login:write');
    refuseUnknown(input, ['name', 'role', 'password', 'enabled'], 'a login');
    requireKind(account, ['account'], 'id');
    const errors: FieldError[] = [];
    const name = readName(input['name'], errors);
    const password = input['password'] == null ? null : readNewPassword(input['password'], 'password', errors);
    const enabled = readEnabled(input['enabled'], errors) ?? true;
    const role = typeof input['role'] === 'string' ? await findRole(transaction, account, input['role']) : null;
    if (role === null) errors.push({ field: 'role', message: 'must be the name of a role of this account' });
    else refuseMore(work.actor, role, 'give it to a login');
    if (errors.length > 0 || role === null) throw invalid(...errors);
    refuseClosed(account, 'given a login');
    const passwordHash = password === null ? null : await hashPassword(password);
    const made = await insertLogin(transaction, {
      account_id: account.id,
      name,
      role: role.name,
      password_hash: passwordHash,
      enabled,
    });
    if (made === null) throw nameTaken(name);
    transaction.record({
      kind: 'login.created',
      entityId: account.id,
      facts: { login: made.id, role: role.name, enabled, hasPassword: password !== null },
      touched: [account.id],
      personal: { name },
    });
    return loginView(await getLogin(transaction, work.actor, made.id));
  });
}

function nameTaken(name: string) {
  return problem('exists', `There is a login ${name} already.`, { errors: [{ field: 'name', message: 'is taken' }] });
}

function readEnabled(given: unknown, errors: FieldError[]): boolean | null {
  if (given === undefined || given === null) return null;
  if (typeof given === 'boolean') return given;
  errors.push({ field: 'enabled', message: 'must be true or false' });
  return null;
}

/** Locks a login that the actor may change: of an account that it manages, with a role that is not above its own. */
async function lockManaged(work: Work, id: string) {
  const { transaction, actor } = work;
  const { id: known } = await getLogin(transaction, actor, id);
  requirePermission(actor, 'login:write');
  const login = await lockLogin(transaction, known);
  if (login === null) throw notFound(`login ${id}`);
  const account = await getLinked(transaction, login.account_id);
  if (!manages(actor, account)) throw problem('forbidden', 'This login is not of an account that you act as.');
  const role = await findRole(transaction, account, login.role);
  if (role !== null) refuseMore(actor, role, 'change a login that has it');
  return { login, account };
}

/** Throws `conflict` when an account would lose its last enabled administrator. */
async function refuseLast(work: Work, login: LoginRow, next: { role: string; enabled: boolean } | null): Promise<void> {
  if (login.role !== 'administrator' || !login.enabled) return;
  if (next !== null && next.role === 'administrator' && next.enabled) return;
  if (login.id !== work.actor.credential?.login) return; // Whoever is above can always make another.
  if ((await countLogins(work.transaction, login.account_id, 'administrator')) > 1) return;
  throw problem('conflict', 'You are the last administrator of your account; make another one first.');
}

/** Changes a login; what was verified for it before counts no more. Throws `not_found`, `invalid`, `exists`, `forbidden`. */
export function updateLogin(
  context: OperationContext,
  actor: Actor,
  id: string,
  input: Readonly<Record<string, unknown>>,
  idempotency?: IdempotencyKey,
): Promise<Performed<LoginView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction } = work;
    const { login, account } = await lockManaged(work, id);
    if (input['guardLimit'] !== undefined) requireAbove(work.actor, account, 'How much a login may change at once');
    refuseUnknown(input, ['name', 'role', 'password', 'enabled', 'guardLimit'], 'a login that can be changed');
    const errors: FieldError[] = [];
    const name = input['name'] === undefined ? login.name : readName(input['name'], errors);
    const password =
      input['password'] == null ? input['password'] : readNewPassword(input['password'], 'password', errors);
    const enabled = readEnabled(input['enabled'], errors) ?? login.enabled;
    const guardLimit = readGuardLimit(input['guardLimit'], errors);
    const wanted = input['role'] === undefined ? login.role : input['role'];
    const role = typeof wanted === 'string' ? await findRole(transaction, account, wanted) : null;
    if (role === null && input['role'] !== undefined)
      errors.push({ field: 'role', message: 'must be the name of a role of this account' });
    if (role !== null && input['role'] !== undefined) refuseMore(work.actor, role, 'give it to a login');
    if (login.is_account && name !== login.name)
      errors.push({ field: 'name', message: "of an account's own login cannot be changed" });
    if (errors.length > 0) throw invalid(...errors);
    const next = { name, role: role?.name ?? login.role, enabled };
    await refuseLast(work, login, next);
    if (name !== login.name && (await findLoginByName(transaction, name)) !== null) throw nameTaken(name);
    const passwordHash = typeof password === 'string' ? await hashNewPassword(work, login, password) : password;
    await updateRow(transaction, login.id, { ...next, passwordHash, guardLimit });
    if (passwordHash !== undefined || !enabled) await deleteSessions(transaction, login.id, { allBut: null });
    transaction.record({
      kind: 'login.changed',
      entityId: account.id,
      facts: {
        login: login.id,
        set: {
          role: next.role,
          enabled,
          ...(guardLimit === undefined ? {} : { guardLimit }),
          ...(passwordHash === undefined ? {} : { password: '(secret)' }),
        },
        before: { role: login.role, enabled: login.enabled },
      },
      touched: [account.id],
      ...(name === login.name ? {} : { personal: { name, 'before.name': login.name } }),
    });
    return loginView(await getLogin(transaction, work.actor, login.id));
  });
}

/** Removes a login with its keys and sessions. Throws `not_found`, `forbidden`, `conflict` for one's last administrator. */
export function deleteLogin(
  context: OperationContext,
  actor: Actor,
  id: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<LoginView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { login, account } = await lockManaged(work, id);
    if (login.is_account)
      throw problem('conflict', "An account's own login names it for ever; disable it instead of removing it.");
    await refuseLast(work, login, null);
    await deleteRow(work.transaction, login.id);
    work.transaction.record({
      kind: 'login.removed',
      entityId: account.id,
      facts: { login: login.id, role: login.role },
      touched: [account.id],
      personal: { name: login.name },
    });
    return loginView(login);
  });
}

/** A login changes its own password; its other sessions end. Throws `unauthenticated` for a wrong current one. */
export function changePassword(
  context: OperationContext,
  actor: Actor,
  input: Readonly<Record<string, unknown>>,
): Promise<Performed<LoginView>> {
  return perform(context, actor, { lock: 'none' }, async (work) => {
    const { transaction } = work;
    const own = ownLogin(work.actor);
    if (own === null)
      throw problem('forbidden', 'This credential has no password to change: it is a token, or a key with scopes.');
    refuseUnknown(input, ['current', 'password'], 'a change of password');
    const login = await lockLogin(transaction, own);
    if (login === null) throw unauthenticated();
    const errors: FieldError[] = [];
    const password = readNewPassword(input['password'], 'password', errors);
    if (typeof input['current'] !== 'string')
      errors.push({ field: 'current', message: 'must be the password until now' });
    if (errors.length > 0 || password === null) throw invalid(...errors);
    if (!(await verifyPassword(hashedForm(String(input['current']), login), login.password_hash)))
      throw problem('forbidden', 'current: is not the password until now.');
    await updateRow(transaction, login.id, { ...login, passwordHash: await hashNewPassword(work, login, password) });
    await deleteSessions(transaction, login.id, { allBut: null });
    transaction.record({
      kind: 'login.changed',
      entityId: login.account_id,
      facts: { login: login.id, set: { password: '(secret)' } },
      touched: [login.account_id],
    });
    return loginView(login);
  });
}
