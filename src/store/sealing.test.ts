import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { type Place, SealError, makeSealingKey, open, seal } from '#store/sealing.ts';

const secrets = fc.uint8Array({ minLength: 32, maxLength: 64 }).map((bytes) => Buffer.from(bytes));
const names = fc.string({ unit: 'binary', maxLength: 12 });
const places: fc.Arbitrary<Place> = fc.record({
  table: names,
  column: names,
  row: fc.oneof(names, fc.integer({ min: 0 })),
});
const texts = fc.string({ unit: 'binary', maxLength: 60 });

function refusedFor(reason: SealError['reason'], ...unseen: string[]) {
  return (error: unknown) => {
    assert.ok(error instanceof SealError);
    assert.equal(error.reason, reason);
    for (const text of unseen) if (text.length > 20) assert.ok(!error.message.includes(text));
    return true;
  };
}

test('what is sealed opens with the same key for the same place, and shows nothing of itself', () => {
  fc.assert(
    fc.property(secrets, places, texts, (secret, place, text) => {
      const sealed = seal(makeSealingKey(secret), place, text);
      assert.equal(open(makeSealingKey(Buffer.from(secret)), { ...place }, sealed), text);
      assert.equal(open(makeSealingKey(secret), { ...place, row: String(place.row) }, sealed), text);
      if (Buffer.byteLength(text) > 8) assert.ok(!sealed.includes(text));
      assert.ok(!sealed.includes(secret));
      assert.notDeepEqual(seal(makeSealingKey(secret), place, text), sealed, 'each sealing has a nonce of its own');
    }),
  );
});

test('another key is told as such', () => {
  fc.assert(
    fc.property(secrets, secrets, places, texts, (secret, other, place, text) => {
      fc.pre(!secret.equals(other));
      const sealed = seal(makeSealingKey(secret), place, text);
      assert.throws(() => open(makeSealingKey(other), place, sealed), refusedFor('other_key', text));
    }),
  );
});

test('what was moved to another place does not open', () => {
  fc.assert(
    fc.property(secrets, places, places, texts, (secret, place, other, text) => {
      fc.pre(JSON.stringify(Object.values(place).map(String)) !== JSON.stringify(Object.values(other).map(String)));
      const key = makeSealingKey(secret);
      assert.throws(() => open(key, other, seal(key, place, text)), refusedFor('damaged', text));
    }),
  );
});

test('any flipped bit is refused, and so is any cut', () => {
  const key = makeSealingKey(Buffer.alloc(32, 'a key for bits'));
  const place = { table: 'table', column: 'column', row: 1 };
  fc.assert(
    fc.property(texts, fc.nat(), (text, at) => {
      const sealed = seal(key, place, text);
      const bit = at % (sealed.length * 8);
      const other = Buffer.from(sealed);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const isInKeyId = bit >> 3 >= 1 && bit >> 3 < 9;
      assert.throws(() => open(key, place, other), refusedFor(isInKeyId ? 'other_key' : 'damaged', text));
      assert.throws(() => open(key, place, sealed.subarray(0, at % sealed.length)), SealError);
      assert.throws(() => open(key, place, Buffer.concat([sealed, Buffer.of(0)])), refusedFor('damaged', text));
    }),
    { numRuns: 500 },
  );
});
