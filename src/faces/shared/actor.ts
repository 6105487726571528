/** How a face learns who asks: it carries what the caller shows, and checks nothing but the forgery of requests. */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { problem } from '#core/problem.ts';
import { noteActor } from '#faces/shared/request-facts.ts';
import type { Actor, RequestFacts } from '#operations/context.ts';
import type { Presented } from '#operations/identity/presented.ts';

/** Answers the actor of a credential; throws `unauthenticated`, `forbidden`, `rate_limited`. At once when it is known. */
export type Authenticate = (presented: Presented, request: RequestFacts) => Actor | Promise<Actor>;

const REASON_MAX = 500;

/** Who asks, and through what; `facts` tells the face. */
export function identify(
  authenticate: Authenticate,
  request: FastifyRequest,
  facts: RequestFacts,
): Actor | Promise<Actor> {
  const { authorization } = request.headers;
  const cookie = authorization === undefined ? sessionOf(request) : undefined;
  if (cookie !== undefined && !isReading(request)) refuseForged(request, cookie);
  const actAs = request.headers['abeyance-act-as'];
  const presented: Presented = {
    authorization,
    cookie,
    ...(typeof actAs === 'string' && actAs !== '' ? { actAs: utf8Of(actAs) } : {}),
    address: () => request.ip,
  };
  const actor = authenticate(presented, facts);
  if (actor instanceof Promise) return actor.then((known) => noted(request, known));
  return noted(request, actor);
}

function noted(request: FastifyRequest, actor: Actor): Actor {
  noteActor(request, actor.name);
  return actor;
}

export function isReading(request: FastifyRequest): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

/** What the change log keeps of a writing request. */
export function writingFacts(face: string, request: FastifyRequest): RequestFacts {
  const given = request.headers['abeyance-reason'];
  if (given === undefined) return { face, request: request.id, address: request.ip };
  const reason = utf8Of(String(given));
  if (reason.length > REASON_MAX || reason.includes('\uFFFD'))
    throw problem('malformed', `Abeyance-Reason must be UTF-8 text of at most ${REASON_MAX} characters.`);
  return { face, request: request.id, address: request.ip, reason };
}

/** Node gives the bytes of a header as Latin-1; what callers send is UTF-8. */
export function utf8Of(header: string): string {
  return Buffer.from(header, 'latin1').toString('utf8');
}

const SESSION_COOKIE = 'abeyance_session';

/** The session token in the cookies of a request. */
export function sessionOf(request: FastifyRequest): string | undefined {
  const { cookie } = request.headers;
  if (cookie === undefined) return undefined;
  return cookie
    .split(/; */)
    .find((pair) => pair.startsWith(`${SESSION_COOKIE}=`))
    ?.slice(SESSION_COOKIE.length + 1);
}

/** Gives the browser a session, or takes it away. Scripts cannot read it, and other sites cannot make it be sent. */
export function setSession(request: FastifyRequest, reply: FastifyReply, token: string | null, seconds: number): void {
  const life = token === null ? 'Max-Age=0' : `Max-Age=${seconds}`;
  const secure = request.protocol === 'https' ? '; Secure' : '';
  reply.header('set-cookie', `${SESSION_COOKIE}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict; ${life}${secure}`);
}

/** What a page has to send with each write of its session: no other site can know it. */
export function csrfOf(token: string): string {
  return createHash('sha256').update(`csrf ${token}`).digest('base64url');
}

function refuseForged(request: FastifyRequest, token: string): void {
  const given = Buffer.from(String(request.headers['abeyance-csrf'] ?? ''));
  const wanted = Buffer.from(csrfOf(token));
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw problem('forbidden', 'With a session every write needs the header Abeyance-CSRF as given at sign-in.');
}
