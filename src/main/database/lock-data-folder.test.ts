import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { makeTestFolder } from './database-for-test.ts';
import { lockDataFolder } from './lock-data-folder.ts';

const lockModule = pathToFileURL(join(import.meta.dirname, 'lock-data-folder.ts')).href;

test('a held lock is refused with pid and folder, and a released one is free', async (t) => {
  const folder = await makeTestFolder(t);
  const lock = await lockDataFolder(folder);
  const holder = `another Abeyance (pid ${process.pid}) is running on ${folder}`;
  const refusal = `${holder}; stop it first, or use another data folder.`;
  await assert.rejects(lockDataFolder(folder), { name: 'DatabaseStartError', message: refusal });
  await lock.release();
  assert.deepEqual(await readdir(folder), []);
  await (await lockDataFolder(folder)).release();
});

test('the lock of a process that was killed is taken over, and its late release does no harm', async (t) => {
  const folder = await makeTestFolder(t);
  const program = `import { lockDataFolder } from '${lockModule}';
    await lockDataFolder(${JSON.stringify(folder)}); console.log('locked'); process.stdin.resume();`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', program]);
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  await assert.rejects(lockDataFolder(folder), new RegExp(`pid ${holder.pid}`));
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await (await lockDataFolder(folder)).release();
});

test('a lock whose pid belongs to a later process by now is taken over', async (t) => {
  const folder = await makeTestFolder(t);
  const text = JSON.stringify({ pid: process.pid, startMark: 'of an earlier process', token: '' });
  await writeFile(join(folder, 'abeyance.lock'), text);
  await (await lockDataFolder(folder)).release();
});

test('an empty lock counts as being written while it is young, and as dead when it is old', async (t) => {
  const folder = await makeTestFolder(t);
  const path = join(folder, 'abeyance.lock');
  await writeFile(path, '');
  const startedAt = Date.now();
  await (await lockDataFolder(folder)).release();
  assert.ok(Date.now() - startedAt > 1_500, 'it has waited for the writer');
  await writeFile(path, '');
  await utimes(path, new Date(0), new Date(0));
  await (await lockDataFolder(folder)).release();
});

test('of many that find the same dead lock exactly one gets it', async (t) => {
  const folder = await makeTestFolder(t);
  await writeFile(join(folder, 'abeyance.lock'), JSON.stringify({ pid: 1, startMark: 'long gone', token: '' }));
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataFolder(folder)));
  const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  assert.equal(locks.length, 1);
  for (const lock of locks) await lock.release();
  assert.deepEqual(await readdir(folder), []);
});

test('a takeover that was interrupted does not bar the next', async (t) => {
  const folder = await makeTestFolder(t);
  const path = join(folder, 'abeyance.lock');
  await writeFile(path, JSON.stringify({ pid: 1, startMark: 'long gone', token: '' }));
  await writeFile(`${path}.takeover`, '');
  await utimes(`${path}.takeover`, new Date(0), new Date(0));
  await (await lockDataFolder(folder)).release();
  assert.deepEqual(await readdir(folder), []);
});
