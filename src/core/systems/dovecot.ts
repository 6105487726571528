/** Dovecot, which is told to end sessions. */
import { ACTION_BIT } from '#core/action.ts';
import type { Json } from '#core/field.ts';
import { refused } from '#core/reading.ts';
import { LOCAL_PACE, type SystemKind } from '#core/system-kind.ts';

import { endsOf, endsToTell } from './ends.ts';
import { httpUrl } from './url.ts';

/** Sessions by what they are for: mailboxes that are read, and mail that is submitted. */
export type MailUse = 'mail.read' | 'mail.send';

const USES = { 'mail.read': ACTION_BIT['mail.read'], 'mail.send': ACTION_BIT['mail.send'] } as const;

/** The uses whose sessions are to be ended now, to come from one state to the other. */
export function usesToEnd(from: Json, to: Json): MailUse[] {
  return endsToTell<MailUse>(from, to, ['mail.read', 'mail.send']);
}

export const dovecot: SystemKind = {
  name: 'dovecot',
  note: 'A Dovecot, whose sessions end with a hold.',
  reach: 'node',
  serves: ['account', 'dns_zone', 'mailbox'],
  settings: { url: httpUrl('doveadm over HTTP, such as http://127.0.0.1:8991.') },
  secrets: { key: { type: 'text', max: 255, required: true, note: 'The key of doveadm.' } },
  sends: ['key'],
  pace: LOCAL_PACE,
  observes: false,
  readReference: () => refused('cannot be given: it is told of whatever is held'),
  desired: (facts): Json => ({ ...endsOf<MailUse>(facts, USES) }),
  verb: (from, to) => (usesToEnd(from, to).length === 0 ? null : 'end sessions'),
};
