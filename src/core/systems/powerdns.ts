/** PowerDNS, which is told to forget what it has answered. */
import type { Json } from '#core/field.ts';
import { refused } from '#core/reading.ts';
import { LOCAL_PACE, type SystemKind } from '#core/system-kind.ts';

import { httpUrl } from './url.ts';

const NOTHING: Json = {};

export const powerdns: SystemKind = {
  name: 'powerdns',
  note: 'A PowerDNS, whose caches are purged and whose secondaries are notified.',
  reach: 'node',
  serves: [
    'account',
    'sip_domain',
    'sip_account',
    'sip_alias',
    'phone_number',
    'trusted_peer',
    'dns_zone',
    'dns_record',
    'mailbox',
  ],
  settings: { url: httpUrl('Its API, such as http://127.0.0.1:8081.') },
  secrets: { key: { type: 'text', max: 255, required: true, note: 'The key of its API.' } },
  pace: LOCAL_PACE,
  observes: false,
  readReference: () => refused('cannot be given: it is told of whatever is held'),
  desired: () => NOTHING,
  verb: () => null,
};
