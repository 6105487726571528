import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli } from './canned-server.ts';

const LAUNCHER = fileURLToPath(new URL('../../abeyance', import.meta.url));

/** A copy of the launcher in a folder of its own, with programs that tell how they were called. */
function installation(with_: { libraries?: true; bundled?: true; onPath?: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'abeyance-launcher-'));
  const bin = join(folder, 'node_modules', '.bin');
  const path = join(folder, 'path');
  mkdirSync(path);
  copyFileSync(LAUNCHER, join(folder, 'abeyance'));
  const script = (file: string, text: string) => {
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  };
  if (with_.libraries) mkdirSync(join(folder, 'node_modules', 'commander'), { recursive: true });
  if (with_.bundled) {
    mkdirSync(bin, { recursive: true });
    script(join(bin, 'node'), 'echo bundled "$@"');
  }
  if (with_.onPath !== undefined) script(join(path, 'node'), `[ "$1" = -p ] && echo ${with_.onPath} || echo path "$@"`);
  for (const tool of ['sh', 'dirname', 'readlink'])
    symlinkSync(execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(path, tool));
  const run = (launcher: string, ...args: string[]) =>
    spawnSync(launcher, args, { encoding: 'utf8', env: { PATH: path } });
  return { folder, run };
}

test('the Node.js that came along is taken, from wherever it is called', () => {
  const { folder, run } = installation({ libraries: true, bundled: true, onPath: '24' });
  mkdirSync(join(folder, 'links'));
  symlinkSync('../abeyance', join(folder, 'links', 'relative'));
  symlinkSync(join(folder, 'links', 'relative'), join(folder, 'links', 'abeyance'));
  const { stdout, status } = run(join(folder, 'links', 'abeyance'), 'tree', 'a b');
  assert.equal(status, 0);
  assert.equal(stdout, `bundled ${folder}/src/main/abeyance.ts tree a b\n`);
});

test('without it a Node.js on the path is taken when it is new enough', () => {
  const { folder, run } = installation({ libraries: true, onPath: '25' });
  assert.equal(run(join(folder, 'abeyance')).stdout, `path ${folder}/src/main/abeyance.ts\n`);
});

const failures = [
  { with_: { libraries: true, onPath: '22' }, message: /older than version 24.*npm ci/, reason: 'an old Node.js' },
  { with_: { libraries: true }, message: /there is no Node\.js.*npm ci/, reason: 'no Node.js' },
  { with_: { bundled: true }, message: /libraries are not installed.*npm ci/, reason: 'no libraries' },
] as const;
for (const { with_, message, reason } of failures)
  test(`the launcher says what helps: ${reason}`, () => {
    const { folder, run } = installation(with_);
    const { status, stderr } = run(join(folder, 'abeyance'));
    assert.equal(status, 1);
    assert.match(stderr, message);
  });

test('tab completion in bash knows commands, options and choices', async () => {
  const script = join(mkdtempSync(join(tmpdir(), 'abeyance-completion-')), 'completion.bash');
  writeFileSync(script, (await runCli('http://127.0.0.1:61', ['completion', 'bash'])).out);
  const complete = (...words: string[]) =>
    execFileSync(
      'bash',
      [
        '-c',
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _abeyance; echo "${COMPREPLY[*]}"',
        script,
        'abeyance',
        ...words,
      ],
      { encoding: 'utf8' },
    ).trim();
  assert.equal(complete('sus'), 'suspend');
  assert.equal(complete('profiles', 'p'), 'put');
  assert.equal(complete('suspend', 'ref:C-1', '--prof'), '--profile');
  assert.equal(complete('import', '--format', 'k'), 'kamailio');
  assert.equal(complete('decide', 'x', 'call.'), 'call.out call.in call.emergency');
  assert.equal(complete('tree', '--url', 'x'), '', 'the value of an option is left to the shell');
});

for (const shell of ['zsh', 'fish'])
  test(`tab completion for ${shell} names every command`, async () => {
    const { out, code } = await runCli('http://127.0.0.1:61', ['completion', shell]);
    assert.equal(code, 0);
    for (const command of ['serve', 'suspend', 'completion', 'changes']) assert.ok(out.includes(command), command);
  });
