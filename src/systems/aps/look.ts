/** What an endpoint says it has, where it offers GET on a resource at all. Many do not. */
import { randomUUID } from 'node:crypto';

import type { Json } from '#core/field.ts';
import { type ApsStanding, fingerprintOf } from '#core/systems/aps-state.ts';
import type { Call, Order } from '#systems/system.ts';

import { errorIn, readBody } from './answer.ts';
import type { Endpoint } from './endpoint.ts';

export type Look =
  | {
      readonly type: 'seen';
      readonly at: ApsStanding;
      readonly status: string;
      readonly properties: string | undefined;
    }
  | { readonly type: 'unseen'; readonly code: string; readonly detail: string };

/** Whether asking makes sense. */
export function canLook(endpoint: Endpoint, order: Order): boolean {
  return endpoint.settings['canRead'] === true && order.values['unverified'] !== true;
}

export async function look(
  endpoint: Endpoint,
  order: Order,
  place: { readonly service: string; readonly id: string },
  call: Pick<Call, 'signal' | 'timeoutMs'>,
): Promise<Look> {
  const path = `${place.service}/${place.id}`;
  const asked = {
    method: 'GET',
    path,
    body: undefined,
    phase: 'sync',
    id: randomUUID(),
    transactionId: order.requestId,
  } as const;
  const reply = await endpoint.send(asked, call);
  if (reply.type !== 'answer') return { type: 'unseen', code: 'unreachable', detail: `GET: ${reply.detail}.` };
  const body = readBody(reply.text);
  const unseen = (code: string, detail: string): Look => ({
    type: 'unseen',
    code,
    detail: `GET was answered ${reply.status}${detail}`,
  });
  if (reply.status === 404 || reply.status === 410) return unseen('unknown_there', ': it does not know the resource.');
  if (reply.status !== 200 || body === null || errorIn(body) !== null) return unseen('unreadable', ' and no resource.');
  const aps = body['aps'];
  if (typeof aps !== 'object' || aps === null) return unseen('unreadable', ' and no member aps.');
  const { status, id } = aps as Readonly<Record<string, unknown>>; // Narrowed to an object above.
  if (typeof id === 'string' && id.toLowerCase() !== place.id.toLowerCase())
    return unseen('unreadable', ' and another resource.');
  const at = typeof status === 'string' ? standingOfStatus(status) : null;
  if (at === null) return unseen('unreadable', ' and no status that says whether it is disabled.');
  return {
    type: 'seen',
    at,
    status: String(status),
    properties: endpoint.settings['configures'] === true ? propertiesIn(body, order) : undefined,
  };
}

/** A status of the application's own counts as ready; null where it says neither ready nor disabled. */
function standingOfStatus(status: string): ApsStanding | null {
  if (status === 'aps:disabled') return 'disabled';
  return status === 'aps:ready' || (status !== '' && !status.startsWith('aps:')) ? 'ready' : null;
}

/** The fingerprint of those properties that are ours to set, where we set any; what the endpoint adds is its own. */
function propertiesIn(body: Readonly<Record<string, unknown>>, order: Order): string | undefined {
  const own = order.values['properties'];
  if (typeof own !== 'object' || own === null || Array.isArray(own)) return undefined;
  const names = Object.keys(own);
  return fingerprintOf(
    Object.fromEntries(names.filter((name) => name in body).map((name) => [name, body[name] as Json])),
  ); // Parsed from JSON.
}
