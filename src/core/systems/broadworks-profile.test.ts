/** The part of a profile that is for BroadWorks, member by member. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Json } from '#core/field.ts';
import type { FieldError } from '#core/problem.ts';

import type { Intercept } from './broadworks-intercept.ts';
import { readBroadworksPart } from './broadworks-profile.ts';
import { broadworks } from './broadworks.ts';

const errorsOf = (part: Json) => {
  const errors: FieldError[] = [];
  broadworks.judgeProfile?.(part, errors);
  return errors.map(({ field, message }) => `${field} ${message}`);
};

test('a profile is judged member by member, in both spellings', () => {
  const right = readBroadworksPart(
    {
      active: true,
      inboundAnnouncementSelection: 'Personal',
      audioFile: { name: 'unpaid.wav' },
      videoFile: { name: 'unpaid', mediaType: '3GP', description: 'Unpaid' },
      inboundPlayNewPhoneNumber: true,
      inboudNewPhoneNumber: '+31707009100',
      inboudTransferOnZeroToPhoneNumber: true,
      inboundTransferPhoneNumber: '+31707009101',
      inboundInterceptionMode: 'Allow System Dns',
      inboundAlternateBlockingAnnouncement: true,
      inboundRouteToVoiceMail: true,
      inboundExemptMobilityCalls: true,
      inboundDisableParallelRingingToNetworkLocations: true,
      outboundRerouteCalls: true,
      outboundReroutePhoneNumber: 'billing@pay.example',
      outboundAllowLocalCalls: true,
      outboundCallMode: 'Allow Outbound Local Calls',
      outboundExemptMobilityCalls: true,
    },
    null,
    [],
  );
  assert.deepEqual(right, {
    isActive: true,
    announcementSelection: 'Personal',
    audioFile: { description: 'unpaid.wav', mediaType: 'WAV', sourceFileName: 'unpaid.wav' },
    videoFile: { description: 'Unpaid', mediaType: '3GP', sourceFileName: 'unpaid' },
    inboundCallMode: 'Allow System Dns',
    alternateBlockingAnnouncement: true,
    exemptInboundMobilityCalls: true,
    disableParallelRingingToNetworkLocations: true,
    routeToVoiceMail: true,
    playNewPhoneNumber: true,
    newPhoneNumber: '+31707009100',
    transferOnZeroToPhoneNumber: true,
    transferPhoneNumber: '+31707009101',
    outboundCallMode: 'Allow Outbound Local Calls',
    exemptOutboundMobilityCalls: true,
    rerouteOutboundCalls: true,
    outboundReroutePhoneNumber: 'billing@pay.example',
  } satisfies Intercept);
  assert.equal(readBroadworksPart({ inboudTransferPhoneNumber: false }, null, []).transferPhoneNumber, null);
});

test('what a profile cannot say is refused with the member and the value', () => {
  const cases: readonly (readonly [Json, RegExp, string])[] = [
    [7, /must be an object/, 'no object'],
    [{ isActive: true }, /isActive is none of active,/, 'a name of the wire'],
    [{ active: 'yes' }, /active must be true or false, not "yes"/, 'no boolean'],
    [{ inboundInterceptionMode: 'intercept all' }, /must be one of Intercept All/, 'another case'],
    [{ inboudTransferPhoneNumber: true }, /inboudTransferPhoneNumber must be/, 'true is no number'],
    [{ inboudNewPhoneNumber: '+123456789012345678901234' }, /of at most 23 characters/, 'too long'],
    [{ outboundReroutePhoneNumber: 'sip:a@b.example' }, /without sip:/, 'a scheme'],
    [{ outboundReroutePhoneNumber: 'a@b@c' }, /without sip:/, 'two at signs'],
    [
      { inboudTransferPhoneNumber: '{{user_id}}' },
      /has "\{\{user_id\}\}", which has no value/,
      'an unknown placeholder',
    ],
    [
      { outboundAllowLocalCalls: true, outboundCallMode: 'Block All' },
      /contradicts outboundAllowLocalCalls/,
      'two modes',
    ],
    [
      { inboudNewPhoneNumber: '+31', inboundNewPhoneNumber: '+32' },
      /contradicts inboudNewPhoneNumber/,
      'both spellings',
    ],
    [{ audioFile: { name: 'unpaid.mp3' } }, /must have a mediaType/, 'an unknown kind of file'],
    [{ audioFile: 'unpaid.wav' }, /must be an object with name/, 'a file as text'],
    [{ __proto__: null, constructor: 1 }, /constructor is none of/, 'an inherited name'],
  ];
  for (const [part, message, reason] of cases) assert.match(errorsOf(part).join('\n'), message, reason);
});
