/** What a call platform's answers mean, the missing ones included. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import type { CallOrder, Handed } from '#core/call-platform.ts';

import { makeCallPlatform } from './platform.ts';
import { PLATFORM_TOKEN, startPlatform } from './simulator.ts';

const platform = await startPlatform();
after(() => platform.stop());
const asked = makeCallPlatform();
const place = {
  id: 1,
  name: 'switch',
  settings: { url: `${platform.origin}/v1/` },
  secrets: { token: PLATFORM_TOKEN },
  timeoutMs: 2_000,
};
const ID = '0d8a3b8e-6b1f-4f57-9d7c-0a3f5b1c2d4e';
const order = (id: string, to = '+31208005100'): CallOrder => ({
  id,
  account: 'AC1',
  from: '+31208005101',
  to,
  application: { url: 'https://app.example/', method: 'POST' },
  fallback: null,
  statusCallback: null,
  statusEvents: [],
  timeout: null,
  credentials: null,
});
const change = { status: 'completed', application: null, muted: null } as const;

test('a call is handed over once, changed, and over', async () => {
  assert.deepEqual(await asked.call(place, order(ID)), { type: 'accepted', status: 'ringing' });
  await asked.call(place, order(ID));
  assert.equal(platform.calls.size, 1);
  assert.equal(platform.calls.get(ID)?.['sid'], 'CA0d8a3b8e6b1f4f579d7c0a3f5b1c2d4e');
  assert.deepEqual(await asked.changeCall(place, ID, change), { type: 'accepted', status: 'completed' });
  assert.equal((await asked.changeCall(place, ID, change)).type, 'gone');
});

test('what is refused, failed, and not known', async () => {
  platform.unreachable.add('+1');
  const refused = (await asked.call(place, order('a', '+1'))) as Handed & { detail: string }; // It is refused.
  assert.equal(refused.type, 'refused');
  assert.match(refused.detail, /answered 422: \+1 cannot be reached/);
  assert.equal((await asked.call({ ...place, secrets: { token: 'wrong' } }, order('b'))).type, 'failed');
  platform.knobs.refuse = 1;
  assert.equal((await asked.call(place, order('c'))).type, 'failed');
  platform.knobs.refuse = 0;
  platform.knobs.loseReply = 1;
  assert.equal((await asked.call(place, order('d'))).type, 'unknown');
  assert.ok(platform.calls.has('d'));
  platform.knobs.loseReply = 0;
  platform.knobs.latencyMs = 200;
  assert.equal((await asked.call({ ...place, timeoutMs: 20 }, order('e'))).type, 'unknown');
  platform.knobs.latencyMs = 0;
  const gone = await startPlatform();
  await gone.stop();
  assert.equal((await asked.call({ ...place, settings: { url: gone.origin } }, order('f'))).type, 'failed');
});
