/** What every route of the native face does alike: who asks, which version, which key, and how a write is answered. */
import { createHash } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { problem } from '#core/problem.ts';
import { identify, isReading, writingFacts } from '#faces/shared/actor.ts';
import type { Actor, RequestFacts } from '#operations/context.ts';
import type { IdempotencyKey, Performed } from '#operations/perform.ts';

import type { NativeDeps } from './native-face.ts';

/** How long an answer waits until this process's decisions include the write, in milliseconds. */
const ENGINE_WAIT_MS = 1_000;
const KEY_MAX = 255;
/** Reading leaves no trace, so nothing has to be known of the request. */
const READING: RequestFacts = { face: 'native' };

/** Who asks. What cannot be read in the headers of a write is refused before that. */
export function actorOf(deps: NativeDeps, request: FastifyRequest): Actor | Promise<Actor> {
  if (isReading(request)) return identify(deps.authenticate, request, READING);
  keyOf(request);
  versionOf(request);
  return identify(deps.authenticate, request, writingFacts('native', request));
}

/** The `Idempotency-Key` of a write, with the digest of what it asks. */
export function idempotencyOf(actor: Actor, request: FastifyRequest): IdempotencyKey | undefined {
  const key = keyOf(request);
  if (key === undefined) return undefined;
  const route = `${request.method} ${request.url}`;
  const digest = createHash('sha256')
    .update(JSON.stringify(request.body ?? null))
    .digest();
  // As another account the same login asks for something else.
  return { actor: `${actor.name}@${actor.accountId}`, key, route, digest };
}

function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && key.length > 0 && key.length <= KEY_MAX) return key;
  throw problem('malformed', `Idempotency-Key must have 1 to ${KEY_MAX} characters.`);
}

/** The version in `If-Match`; undefined when any will do. */
export function versionOf(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match'];
  if (header === undefined || header === '*') return undefined;
  const match = /^(?:W\/)?"(\d{1,9})"$/.exec(header);
  if (match === null) throw problem('malformed', 'If-Match must be the ETag of the entity, such as "3".');
  return Number(match[1]);
}

/** Answers a write once this process decides by it; if that takes too long, says that it is pending. */
export async function answerWrite<T>(
  deps: NativeDeps,
  reply: FastifyReply,
  performed: Performed<T>,
  status: number,
  body: unknown = performed.value,
): Promise<void> {
  const isAsync = performed.revision !== null && prefersAsync(reply.request);
  await holdRevision(deps, reply, performed.revision, isAsync);
  if (performed.replayed) reply.header('idempotent-replayed', 'true');
  if (isVersioned(body)) reply.header('etag', `"${body.version}"`);
  await reply.code(isAsync ? 202 : status).send(body);
}

/**
 * Waits until this process holds the revision, and tells it with the address of its receipt. Whoever prefers not to wait
 * (RFC 7240, section 4.1) does not.
 */
export async function holdRevision(
  deps: NativeDeps,
  reply: FastifyReply,
  revision: number | null,
  isAsync = false,
): Promise<void> {
  if (revision === null) return;
  const receipt = `/v1/operations/${revision}`;
  reply.header('abeyance-revision', revision).header('link', `<${receipt}>; rel="receipt"`);
  if (isAsync) reply.header('location', receipt).header('preference-applied', 'respond-async');
  if (!(await deps.context.engine.waitFor(revision, isAsync ? 0 : ENGINE_WAIT_MS)))
    reply.header('abeyance-pending', 'true');
}

/** Preferences stand with commas between them, in one header or several. */
export function prefersAsync({ headers }: FastifyRequest): boolean {
  return String(headers['prefer'] ?? '')
    .split(',')
    .some((preference) => preference.split(';')[0]?.trim().toLowerCase() === 'respond-async');
}

function isVersioned(body: unknown): body is { version: number } {
  return typeof body === 'object' && body !== null && 'version' in body && typeof body.version === 'number';
}
