/** Webhooks: somebody's address that is told of each transition. */
import type { Json } from '#core/field.ts';
import { refused } from '#core/reading.ts';
import { REMOTE_PACE, type SystemKind } from '#core/system-kind.ts';

import { httpUrl } from './url.ts';

const NOTHING: Json = {};

export const webhook: SystemKind = {
  name: 'webhook',
  note: 'An address that is told of each transition, one event for each.',
  reach: 'events',
  serves: [],
  settings: { url: httpUrl('Where events are posted.') },
  secrets: {},
  pace: REMOTE_PACE,
  observes: false,
  readReference: () => refused('cannot be given: a webhook follows events'),
  desired: () => NOTHING,
  verb: () => null,
};
