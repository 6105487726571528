import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '#cli/canned-server.ts';

const credit = (name: string, more: object = {}) => ({
  credit: name,
  kind: 'phone_number',
  granted: null,
  limit: null,
  used: 0,
  left: null,
  over: 0,
  children: { items: [], total: 0 },
  ...more,
});
const view = {
  entity: 'e',
  entityNumber: 1,
  credits: [
    credit('sip_credit'),
    credit('number_credit', {
      granted: 1200,
      used: 1203,
      left: 0,
      over: 3,
      children: { items: [{ id: 'b', label: 'Bakker', used: 1000 }], total: 3 },
    }),
  ],
};

test('credits are a table, with those who use them where that is asked for', async () => {
  const answers = { 'GET /v1/entities/ref:R-1/credits': view };
  const plain = await run(answers, ['credits', 'ref:R-1']);
  assert.equal(plain.code, 0, plain.err);
  assert.equal(
    plain.out,
    'credit         granted   used  left  over\nsip_credit           -      0     -     -\nnumber_credit    1,200  1,203     0     3\n',
  );
  const wide = await run(answers, ['credits', 'ref:R-1', '--children']);
  assert.equal(
    wide.out.slice(plain.out.length),
    'number_credit is used by:\n   used  account  id\n  1,000  Bakker   b\n  … 2 more\n',
  );
  assert.deepEqual(
    [plain, wide].map(({ asked }) => asked[0]?.path),
    ['/v1/entities/ref:R-1/credits?children=0', '/v1/entities/ref:R-1/credits?children=1000'],
  );
});

test('grants are sent as they are named; a pair that is none, or is there twice, is not sent at all', async () => {
  const answers = { 'PUT /v1/entities/ref:R-1/credits': view };
  const set = (...pairs: string[]) => run(answers, ['credits', 'set', 'ref:R-1', ...pairs]);
  const done = await set('sip_credit=10', 'number_credit=none');
  assert.equal(done.code, 0, done.err);
  assert.deepEqual(done.asked[0]?.body, { sip_credit: 10, number_credit: null });
  for (const pairs of [['sip_credit=many'], ['sip_credit'], ['sip_credit=-1'], ['sip_credit=1', 'sip_credit=2']]) {
    const wrong = await set(...pairs);
    assert.equal(wrong.code, 2, pairs.join(' '));
    assert.deepEqual(wrong.asked, []);
  }
});
