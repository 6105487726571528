/**
 * Answers in XML or JSON. A thing is declared once, member by member, with its name in either format; both are written
 * from that.
 */
import { XMLBuilder } from 'fast-xml-parser';
import type { FastifyReply, FastifyRequest } from 'fastify';

export type Value = string | number | boolean | null | undefined | readonly Value[] | { readonly [key: string]: Value };

/** One member of a thing. */
export interface Member<T> {
  /** Its name in JSON; null where JSON does not have it. */
  readonly json: string | null;
  /** Its name in XML; null where XML does not have it. */
  readonly xml: string | null;
  readonly of: (thing: T) => Value;
  /** What XML has in its place, where that is another value. */
  readonly ofXml?: (thing: T) => Value;
  /** Whether JSON leaves it out when it is absent, even where the shape has null for others. */
  readonly isOptional?: true;
}

/** How a kind of thing is written. */
export interface Shape<T> {
  /** The element of one, such as Account. */
  readonly one: string;
  /** The element of many, such as Accounts. */
  readonly many: string;
  /** In the order of JSON. */
  readonly members: readonly Member<T>[];
  /** The names in XML in their order there, where it is another than that of JSON. */
  readonly xmlOrder?: readonly string[];
  /** Whether JSON has null for what is absent; else it is left out. */
  readonly keepsNull?: true;
}

/** Whether the answer is to be JSON: the suffix of the path has become an `Accept` long before. */
export function wantsJson({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('json');
}

const JSON_TYPE = 'application/json';
const XML_TYPE = 'application/xml';
const ROOT = 'RestcommResponse';

const builder = new XMLBuilder({
  format: true,
  indentBy: '  ',
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: true,
  suppressBooleanAttributes: false,
});

/** One thing. */
export function sendOne<T>(reply: FastifyReply, shape: Shape<T>, thing: T): FastifyReply {
  return wantsJson(reply.request)
    ? sendJson(reply, jsonOf(shape, thing))
    : sendXml(reply, { [shape.one]: xmlOf(shape, thing) });
}

/** A list without pages: a bare array in JSON. */
export function sendList<T>(reply: FastifyReply, shape: Shape<T>, things: readonly T[]): FastifyReply {
  return wantsJson(reply.request)
    ? sendJson(
        reply,
        things.map((thing) => jsonOf(shape, thing)),
      )
    : sendXml(reply, { [shape.many]: { [shape.one]: things.map((thing) => xmlOf(shape, thing)) } });
}

/** A sentence in the format that was asked for, with a word for programs beside it. */
export function sendMessage(reply: FastifyReply, message: string, error?: string): FastifyReply {
  return wantsJson(reply.request)
    ? sendJson(reply, { message, ...(error === undefined ? {} : { error }) })
    : sendXml(reply, { Message: message, ...(error === undefined ? {} : { Error: error }) });
}

export function sendJson(reply: FastifyReply, body: Value): FastifyReply {
  return reply.type(JSON_TYPE).send(JSON.stringify(body, null, 2));
}

/** What XML 1.0 cannot hold in any form: one such character in a name would make a whole list unreadable. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** `content` is what the root holds. */
export function sendXml(reply: FastifyReply, content: { readonly [key: string]: Value }): FastifyReply {
  return reply.type(XML_TYPE).send(builder.build({ [ROOT]: content }).replace(NOT_XML, '\ufffd'));
}

export function jsonOf<T>(shape: Shape<T>, thing: T): { readonly [key: string]: Value } {
  const out: Record<string, Value> = {};
  for (const { json, of, isOptional } of shape.members) {
    if (json === null) continue;
    const value = of(thing) ?? null;
    if (value !== null || (shape.keepsNull === true && isOptional !== true)) out[json] = value;
  }
  return out;
}

export function xmlOf<T>(shape: Shape<T>, thing: T): { readonly [key: string]: Value } {
  const out: Record<string, Value> = {};
  const order = shape.xmlOrder;
  const members =
    order === undefined ? shape.members : order.flatMap((name) => shape.members.filter(({ xml }) => xml === name));
  for (const { xml, of, ofXml } of members) {
    if (xml === null) continue;
    const value = (ofXml ?? of)(thing) ?? null;
    if (value !== null) out[xml] = value;
  }
  return out;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sat, 7 Apr 2018 11:00:51 +0000`: the day is not padded, the zone is UTC. */
export function dateText(date: Date): string {
  const time = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${time} +0000`;
}
