/** Every write has each element of its family in the order of the server, for groups and for users. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Intercept, SILENT } from '#core/systems/broadworks-intercept.ts';
import type { BroadworksReference } from '#core/systems/broadworks-reference.ts';

import { readDocument, writeDocument } from './document.ts';
import { isNil } from './document.ts';
import {
  type Family,
  type Found,
  differences,
  familyOf,
  readCommand,
  readFound,
  unspeakable,
  writeCommand,
} from './intercept-elements.ts';
import { BY_FAMILY, faultIn } from './simulator-schema.ts';
import { tokenOf } from './xml.ts';

const GROUP: BroadworksReference = { serviceProviderId: 'acme-voice', groupId: 'Antwerp' };
const USER: BroadworksReference = { userId: 'alice@as.example' };
const FAMILIES: readonly Family[] = ['16', '21sp1'];

const FULL: Intercept = {
  isActive: true,
  announcementSelection: 'Personal',
  audioFile: { description: 'Unpaid', mediaType: 'WAV', sourceFileName: 'unpaid.wav' },
  videoFile: { description: 'Unpaid', mediaType: 'MOV', sourceFileName: 'unpaid.mov' },
  inboundCallMode: 'Allow All',
  alternateBlockingAnnouncement: true,
  exemptInboundMobilityCalls: true,
  disableParallelRingingToNetworkLocations: true,
  routeToVoiceMail: true,
  playNewPhoneNumber: true,
  newPhoneNumber: '+3225550199',
  transferOnZeroToPhoneNumber: true,
  transferPhoneNumber: '+3225550100',
  outboundCallMode: 'Allow Outbound Local Calls',
  exemptOutboundMobilityCalls: true,
  rerouteOutboundCalls: true,
  outboundReroutePhoneNumber: 'billing@pay.example',
};

/** The command as it stands in a document, in the form in which the schema table is asked. */
function given(family: Family, reference: BroadworksReference, intercept: Intercept) {
  const [answer] = readDocument(writeDocument('s', [writeCommand(family, reference, intercept)])).answers;
  assert.ok(answer);
  const elements = answer.element.children.map((child) => ({
    name: child.name,
    text: tokenOf(child),
    isNil: isNil(child),
  }));
  return { type: answer.type, elements };
}

test('each write fits the schema with every element present, and with as few as there ever are', () => {
  for (const family of FAMILIES)
    for (const reference of [GROUP, USER])
      for (const intercept of [FULL, SILENT]) {
        const { type, elements } = given(family, reference, intercept);
        const order = BY_FAMILY[family][type];
        assert.ok(order, type);
        assert.equal(faultIn(order, elements), null, type);
        const all = order.map((rule) => rule.replace(/[?~]$/, ''));
        const files = intercept === FULL ? [] : ['audioFile', 'videoFile'];
        assert.deepEqual(
          elements.map(({ name }) => name),
          all.filter((name) => !files.includes(name)),
          `${type} names everything that can be cleared`,
        );
      }
});

test('another order is refused by the table that the order is compared with', () => {
  const { type, elements } = given('21sp1', GROUP, FULL);
  const order = BY_FAMILY['21sp1'][type] ?? [];
  for (let at = 0; at + 1 < elements.length; at += 1) {
    const swapped = elements
      .with(at, elements[at + 1] ?? elements[0] ?? assert.fail())
      .with(at + 1, elements[at] ?? assert.fail());
    assert.notEqual(faultIn(order, swapped), null, `${elements[at]?.name} after the next one`);
  }
});

test('a number that is not wanted is cleared by nil, and neither left out nor empty', () => {
  for (const family of FAMILIES) {
    const { elements } = given(family, GROUP, SILENT);
    for (const name of ['newPhoneNumber', 'transferPhoneNumber', 'outboundReroutePhoneNumber'])
      assert.deepEqual(
        elements.find((element) => element.name === name),
        { name, text: '', isNil: true },
        `${family} ${name}`,
      );
  }
});

test('the older family has a boolean where the current one has a mode, and cannot say the third', () => {
  const mode = (outboundCallMode: Intercept['outboundCallMode']) => {
    const { elements } = given('16', GROUP, { ...SILENT, outboundCallMode });
    return elements.find(({ name }) => name === 'allowOutboundLocalCalls')?.text;
  };
  assert.equal(mode('Allow Outbound Local Calls'), 'true');
  assert.equal(mode('Block All'), 'false');
  const third: Intercept = { ...SILENT, outboundCallMode: 'Allow Outbound Enterprise And Group Calls' };
  assert.match(String(unspeakable('16', third)), /does not exist on this release/);
  assert.equal(unspeakable('21sp1', third), null);
  assert.equal(unspeakable('16', SILENT), null);
});

test('the requests of each family have their own names', () => {
  assert.equal(readCommand('16', GROUP).type, 'GroupInterceptGroupGetRequest16sp1');
  assert.equal(readCommand('21sp1', USER).type, 'UserInterceptUserGetRequest21sp1');
  assert.equal(writeCommand('16', USER, SILENT).type, 'UserInterceptUserModifyRequest16');
  assert.equal(writeCommand('21sp1', GROUP, SILENT).type, 'GroupInterceptGroupModifyRequest21sp1');
});

test('a release is of the current family from 21 with its first service pack on', () => {
  const cases: readonly (readonly [string, Family])[] = [
    ['16.sp1', '16'],
    ['Rel_17.sp4_1.197', '16'],
    ['21.0', '16'],
    ['Rel_21.sp1_1.551', '21sp1'],
    ['21sp1', '21sp1'],
    ['22.0', '21sp1'],
    ['2023.03_1.411', '21sp1'],
    ['', '21sp1'],
  ];
  for (const [version, family] of cases) assert.equal(familyOf(version), family, version);
});

test('an answer that lacks an element or has a value of another time is not read', () => {
  const answer = (body: string) => {
    const text = `<BroadsoftDocument protocol="OCI" xmlns="C" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><sessionId xmlns="">s</sessionId><command xsi:type="GroupInterceptGroupGetResponse16sp1" xmlns="">${body}</command></BroadsoftDocument>`;
    return readDocument(text).answers[0] ?? assert.fail();
  };
  const body =
    '<isActive>1</isActive><announcementSelection>Default</announcementSelection><playNewPhoneNumber>false</playNewPhoneNumber><transferOnZeroToPhoneNumber>false</transferOnZeroToPhoneNumber><transferPhoneNumber>+32-25550100</transferPhoneNumber><rerouteOutboundCalls>false</rerouteOutboundCalls><outboundReroutePhoneNumber/><allowOutboundLocalCalls>true</allowOutboundLocalCalls><inboundCallMode>Allow All</inboundCallMode><alternateBlockingAnnouncement>false</alternateBlockingAnnouncement><routeToVoiceMail>false</routeToVoiceMail>';
  const found = readFound('16', GROUP, answer(body));
  assert.equal(found?.intercept.isActive, true);
  assert.equal(found?.intercept.outboundCallMode, 'Allow Outbound Local Calls');
  assert.equal(found?.intercept.outboundReroutePhoneNumber, null);
  assert.equal(readFound('21sp1', GROUP, answer(body)), null);
  assert.equal(readFound('16', USER, answer(body)), null);
  assert.equal(readFound('16', GROUP, answer(body.replace('<isActive>1</isActive>', ''))), null);
  assert.equal(readFound('16', GROUP, answer(body.replace('Allow All', 'Allow Some'))), null);
});

test('files, exemptions that some modes ignore and hyphens in numbers are no differences', () => {
  const found: Found = { intercept: { ...FULL, audioFile: null, videoFile: null }, audioFile: 'x', videoFile: null };
  const other = (more: Partial<Intercept>): Found => ({ ...found, intercept: { ...found.intercept, ...more } });
  assert.deepEqual(differences('21sp1', FULL, found), []);
  assert.deepEqual(
    differences(
      '21sp1',
      FULL,
      other({
        exemptInboundMobilityCalls: false,
        exemptOutboundMobilityCalls: false,
        disableParallelRingingToNetworkLocations: false,
        transferPhoneNumber: '+32-25550100',
      }),
    ),
    [],
  );
  assert.deepEqual(differences('21sp1', FULL, other({ isActive: false, newPhoneNumber: null })), [
    'isActive',
    'newPhoneNumber',
  ]);
});
