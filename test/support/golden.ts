/** Golden files: readable text that is compared whole, and rewritten by UPDATE_GOLDEN=1. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export async function assertGolden(file: URL, text: string): Promise<void> {
  if (process.env['UPDATE_GOLDEN'] === '1') {
    await writeFile(file, text);
    return;
  }
  const golden = await readFile(file, 'utf8').catch(() => '');
  if (golden === text) return;
  const expected = golden.split('\n');
  const found = text.split('\n');
  const line = found.findIndex((part, index) => part !== expected[index]);
  const at = line < 0 ? found.length : line;
  const shown = (lines: readonly string[]) => lines.slice(Math.max(0, at - 2), at + 5).join('\n');
  assert.fail(
    `${fileURLToPath(file)} is not what the code gives, from line ${at + 1}:\n--- the file\n${shown(expected)}\n+++ the code\n${shown(found)}\n` +
      'If the change is meant: UPDATE_GOLDEN=1 npm run golden, and read the difference.',
  );
}
