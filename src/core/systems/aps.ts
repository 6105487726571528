/** APS endpoints: Abeyance is their controller, makes, changes, disables, enables and removes their resources. */
import { REMOTE_PACE, type SystemKind } from '#core/system-kind.ts';

import { judgeApsProfile } from './aps-profile.ts';
import { apsSecrets, apsSettings, judgeAps, readApsReference } from './aps-settings.ts';
import { apsVerb, desiredAps } from './aps-state.ts';

export const aps: SystemKind = {
  name: 'aps',
  note: 'An application with an APS endpoint, whose resources are disabled and enabled.',
  reach: 'bound',
  serves: ['foreign'],
  settings: apsSettings,
  secrets: apsSecrets,
  pace: REMOTE_PACE,
  observes: true,
  asksContainers: true,
  judge: judgeAps,
  readReference: readApsReference,
  judgeProfile: judgeApsProfile,
  desired: desiredAps,
  verb: apsVerb,
};
