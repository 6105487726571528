import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isStrong } from '#core/password-strength.ts';

/** Each with the score of the meter that Restcomm has; it takes what has 50. */
const UPSTREAM: readonly (readonly [string, number])[] = [
  ['1234', 4],
  ['password', 8],
  ['RestComm', 36],
  ['NewPassword', 43],
  ['mynewpassword12', 51],
  ['Restcomm2', 54],
  ['not-created-password', 68],
  ['RestComm12', 70],
  ['1234asdf!@#', 75],
  ['RestComm1234', 88],
];

test('the rule parts the examples of Restcomm as its meter does', () => {
  for (const [password, score] of UPSTREAM) assert.equal(isStrong(password), score >= 50, password);
});

test('what is short, or one pattern over and over, is weak', () => {
  for (const weak of ['', 'aB1!', 'aaaaaaaaaaaaaaaaaaaa', 'abababababababababab', 'Ab1Ab1Ab1Ab1'])
    assert.equal(isStrong(weak), false, weak);
  for (const strong of ['correct horse battery staple', 'Пароль12', 'abcdefghijklmnop', 'aB1!aB2!'])
    assert.equal(isStrong(strong), true, strong);
});
