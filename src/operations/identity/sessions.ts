/** Signing in and out of the console. */
import { randomBytes } from 'node:crypto';

import { isUuid } from '#core/ids.ts';
import { type Permission, permissionsIn } from '#core/permission.ts';
import { type FieldError, invalid } from '#core/problem.ts';
import { type Actor, type OperationContext, type RequestFacts, reader } from '#operations/context.ts';
import { type Authenticator } from '#operations/identity/authenticator.ts';
import { digestOf } from '#operations/identity/presented.ts';
import { judgeActor, unauthenticated } from '#operations/identity/judge-actor.ts';
import { ownLogin } from '#operations/identity/logins.ts';
import { type Performed, perform } from '#operations/perform.ts';
import { notFound, refuseUnknown } from '#operations/resolve.ts';
import { findActor } from '#store/actor.ts';
import { uuidsOf } from '#store/entity.ts';
import { findLogin } from '#store/login.ts';
import { type SessionRow, deleteSessions, insertSession, listSessions as listRows } from '#store/session.ts';

/** How long a session may last at most, in minutes; how long it may be silent is with the store. */
export const SESSION_MINUTES = 12 * 60;
const TOKEN_BYTES = 32;

export interface SessionView {
  readonly id: string;
  readonly address: string | null;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  /** Whether this request came with it. */
  readonly current: boolean;
}

function sessionView(row: SessionRow, current: string | null): SessionView {
  return {
    id: row.id,
    address: row.address,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    current: row.id === current,
  };
}

export interface SignedIn {
  readonly token: string;
  /** Which login it is. */
  readonly login: string;
  readonly session: SessionView;
}

/**
 * Signs in by name and password. Throws `unauthenticated`, `rate_limited` after failures, and `forbidden` while the
 * account may not sign in.
 */
export async function signIn(
  context: OperationContext,
  authenticator: Pick<Authenticator, 'verifyPassword'>,
  input: Readonly<Record<string, unknown>>,
  request: RequestFacts,
): Promise<Performed<SignedIn>> {
  refuseUnknown(input, ['login', 'password'], 'a sign-in');
  const errors: FieldError[] = [];
  const text = (field: string): string => {
    const value = input[field];
    if (typeof value === 'string' && value !== '' && value.length <= 256) return value;
    errors.push({ field, message: 'must be text of 1 to 256 characters' });
    return '';
  };
  const [name, password] = [text('login'), text('password')];
  if (errors.length > 0) throw invalid(...errors);
  const login = await authenticator.verifyPassword(name, password, request.address ?? '');
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  // The right to sign in is judged as that of the session which begins.
  const credential = { login: login.id, version: login.version, key: null, session: null, actAs: null };
  const row = await findActor(reader(context), credential);
  const actor = { ...judgeActor(row, { ...credential, session: login.id }, request), credential };
  return perform(context, { ...actor, credential: null }, { lock: 'none' }, async ({ transaction }) => {
    const session = await insertSession(transaction, {
      loginId: login.id,
      digest: digestOf(token),
      address: request.address ?? null,
      lifeMinutes: SESSION_MINUTES,
    });
    transaction.record({
      kind: 'session.started',
      entityId: login.accountId,
      facts: { session: session.id, login: login.id },
      touched: [],
    });
    return { token, login: login.id, session: sessionView(session, session.id) };
  });
}

/** The sessions of the actor's own login that are alive. */
export async function listSessions(context: OperationContext, actor: Actor): Promise<SessionView[]> {
  const own = ownLogin(actor);
  if (own === null) return [];
  return (await listRows(reader(context), own)).map((row) => sessionView(row, actor.credential?.session ?? null));
}

/** Ends a session of the actor's own login; `current` is that of the request. Throws `not_found`. */
export function endSession(context: OperationContext, actor: Actor, given: string): Promise<Performed<{ id: string }>> {
  return perform(context, actor, { lock: 'none' }, async (work) => {
    const own = ownLogin(work.actor);
    const id = given === 'current' ? (work.actor.credential?.session ?? '') : given.toLowerCase();
    const [ended] = own !== null && isUuid(id) ? await deleteSessions(work.transaction, own, { id }) : [];
    if (ended === undefined) throw notFound(`session ${given}`);
    work.transaction.record({
      kind: 'session.ended',
      entityId: work.actor.ownAccountId,
      facts: { session: ended, login: own },
      touched: [work.actor.ownAccountId],
    });
    return { id: ended };
  });
}

export interface WhoAmI {
  readonly actor: string;
  /** Name of the login; null for the first administrator. */
  readonly login: string | null;
  readonly name: string | null;
  /** The account that the login belongs to. */
  readonly account: string | null;
  /** The account that it acts as. */
  readonly actsAs: string | null;
  readonly level: Actor['authority'];
  readonly role: string | null;
  readonly subject: Actor['subject'];
  readonly permissions: readonly Permission[];
  readonly heldByItself: boolean;
}

/** Who asks, and what may be done. */
export async function whoAmI(context: OperationContext, actor: Actor): Promise<WhoAmI> {
  const session = reader(context);
  const own = actor.credential?.login ?? null;
  const login = own === null ? null : await findLogin(session, own);
  if (own !== null && login === null) throw unauthenticated();
  const uuids = await uuidsOf(session, [actor.accountId, actor.ownAccountId]);
  return {
    actor: actor.name,
    login: own,
    name: login?.name ?? null,
    account: uuids.get(actor.ownAccountId) ?? null,
    actsAs: uuids.get(actor.accountId) ?? null,
    level: actor.authority,
    role: login?.role ?? null,
    subject: actor.subject,
    permissions: permissionsIn(actor.permissions),
    heldByItself: actor.isHeldByItself,
  };
}
