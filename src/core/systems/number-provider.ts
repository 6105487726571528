/** Number providers: a number that is closed is released there. */
import type { Json } from '#core/field.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';
import { REMOTE_PACE, type SystemKind } from '#core/system-kind.ts';

import { httpUrl } from './url.ts';

export const numberProvider: SystemKind = {
  name: 'number_provider',
  note: 'A provider of telephone numbers, which takes closed ones back.',
  reach: 'bound',
  serves: ['phone_number'],
  settings: { url: httpUrl('Base address of its API.') },
  secrets: {},
  pace: REMOTE_PACE,
  observes: false,
  readReference: (given): Reading<Json> =>
    typeof given === 'string' && given !== '' ? accepted(given) : refused('must be the id of the number there', given),
  desired: ({ closed, values }) => ({ held: !closed || typeof values['portOutPendingSince'] === 'string' }),
  verb: (from, to) => (JSON.stringify(from ?? { held: true }) === JSON.stringify(to) ? null : 'release'),
};
