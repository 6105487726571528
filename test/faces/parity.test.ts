/** The same situation has the same problem code on every face, unless the contract of one demands another. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { PROBLEM_ANY_TIME, PROBLEM_ORDER, problem } from '#core/problem.ts';
import { problemBody } from '#faces/native/problems.ts';
import { refusalOf } from '#faces/restcomm/problems.ts';
import { errorObject } from '#faces/twilio/problems.ts';
import { FACES, type FaceName, codeOf, makeParityWorld } from '#test/parity-world.ts';
import { SITUATIONS } from '#test/parity-situations.ts';
import { forgetFailures } from '#test/telephony-world.ts';

const world = await makeParityWorld({ after: (work) => after(work) });
const NAMES = Object.keys(FACES) as FaceName[]; // As they were written.

test('there are forty situations, each with a name of its own', () => {
  assert.ok(SITUATIONS.length >= 40, String(SITUATIONS.length));
  assert.equal(new Set(SITUATIONS.map(({ name }) => name)).size, SITUATIONS.length);
});

for (const { name, by, code, asked, differs = {} } of SITUATIONS)
  test(`${name}: ${code}`, async () => {
    const found: Record<string, string> = {};
    const wanted: Record<string, string> = {};
    const texts: string[] = [];
    for (const face of NAMES) {
      const put = asked(world)[face];
      if ('cannot' in put) continue;
      await forgetFailures(world.here);
      const answer = await FACES[face](world, world.cast[by], put);
      found[face] = codeOf(answer);
      wanted[face] = differs[face]?.[0] ?? code;
      texts.push(`${face}: ${answer.status} ${answer.text}`);
    }
    assert.ok(Object.keys(found).length > 0);
    assert.deepEqual(found, wanted, texts.join('\n'));
  });

test('a difference has a reason, and is one', () => {
  for (const { name, code, asked, differs = {} } of SITUATIONS)
    for (const face of NAMES) {
      const put = asked(world)[face];
      if ('cannot' in put) assert.ok(put.cannot.length > 10 && differs[face] === undefined, `${name} on ${face}`);
      if (differs[face] !== undefined) assert.notEqual(differs[face][0], code, `${name} on ${face}`);
    }
});

test('every problem has its form on every face, and its class of status is the same', () => {
  for (const code of [...PROBLEM_ORDER, ...PROBLEM_ANY_TIME]) {
    const what = problem(code, 'A sentence.');
    const statuses = [problemBody(what).status, refusalOf(what).status, errorObject(what).status];
    for (const status of statuses) assert.ok(Number.isInteger(status) && status >= 400 && status < 600, code);
    assert.equal(new Set(statuses.map((status) => Math.floor(status / 100))).size, 1, code);
    assert.ok(Number.isInteger(errorObject(what).code) && errorObject(what).code >= 10_000, code);
  }
});
