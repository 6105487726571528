/**
 * Call platforms: the account APIs hand calls and messages over to them.
 *
 * They are told of no holds. Whoever is held is refused before anything is handed over, and what runs already is ended
 * where it runs.
 */
import { REMOTE_PACE, type SystemKind } from '#core/system-kind.ts';
import { refused } from '#core/reading.ts';

import { httpUrl } from './url.ts';

export const callPlatform: SystemKind = {
  name: 'call_platform',
  note: 'A platform that makes the calls and sends the messages that the account APIs are asked for.',
  reach: 'none',
  serves: [],
  settings: {
    url: httpUrl('Base address of its API, such as https://calls.example/v1.'),
    callers: {
      type: 'text',
      max: 16,
      oneOf: ['platform', 'reseller', 'all'],
      default: 'all',
      note: 'For which accounts: the platform alone, resellers too, or every account.',
    },
  },
  secrets: { token: { type: 'text', max: 512, required: true, note: 'The bearer token.' } },
  sends: ['token'],
  pace: REMOTE_PACE,
  observes: false,
  readReference: () => refused('has no targets'),
  desired: () => null,
  verb: () => null,
};
