/** Kamailio, which is told to end calls and registrations. */
import type { Json } from '#core/field.ts';
import { refused } from '#core/reading.ts';
import { LOCAL_PACE, type SystemKind } from '#core/system-kind.ts';

import { httpUrl } from './url.ts';

const NOTHING: Json = {};

export const kamailio: SystemKind = {
  name: 'kamailio',
  note: 'A Kamailio, whose calls and registrations end with a hold.',
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
  settings: { url: httpUrl('Its JSON-RPC, such as http://127.0.0.1:5065/RPC.') },
  secrets: {},
  pace: LOCAL_PACE,
  observes: false,
  readReference: () => refused('cannot be given: it is told of whatever is held'),
  desired: () => NOTHING,
  verb: () => null,
};
