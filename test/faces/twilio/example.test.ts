/** The program in docs/faces/twilio.md does what is said there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { numberWorld } from '#test/number-world.ts';
import { addAccount } from '#test/telephony-world.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const run = promisify(execFile);
const here = await numberWorld({ after }, { settings: { countries: ['NL'] } });

test('the example prints what the document says', async () => {
  const document = await readFile(`${ROOT}docs/faces/twilio.md`, 'utf8');
  const blocks = [...document.matchAll(/^```(?<language>\w*)\n(?<text>.*?)^```$/gms)].map(({ groups }) => groups);
  const program = blocks.filter((block) => block?.['language'] === 'js').map((block) => block?.['text']);
  const [printed] = blocks.filter((block) => block?.['language'] === '').map((block) => block?.['text']);
  assert.equal(program.length, 2);
  const account = await addAccount(here.context);
  await here.follow();
  const origin = await here.app.listen({ port: 0, host: '127.0.0.1' });
  const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', program.join('\n')], {
    cwd: ROOT,
    env: { ...process.env, ABEYANCE_URL: origin, ACCOUNT_SID: account.sid, AUTH_TOKEN: account.token },
  });
  assert.equal(stderr, '');
  assert.equal(stdout, printed);
});
