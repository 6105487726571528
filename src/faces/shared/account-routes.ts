/**
 * What the account APIs of Restcomm and Twilio do alike with every request, whatever their shapes: who asks, whether its
 * account operates, whether its role allows it, and which account is meant.
 *
 * In this order: 401, 403 for an account that does not operate, then 404 or 405 for the path and 415 or 413 for the body,
 * then 403 for the role, 404 or 403 for the account in the path. What is judged after that is for the operations.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';

import { problem } from '#core/problem.ts';
import type { TelephonyDomain, TelephonyVerb } from '#core/telephony-right.ts';
import { type Actor, type OperationContext, reader } from '#operations/context.ts';
import type { Performed } from '#operations/perform.ts';
import { type NamedAccount, type Target, findTarget, requireTelephony } from '#operations/telephony/find-account.ts';
import { type RefusingFace, countRefusal } from '#operations/telephony/count-refusal.ts';
import { asNotActive, isNotActive, requireOperating } from '#operations/telephony/require-operating.ts';

import { type Authenticate, isReading } from './actor.ts';
import { type Parameters, formOf, queryOf } from './parameters.ts';
import { noteActor } from './request-facts.ts';
import { accountRefusedBy } from '#operations/identity/judge-actor.ts';

export interface AccountFaceDeps {
  readonly context: OperationContext;
  readonly authenticate: Authenticate;
  readonly version: string;
}

export type AccountFace = RefusingFace;

/** One request, once it is known who asks and for which account. */
export interface Call {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly actor: Actor;
  /** The account in the path. */
  readonly account: NamedAccount;
  /** Parts of the path by their names. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Parameters;
  readonly form: Parameters;
}

export type BareCall = Omit<Call, 'account'>;
export type OpenCall = Omit<Call, 'account' | 'actor'>;

interface Common {
  readonly method: HTTPMethods | HTTPMethods[];
  readonly url: string;
  /** What the role has to allow; absent where anybody may whose account operates. */
  readonly right?: readonly [TelephonyVerb, TelephonyDomain];
  /** What it asks for, so that a refusal of who asks is counted as one of that. */
  readonly use?: 'call' | 'message';
}

/** A route beneath `/Accounts/:account`; `target` says whether the account as such is meant or what lies under it. */
export interface AccountRoute extends Common {
  readonly target: Target;
  readonly handle: (call: Call) => unknown;
}

/** A route that names no account. */
export interface BareRoute extends Common {
  readonly handle: (call: BareCall) => unknown;
}

/** A route that is answered without a credential. */
export interface OpenRoute extends Omit<Common, 'right'> {
  readonly handle: (call: OpenCall) => unknown;
}

/** How long an answer waits until this process's decisions include the write, in milliseconds. */
const ENGINE_WAIT_MS = 1_000;
const CALLERS = new WeakMap<FastifyRequest, { readonly actor: Actor; readonly context: OperationContext }>();

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without a credential. */
    isOpen?: boolean;
    use?: 'call' | 'message';
  }
}

/**
 * Has every request of a scope say who it is before anything else, unknown paths included. `mayUninitialized` says where
 * an account may act that has no password yet.
 */
export function registerCaller(
  scope: FastifyInstance,
  deps: AccountFaceDeps,
  face: AccountFace,
  mayUninitialized: (request: FastifyRequest) => boolean,
): void {
  scope.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.isOpen === true) return;
    const { authorization } = request.headers;
    // Tokens and keys of the native face are not taken here, not even that of the first administrator.
    if (authorization?.startsWith('Basic ') !== true)
      throw problem('unauthenticated', 'Send the header Authorization with Basic.');
    const facts = isReading(request) ? { face } : { face, request: request.id, address: request.ip };
    let asking: Actor | undefined;
    try {
      const actor = await deps.authenticate({ authorization, isTelephony: true, address: () => request.ip }, facts);
      noteActor(request, actor.name);
      asking = actor;
      requireOperating(deps.context, actor, mayUninitialized(request));
      CALLERS.set(request, { actor, context: deps.context });
    } catch (error) {
      const refusal = asNotActive(deps.context, error);
      const account = accountRefusedBy(error) ?? asking?.ownAccountId;
      const { use } = request.routeOptions.config;
      if (use !== undefined && account !== undefined && isNotActive(refusal))
        await countRefusal(deps.context, face, { entityId: account, action: `${use}.out` }).catch((cause: unknown) =>
          request.log.warn({ err: cause }, 'a refusal was not counted'),
        );
      throw refusal;
    }
  });
}

/** Who asks, on a route that is not open. */
export function callerOf(request: FastifyRequest): Actor {
  return known(request).actor;
}

function known(request: FastifyRequest) {
  const caller = CALLERS.get(request);
  if (caller === undefined) throw new Error('this route is open to all');
  return caller;
}

/** Adds a route that names an account. */
export function accountRoute(scope: FastifyInstance, deps: AccountFaceDeps, route: AccountRoute): void {
  bareRoute(scope, {
    ...route,
    handle: async (call) => {
      const account = await findTarget(reader(deps.context), call.actor, call.path['account'] ?? '', route.target);
      return route.handle({ ...call, account });
    },
  });
}

/** Adds a route that names none. */
export function bareRoute(scope: FastifyInstance, { method, url, right, use, handle }: BareRoute): void {
  scope.route({
    method,
    url,
    config: use === undefined ? {} : { use },
    handler: async (request, reply) => {
      const actor = callerOf(request);
      if (right !== undefined) requireTelephony(actor, ...right);
      try {
        return await handle({
          ...openCall(request, reply),
          actor: right === undefined ? actor : { ...actor, need: right },
        });
      } catch (error) {
        // Its account may have been stopped since it was let in.
        throw asNotActive(known(request).context, error);
      }
    },
  });
}

/** Adds a route that asks for no credential. */
export function openRoute(scope: FastifyInstance, { method, url, handle }: OpenRoute): void {
  scope.route({
    method,
    url,
    config: { isOpen: true },
    handler: async (request, reply) => handle(openCall(request, reply)),
  });
}

function openCall(request: FastifyRequest, reply: FastifyReply): OpenCall {
  return {
    request,
    reply,
    path: request.params as Readonly<Record<string, string>>, // The router's own.
    query: queryOf(request.url),
    form: formOf(request.body),
  };
}

/** Waits until this process decides by a write, so that whoever is told of it finds it so everywhere. */
export async function settled<T>(deps: AccountFaceDeps, reply: FastifyReply, performed: Performed<T>): Promise<T> {
  const { revision, value } = performed;
  if (revision !== null) {
    reply.header('abeyance-revision', revision);
    if (!(await deps.context.engine.waitFor(revision, ENGINE_WAIT_MS))) reply.header('abeyance-pending', 'true');
  }
  return value;
}
