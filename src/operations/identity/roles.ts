/** Roles: the built-in ones and those of an account's own making, and that nobody grants what they have not. */
import { SUBJECTS, type Subject, isSubject, reachesSubject } from '#core/authority.ts';
import {
  BUILTIN_ROLES,
  PERMISSIONS,
  type Permission,
  type PermissionMask,
  type Role,
  builtinRole,
  covers,
  matchPattern,
  matchPatterns,
  permissionsIn,
  permissionsOfLevel,
} from '#core/permission.ts';
import { type FieldError, invalid, problem } from '#core/problem.ts';
import { impliedPermissions, matchTelephony } from '#core/telephony-right.ts';
import { requirePermission } from '#operations/access.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import { type Performed, perform } from '#operations/perform.ts';
import { getEntity, getPermitted, notFound, refuseClosed, refuseUnknown, requireKind } from '#operations/resolve.ts';
import type { Session } from '#store/database.ts';
import { type EntityState, uuidsOf } from '#store/entity.ts';
import type { IdempotencyKey } from '#store/idempotency.ts';
import {
  type RoleRow,
  countRoleLogins,
  deleteRole as deleteRow,
  listRoles as listRows,
  putRole as putRow,
} from '#store/role.ts';

export interface RoleView {
  readonly name: string;
  readonly builtin: boolean;
  /** The account that made it; null for a built-in one, or for a reader who may not know. */
  readonly account: string | null;
  readonly description: string;
  readonly permissions: readonly string[];
  readonly subject: Subject;
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  administrator: 'Everything.',
  operator: 'Everything but logins, keys, roles and closing.',
  billing: 'Holds of the billing authority; reads entities and credits.',
  developer: 'Creates and changes entities.',
  restcomm_developer: 'What the role Developer may do on the account APIs of Restcomm and Twilio.',
  auditor: 'Reads.',
};

/** The roles that logins of an account can have. Throws `not_found`. */
export async function listRoles(context: OperationContext, actor: Actor, id: string | number): Promise<RoleView[]> {
  const session = reader(context);
  const account = await getEntity(session, actor, id);
  requirePermission(actor, 'role:read');
  requireKind(account, ['account'], 'id');
  const own = await listRows(session, account.line);
  const uuids = await uuidsOf(session, [...new Set(own.map((role) => role.account_id))], actor.accountId);
  return [
    ...Object.values(BUILTIN_ROLES).map((role) => ({
      name: role.name,
      builtin: true,
      account: null,
      description: DESCRIPTIONS[role.name] ?? '',
      permissions: permissionsIn(role.permissions),
      subject: role.subject,
    })),
    ...own.map((role) => roleView(role, uuids.get(role.account_id) ?? null)),
  ];
}

function roleView(role: RoleRow, account: string | null): RoleView {
  const { name, description, permissions, subject } = role;
  return { name, builtin: false, account, description, permissions, subject };
}

/** The role of the name for logins of an account, or null. */
export async function findRole(session: Session, account: EntityState, name: string): Promise<Role | null> {
  const builtin = builtinRole(name);
  if (builtin !== undefined) return builtin;
  const role = (await listRows(session, account.line)).find((row) => row.name === name);
  return role === undefined ? null : { name, permissions: allowedBy(role.permissions), subject: role.subject };
}

/** What patterns allow on any face: those of the account APIs imply permissions there. */
function allowedBy(patterns: readonly string[]): PermissionMask {
  return patterns.reduce((mask, pattern) => {
    const telephony = matchTelephony(pattern);
    return mask | (telephony === null ? 0 : impliedPermissions(telephony));
  }, matchPatterns(patterns));
}

/** Throws `forbidden` when a role allows more than the actor may do itself. */
export function refuseMore(actor: Actor, role: Role, doing: string): void {
  // What no login of the actor's level can ever do is no more than the actor may.
  const wanted = role.permissions & permissionsOfLevel(actor.authority);
  if (covers(actor.permissions, wanted) && reachesSubject(actor.subject, role.subject)) return;
  throw problem('forbidden', `The role ${role.name} may do more than you; you cannot ${doing}.`, {
    facts: { role: role.name },
  });
}

const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const PATTERNS_MAX = 64;
const DESCRIPTION_MAX = 255;

/** Defines or edits a role of an account; it counts at once for all logins that have it. Throws `invalid`, `forbidden`. */
export function putRole(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  name: string,
  input: Readonly<Record<string, unknown>>,
  idempotency?: IdempotencyKey,
): Promise<Performed<RoleView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction } = work;
    const account = await getPermitted(transaction, work.actor, id, 'role:write');
    requireKind(account, ['account'], 'id');
    refuseUnknown(input, ['name', 'description', 'permissions', 'subject', 'builtin', 'account'], 'a role');
    const role = readRole(name, input);
    refuseMore(work.actor, { name, permissions: allowedBy(role.permissions), subject: role.subject }, 'make it');
    const former = await findRole(transaction, account, name);
    if (former !== null) refuseMore(work.actor, former, 'change it');
    refuseClosed(account, 'given a role');
    const row = { account_id: account.id, ...role };
    await putRow(transaction, row);
    transaction.record({ kind: 'role.changed', entityId: account.id, facts: { ...role }, touched: [account.id] });
    return roleView({ ...row, updated_at: context.clock() }, account.uuid);
  });
}

function readRole(name: string, input: Readonly<Record<string, unknown>>) {
  const errors: FieldError[] = [];
  if (!NAME.test(name) || Object.hasOwn(BUILTIN_ROLES, name))
    errors.push({
      field: 'name',
      message:
        'must begin with a letter, have at most 64 lower-case letters, digits, _ or -, and not be that of a built-in role',
    });
  const { permissions, subject = 'wish', description = '' } = input;
  const patterns = Array.isArray(permissions) ? permissions : [];
  if (patterns.length === 0 || patterns.length > PATTERNS_MAX)
    errors.push({
      field: 'permissions',
      message: `must be a list of 1 to ${PATTERNS_MAX} patterns such as hold:* or *:read`,
    });
  for (const [index, pattern] of patterns.slice(0, PATTERNS_MAX).entries())
    if (typeof pattern !== 'string' || (matchPattern(pattern) === 0 && matchTelephony(pattern) === null))
      errors.push({
        field: `permissions[${index}]`,
        message: `must match some of ${PERMISSIONS.join(', ')}, or be RestComm:<verbs>:<domains>`,
      });
  if (typeof subject !== 'string' || !isSubject(subject))
    errors.push({ field: 'subject', message: `must be one of ${SUBJECTS.join(', ')}` });
  if (typeof description !== 'string' || description.length > DESCRIPTION_MAX)
    errors.push({ field: 'description', message: `must be text of at most ${DESCRIPTION_MAX} characters` });
  if (errors.length > 0) throw invalid(...errors);
  // Each was judged above.
  return { name, description: String(description), permissions: patterns as Permission[], subject: subject as Subject };
}

/** Removes a role of an account. Throws `not_found`, and `conflict` while logins have it. */
export function deleteRole(
  context: OperationContext,
  actor: Actor,
  id: string | number,
  name: string,
  idempotency?: IdempotencyKey,
): Promise<Performed<RoleView>> {
  return perform(context, actor, { lock: 'none', idempotency }, async (work) => {
    const { transaction } = work;
    const account = await getPermitted(transaction, work.actor, id, 'role:write');
    const role = (await listRows(transaction, account.line)).find(
      (row) => row.name === name && row.account_id === account.id,
    );
    if (role === undefined) throw notFound(`role ${name} of ${account.label}`);
    refuseMore(work.actor, { name, permissions: allowedBy(role.permissions), subject: role.subject }, 'remove it');
    const logins = await countRoleLogins(transaction, account.id, name);
    if (logins > 0)
      throw problem('conflict', `${logins} logins have the role ${name}; give them another first.`, {
        facts: { logins },
      });
    await deleteRow(transaction, account.id, name);
    transaction.record({ kind: 'role.removed', entityId: account.id, facts: { name }, touched: [account.id] });
    return roleView(role, account.uuid);
  });
}
