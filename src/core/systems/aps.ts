/** APS endpoints: Abeyance is their controller, and disables and enables their resources. */
import { ALL_BUT_EMERGENCY } from '#core/action.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';
import { REMOTE_PACE, type SystemKind } from '#core/system-kind.ts';
import type { Json } from '#core/field.ts';

import { httpUrl } from './url.ts';

export const aps: SystemKind = {
  name: 'aps',
  note: 'An application with an APS endpoint, whose resources are disabled and enabled.',
  reach: 'bound',
  serves: ['foreign'],
  settings: { url: httpUrl('Base address of the endpoint.') },
  secrets: {},
  pace: REMOTE_PACE,
  observes: true,
  readReference: (given): Reading<Json> =>
    typeof given === 'string' && given !== '' ? accepted(given) : refused('must be the id of the resource', given),
  desired: ({ denied, closed }) => ({ disabled: closed || (denied & ALL_BUT_EMERGENCY) === ALL_BUT_EMERGENCY }),
  verb: (from, to) => (JSON.stringify(from ?? { disabled: false }) === JSON.stringify(to) ? null : 'disable'),
};
