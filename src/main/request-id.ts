/** By which a request is found again in the log: the caller's own, or one that nobody else has. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Nothing else may come into a log or an answer. */
const ACCEPTED = /^[\w.:-]{1,64}$/;

export function requestIdOf(raw: Pick<IncomingMessage, 'headers'>): string {
  const given = raw.headers['x-request-id'];
  return typeof given === 'string' && ACCEPTED.test(given) ? given : randomUUID();
}
