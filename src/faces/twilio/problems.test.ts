/** Each problem as Twilio's error object, and where one problem here is several at Twilio. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PROBLEM_ANY_TIME, PROBLEM_ORDER, invalid, problem } from '#core/problem.ts';
import { foreign } from '#operations/telephony/find-account.ts';

import { errorObject } from './problems.ts';

const told = (...[code, facts]: [Parameters<typeof problem>[0], Record<string, unknown>?]) => {
  const { status, code: number } = errorObject(problem(code, 'A sentence.', facts === undefined ? {} : { facts }));
  return [status, number];
};

test('every problem has a status, a code of Twilio and where to read of it, and nothing by which it would be another error', () => {
  for (const code of [...PROBLEM_ORDER, ...PROBLEM_ANY_TIME]) {
    const body = errorObject(problem(code, 'A sentence.'));
    assert.deepEqual(Object.keys(body), ['code', 'message', 'more_info', 'status']);
    assert.ok(body.status >= 400 && body.status < 600);
    assert.ok(body.code >= 20_000 && body.code < 22_000, `${code} ${body.code}`);
    assert.equal(body.more_info, `https://www.twilio.com/docs/errors/${body.code}`);
    assert.equal(body.message, 'A sentence.');
  }
});

test('what Twilio tells apart has its code from facts, not from words', () => {
  assert.deepEqual(told('forbidden'), [403, 20003]);
  assert.deepEqual(told('forbidden', { standing: 'suspended' }), [403, 20005]);
  assert.deepEqual(told('held'), [403, 20005]);
  assert.deepEqual(told('over_credit', { credit: 'account_credit' }), [403, 21480]);
  assert.deepEqual(told('over_credit', { credit: 'number_credit' }), [403, 21404]);
  assert.deepEqual(told('conflict', { code: 21476 }), [400, 21476]);
  assert.deepEqual(told('conflict', { code: 21478 }), [400, 21478]);
  assert.deepEqual(told('conflict', { code: 'not_obtainable' }), [400, 21422]);
  assert.deepEqual(told('conflict', { code: 'not_obtainable', isChosen: true }), [400, 21452]);
  assert.deepEqual(told('conflict'), [400, 20409]);
  const { status, code } = errorObject(foreign('AC1'));
  assert.deepEqual([status, code], [403, 20003]);
});

test('a parameter has the code that Twilio has for it, or the common one', () => {
  const codeOf = (field: string) => errorObject(invalid({ field, message: 'is wrong' })).code;
  assert.deepEqual(
    ['FriendlyName', 'friendlyName', 'Status', 'PageToken', 'number', 'areaCode', 'voiceMethod', 'smsUrl'].map(codeOf),
    [20002, 20002, 21475, 21481, 21421, 21451, 21403, 21402],
  );
  assert.equal(codeOf('Beta'), 20001);
});

test('what the framework refuses keeps its status', () => {
  const refused = (status: number) => errorObject(problem('malformed', 'A sentence.'), status);
  assert.deepEqual(
    [405, 413, 415, 414].map((status) => [refused(status).status, refused(status).code]),
    [
      [405, 20004],
      [413, 20413],
      [415, 20422],
      [414, 20001],
    ],
  );
});
