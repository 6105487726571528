/** Writes the files of `samples/` anew; the README there is written by hand. The same at every run. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sampleFiles } from './sample-files.ts';
import { sampleOperator } from './sample-operator.ts';

const FOLDER = join(import.meta.dirname, '..', 'samples');

for (const generated of ['zones', 'enum']) await rm(join(FOLDER, generated), { recursive: true, force: true });
const files = sampleFiles(sampleOperator());
for (const [path, text] of files) {
  const file = join(FOLDER, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
process.stdout.write(`${files.size} files written to ${FOLDER}\n`);
