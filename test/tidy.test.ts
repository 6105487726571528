/** The rules of the house that a machine can hold. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { PROBLEM_ANY_TIME, PROBLEM_ORDER } from '#core/problem.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((file) => existsSync(join(ROOT, file)));
const sources = files.filter((file) => /^(src|test|scripts|bench|integrations)\/.*\.ts$/.test(file));
const read = (file: string) => readFile(join(ROOT, file), 'utf8');

/** What each room may import, besides libraries. */
const LAW: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  store: ['store', 'core'],
  decisions: ['decisions', 'core'],
  systems: ['systems', 'core'],
  reconciler: ['reconciler', 'core', 'store'],
  operations: ['operations', 'core', 'store', 'decisions'],
  faces: ['faces', 'operations', 'core'],
  cli: ['cli', 'core'],
};

function importsOf(text: string): string[] {
  return [
    ...text.matchAll(/^(?:import|export)\b[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function isTestSide(file: string): boolean {
  return /(\.test|-for-test|memory-files|-fixture)\.ts$/.test(file);
}

test('rooms import only what the law allows, and never by a relative path', async () => {
  const broken: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('src/') && !isTestSide(name))) {
    const room = file.split('/')[1] ?? '';
    for (const from of importsOf(await read(file))) {
      const target = /^#([a-z]+)\//.exec(from)?.[1];
      const isDriverType = room === 'reconciler' && from === '#systems/system.ts';
      if (target !== undefined && LAW[room] !== undefined && !LAW[room].includes(target) && !isDriverType)
        broken.push(`${file} imports ${from}`);
      if (from.startsWith('.')) {
        const reached = normalize(join(dirname(file), from));
        if (!reached.startsWith(`src/${room}/`)) broken.push(`${file} leaves its room by ${from}`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

test('no part of the program plays a downstream system', async () => {
  const broken: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('src/') && !isTestSide(name) && !/simulator/.test(name)))
    if (importsOf(await read(file)).some((from) => /simulator/.test(from))) broken.push(file);
  assert.deepEqual(broken, []);
});

test('core is pure: no Node module, no clock, no randomness, no async', async () => {
  const broken: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('src/core/') && !isTestSide(name))) {
    const text = await read(file);
    if (importsOf(text).some((from) => !from.startsWith('#core/') && !from.startsWith('.')))
      broken.push(`${file} imports a library`);
    if (/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bawait\b|\basync\b|\bprocess\./.test(text))
      broken.push(`${file} is not pure`);
  }
  assert.deepEqual(broken, []);
});

test('only the store builds SQL', async () => {
  const broken: string[] = [];
  for (const file of sources.filter((name) => name.startsWith('src/') && !name.startsWith('src/store/')))
    if (importsOf(await read(file)).includes('kysely')) broken.push(file);
  assert.deepEqual(broken, []);
});

/** Files that are longer than one idea should be; the list may only shrink. */
const LONG_FILES: Readonly<Record<string, number>> = {};
const LINES_MAX = 320;

test('no file grows beyond one idea', async () => {
  const long: string[] = [];
  for (const file of sources) {
    const lines = (await read(file)).split('\n').length;
    if (lines > (LONG_FILES[file] ?? LINES_MAX)) long.push(`${file} has ${lines} lines`);
  }
  assert.deepEqual(long, []);
});

/** What may be the name of a file at the end of a quotation, behind a quote, a slash or a dot. */
function namedIn(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, before = '', word = ''] of text.matchAll(/(['"`/]?)(?<![\w.-])([\w.-]+)(?=['"`])/g)) {
    if (before !== '') names.add(word);
    for (let dot = word.indexOf('.'); dot >= 0; dot = word.indexOf('.', dot + 1)) names.add(word.slice(dot + 1));
  }
  return names;
}

test('every source file is reached from a program, a test or a script', async () => {
  const texts = new Map<string, string>();
  for (const file of sources) texts.set(file, await read(file));
  const entries = sources.filter(
    (file) =>
      file === 'src/main/abeyance.ts' || isTestSide(file) || file.startsWith('scripts/') || file === 'bench/run.ts',
  );
  const reached = new Set(entries);
  const queue = [...entries];
  // Programs that are started as processes of their own are named by their file.
  const named = namedIn([...texts.values()].join('\n').replaceAll(/from '[^']+'/g, ''));
  for (const file of sources)
    if (!reached.has(file) && named.has(file.split('/').at(-1) ?? '')) {
      reached.add(file);
      queue.push(file);
    }
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    for (const from of importsOf(texts.get(file) ?? '')) {
      const target = from.startsWith('#test/')
        ? from.replace('#test/', 'test/support/')
        : from.startsWith('#')
          ? from.replace('#', 'src/')
          : from.startsWith('.')
            ? normalize(join(dirname(file), from))
            : null;
      if (target !== null && texts.has(target) && !reached.has(target)) {
        reached.add(target);
        queue.push(target);
      }
    }
  }
  assert.deepEqual(
    sources.filter((file) => !reached.has(file)),
    [],
  );
});

test('every problem code is documented', async () => {
  const text = await read('docs/api.md');
  const missing = [...PROBLEM_ORDER, ...PROBLEM_ANY_TIME].filter((code) => !text.includes(`\`${code}\``));
  assert.deepEqual(missing, []);
});

test('every setting is documented', async () => {
  const documented = await read('docs/settings.md');
  const settings = new Set<string>();
  for (const file of sources.filter((name) => name.startsWith('src/') && !isTestSide(name)))
    for (const [, name] of (await read(file)).matchAll(/\b((?:ABEYANCE_[A-Z_]*[A-Z])|DATABASE_URL)\b/g))
      settings.add(name ?? '');
  assert.deepEqual(
    [...settings].filter((name) => !documented.includes(name)),
    [],
  );
});

test('every dependency has its line', async () => {
  const manifest = JSON.parse(await read('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;
  const text = await read('docs/decisions/dependencies.md');
  const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
  assert.deepEqual(
    names.filter((name) => !text.includes(`\`${name}\``)),
    [],
  );
});

test('every room opens with a README', () => {
  const rooms = new Set(sources.filter((file) => file.startsWith('src/')).map((file) => file.split('/')[1] ?? ''));
  assert.deepEqual(
    [...rooms].filter((room) => !files.includes(`src/${room}/README.md`)),
    [],
  );
});

test('links between documents lead somewhere', async () => {
  const broken: string[] = [];
  for (const file of files.filter((name) => name.endsWith('.md')))
    for (const [, link] of (await read(file)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (link === undefined || /^[a-z]+:/.test(link)) continue;
      if (!existsSync(join(ROOT, dirname(file), link))) broken.push(`${file}: ${link}`);
    }
  assert.deepEqual(broken, []);
});

test('every table tells who writes it', async () => {
  const migrations = await Promise.all(files.filter((file) => file.startsWith('db/migrations/')).map(read));
  const text = migrations.join('\n');
  const tables = [...text.matchAll(/^create table "?(\w+)"?/gm)].map((match) => match[1] ?? '');
  assert.ok(tables.length > 20);
  assert.deepEqual(
    tables.filter((table) => !new RegExp(`comment on table "?${table}"? is`).test(text)),
    [],
  );
});
