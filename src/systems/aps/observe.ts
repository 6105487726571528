/** Says what an endpoint has for a resource, where it can be read, in the form of a desired state. */
import { apsPlaceOf } from '#core/systems/aps-settings.ts';
import { isConfigured, readApsState, toJson, verbBetween } from '#core/systems/aps-state.ts';
import type { Call, Observation, Order } from '#systems/system.ts';

import type { Endpoint } from './endpoint.ts';
import { canLook, look } from './look.ts';

export async function observe(endpoint: Endpoint, order: Order, call: Omit<Call, 'keep'>): Promise<Observation> {
  const wanted = readApsState(order.desired);
  const place = apsPlaceOf({ ...order, settings: endpoint.settings });
  const unseen = (code: string, detail: string): Observation => ({ type: 'unseen', code, detail });
  if (endpoint.missing !== null) return unseen('credentials', endpoint.missing);
  if (!place.ok || wanted === null) return unseen('bad_reference', place.ok ? 'Nothing is desired.' : place.message);
  if (!canLook(endpoint, order)) return unseen('unverified', 'The endpoint offers no way to read it.');
  const found = await look(endpoint, order, place.value, call);
  if (found.type === 'unseen') return found;
  const isSame = verbBetween(found.at, wanted) === null;
  if (isSame && (wanted.state !== 'ready' || isConfigured(found.properties, wanted)))
    return { type: 'seen', state: order.desired };
  const properties = found.at === 'ready' && found.properties !== undefined ? { properties: found.properties } : {};
  return { type: 'seen', state: toJson({ state: found.at === 'disabled' ? 'disabled' : 'ready', ...properties }) };
}
