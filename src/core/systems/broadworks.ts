/** BroadWorks application servers, told by OCI-P: Group Intercept and User Intercept. */
import { ALL_BUT_EMERGENCY } from '#core/action.ts';
import type { Json } from '#core/field.ts';
import { type Reading, accepted, refused } from '#core/reading.ts';
import { REMOTE_PACE, type SystemKind } from '#core/system-kind.ts';

export const broadworks: SystemKind = {
  name: 'broadworks',
  note: 'A BroadWorks application server, whose groups and users are intercepted.',
  reach: 'bound',
  serves: ['account', 'foreign'],
  settings: {
    host: { type: 'text', max: 253, required: true, note: 'Host of the application server.' },
  },
  secrets: { password: { type: 'text', max: 255, note: 'Password of the administrator.' } },
  pace: { ...REMOTE_PACE, timeoutMs: 60_000, flightMaxMs: 120_000, retryMaxMs: 300_000 },
  observes: true,
  readReference: (given): Reading<Json> =>
    typeof given === 'string' && given !== '' ? accepted(given) : refused('must name a group or a user', given),
  desired: ({ denied, closed }) => ({ active: closed || (denied & ALL_BUT_EMERGENCY) === ALL_BUT_EMERGENCY }),
  verb: (from, to) => (JSON.stringify(from ?? { active: false }) === JSON.stringify(to) ? null : 'intercept'),
};
