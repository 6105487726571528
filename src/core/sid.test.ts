/** SIDs are UUIDs in other clothes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { isUuid } from './ids.ts';
import { sidOf, uuidOfSid } from './sid.ts';

test('a SID is two letters and the UUID, and is read back', () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      assert.match(sidOf('account', uuid), /^AC[0-9a-f]{32}$/);
      assert.equal(uuidOfSid(sidOf('number', uuid)), uuid);
    }),
  );
});

test('any 34 letters and digits name one thing, whatever they are', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9]{34}$/), (sid) => {
      const uuid = uuidOfSid(sid);
      assert.ok(uuid !== null && isUuid(uuid));
      assert.equal(uuidOfSid(sid), uuid);
    }),
  );
  assert.notEqual(uuidOfSid('CL46i87e3c46i87e3c46i87e3c46i87e3c'), uuidOfSid('CL46i87e3c46i87e3c46i87e3c46i87e3d'));
});

test('a call may come with its instance, and nothing else is a SID', () => {
  const call = 'CA0123456789abcdef0123456789abcdef';
  assert.equal(uuidOfSid(`ID${'0'.repeat(32)}-${call}`), uuidOfSid(call));
  for (const text of ['', 'AC', call.slice(1), `${call}0`, 'bob@example.com', `${call.slice(0, 33)}-`])
    assert.equal(uuidOfSid(text), null, text);
});
