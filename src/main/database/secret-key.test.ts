import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTestFolder } from './database-for-test.ts';
import { DatabaseStartError } from './database-start-error.ts';
import { loadSecretKey } from './secret-key.ts';

test('the first start makes a key that only the owner can read, and later starts give the same', async (t) => {
  const folder = join(await makeTestFolder(t), 'data');
  const made = await loadSecretKey(folder, undefined);
  assert.equal(made.length, 32);
  assert.equal((await stat(join(folder, 'secret.key'))).mode & 0o777, 0o600);
  assert.equal(await readFile(join(folder, 'secret.key'), 'utf8'), `${made.toString('base64')}\n`);
  assert.deepEqual(await loadSecretKey(folder, ''), made);
  assert.deepEqual(await readdir(folder), ['secret.key']);
});

test('starts at the same moment agree on one key', async (t) => {
  const folder = await makeTestFolder(t);
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadSecretKey(folder, undefined)));
  assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1);
});

const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => 251 - index));

for (const { value, reason } of [
  { value: bytes.toString('hex'), reason: 'hex is read as hex, though it could be base64' },
  { value: bytes.toString('hex').toUpperCase(), reason: 'the case of hex does not matter' },
  { value: bytes.toString('base64'), reason: 'the usual form of base64' },
  { value: bytes.toString('base64url'), reason: 'the form of base64 that needs no quoting' },
  { value: `${bytes.toString('base64')}\n`, reason: 'a file that is read into a variable ends with a line feed' },
]) {
  test(`the key of the environment is taken and nothing is written: ${reason}`, async (t) => {
    const folder = await makeTestFolder(t);
    assert.deepEqual(await loadSecretKey(folder, value), bytes);
    assert.deepEqual(await readdir(folder), []);
  });
}

for (const { value, message, reason } of [
  { value: 'correct horse battery staple', message: /ABEYANCE_SECRET_KEY is neither/, reason: 'a phrase is no key' },
  { value: bytes.toString('hex').slice(2), message: /holds 31 bytes/, reason: 'one byte too short in hex' },
  { value: bytes.subarray(1).toString('base64'), message: /holds 31 bytes/, reason: 'one byte too short in base64' },
]) {
  test(`a bad key of the environment is refused without repeating it: ${reason}`, async (t) => {
    const folder = await makeTestFolder(t);
    await assert.rejects(loadSecretKey(folder, value), (error: unknown) => {
      assert.ok(error instanceof DatabaseStartError);
      assert.match(error.message, message);
      assert.ok(!error.message.includes(value));
      return true;
    });
  });
}

test('a damaged key file is refused and stays as it is', async (t) => {
  const folder = await makeTestFolder(t);
  await writeFile(join(folder, 'secret.key'), '');
  await assert.rejects(loadSecretKey(folder, undefined), /secret\.key is neither base64 nor hex/);
  assert.equal(await readFile(join(folder, 'secret.key'), 'utf8'), '');
});

test('a missing key is not replaced where there is a database that was made with it', async (t) => {
  const folder = await makeTestFolder(t);
  await mkdir(join(folder, 'postgres'));
  await assert.rejects(loadSecretKey(folder, undefined), /secret\.key is missing.*Bring the file back/);
  assert.deepEqual(await readdir(folder), ['postgres']);
});
