/**
 * Answers in Twilio's JSON. A kind of thing is declared once, as a function for each member in the order in which Twilio
 * writes them; what is absent is always there as null.
 */
import type { FastifyReply } from 'fastify';

import { TWILIO_BASE } from '#faces/shared/account-path.ts';
import { type SidKind, sidOf } from '#core/sid.ts';

export type Value = string | number | boolean | null | undefined | readonly Value[] | { readonly [key: string]: Value };

/** How a kind of thing is written, member by member. */
export type Shape<T> = Readonly<Record<string, (thing: T) => Value>>;

export const API_VERSION = '2010-04-01';

export function jsonOf<T>(shape: Shape<T>, thing: T): { readonly [key: string]: Value } {
  return Object.fromEntries(Object.entries(shape).map(([name, of]) => [name, of(thing) ?? null]));
}

/** One thing. */
export function sendOne<T>(reply: FastifyReply, shape: Shape<T>, thing: T): FastifyReply {
  return sendJson(reply, jsonOf(shape, thing));
}

/** One thing that was made by the request. */
export function sendCreated<T>(reply: FastifyReply, shape: Shape<T>, thing: T): FastifyReply {
  return sendOne(reply.code(201), shape, thing);
}

/** What was removed has no body. */
export function sendRemoved(reply: FastifyReply): FastifyReply {
  return reply.code(204).send();
}

export function sendJson(reply: FastifyReply, body: Value): FastifyReply {
  return reply.type('application/json').send(JSON.stringify(body));
}

/** RFC 2822 in UTC, as Twilio writes it: `Sat, 07 Apr 2018 11:00:51 +0000`. */
export function dateText(date: Date | null): string | null {
  return date === null ? null : date.toUTCString().replace(/GMT$/, '+0000');
}

/** The SID of a thing that may be absent. */
export function sidOrNull(kind: SidKind, uuid: string | null | undefined): string | null {
  return uuid === null || uuid === undefined ? null : sidOf(kind, uuid);
}

/** The path of an account, or of what lies under it, from the origin and with the suffix; `account` is a UUID. */
export function uriOf(account: string, ...segments: readonly string[]): string {
  return `${[TWILIO_BASE, 'Accounts', sidOf('account', account), ...segments].join('/')}.json`;
}
