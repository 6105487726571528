/**
 * Compares the golden files with what the code gives; with UPDATE_GOLDEN=1 rewrites them.
 *
 * Usage: npm run golden, or UPDATE_GOLDEN=1 npm run golden.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const TESTS = [
  'test/golden.test.ts',
  'test/enforce.test.ts',
  'test/permission-matrix.test.ts',
  'test/faces/permission-matrix.test.ts',
];
const child = spawn(process.execPath, [fileURLToPath(new URL('test.ts', import.meta.url)), ...TESTS], {
  stdio: 'inherit',
});
child.on('close', (status) => {
  process.exitCode = status ?? 1;
});
