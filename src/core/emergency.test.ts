/** Which destinations count as emergency services, as a table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EMERGENCY_NUMBERS, isEmergencyDestination } from '#core/emergency.ts';

const rows: readonly { destination: string; emergency: boolean; reason: string }[] = [
  { destination: '112', emergency: true, reason: 'a bare number, as a switch has it' },
  { destination: '+112', emergency: true, reason: 'some handsets put a plus before it' },
  { destination: 'tel:112', emergency: true, reason: 'RFC 3966' },
  {
    destination: 'TEL:112;phone-context=+31',
    emergency: true,
    reason: 'local numbers carry a context; schemes have no case',
  },
  { destination: 'tel:1-1-2', emergency: true, reason: 'visual separators have no meaning' },
  { destination: 'sip:112@example.com', emergency: true, reason: 'the request URI of a SIP call' },
  { destination: 'sips:911@example.com;user=phone', emergency: true, reason: 'secure SIP with a parameter' },
  { destination: '"Help" <sip:999@example.com>', emergency: true, reason: 'a name-addr from a header' },
  { destination: 'sip:112;phone-context=+49@example.com', emergency: true, reason: 'parameters of the user part' },
  { destination: 'urn:service:sos', emergency: true, reason: 'RFC 5031' },
  { destination: 'urn:service:sos.fire', emergency: true, reason: 'RFC 5031, one service of it' },
  { destination: 'urn:service:sosig', emergency: false, reason: 'another word' },
  { destination: '1125550', emergency: false, reason: 'a prefix is no match' },
  { destination: '+31112', emergency: false, reason: 'an ordinary number of a country' },
  { destination: 'sip:alice@112', emergency: false, reason: 'the host is not the number' },
  { destination: 'sip:alice@example.com', emergency: false, reason: 'no number at all' },
  { destination: '', emergency: false, reason: 'nothing was dialled' },
];

for (const { destination, emergency, reason } of rows) {
  test(`"${destination}" is ${emergency ? 'an' : 'no'} emergency destination: ${reason}`, () => {
    assert.equal(isEmergencyDestination(destination), emergency);
  });
}

test('an operator can name other numbers', () => {
  assert.ok(isEmergencyDestination('tel:190', new Set([...EMERGENCY_NUMBERS, '190'])));
  assert.ok(!isEmergencyDestination('tel:190'));
});
